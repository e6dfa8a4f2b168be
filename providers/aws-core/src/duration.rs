//! Durations as they are written in a `provider` block: `500ms`, `5s`, `2m`, `1h`.

use std::time::Duration;

use lifeboat_sdk::{Class, Failure};

/// Milliseconds by unit.
const UNITS: [(&str, f64); 5] =
    [("ms", 1.0), ("s", 1e3), ("m", 60e3), ("h", 3_600e3), ("d", 86_400e3)];

/// Reads a duration; `what` names it in the message.
///
/// # Errors
/// Where it is none, is not positive or is longer than a year.
pub fn parse(what: &str, text: &str) -> Result<Duration, Failure> {
    let wrong = || {
        let message = format!("{what} = {text:?} is not a duration such as 500ms, 5s or 2m");
        Failure::new(Class::Invalid, message)
    };
    let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let scale = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
    let millis = number.trim().parse::<f64>().map_err(|_| wrong())? * scale;
    if (1.0..=366.0 * 86_400e3).contains(&millis) {
        Ok(Duration::from_secs_f64(millis / 1e3))
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [("500ms", 500), ("5s", 5_000), ("1.5s", 1_500), ("2m", 120_000)];
        for (text, millis) in cases {
            assert_eq!(parse("x", text).unwrap(), Duration::from_millis(millis), "{text}");
        }
        for text in ["", "5", "s", "-1s", "0s", "5 weeks", "NaNs", "infs", "9999d"] {
            assert!(parse("x", text).is_err(), "{text}");
        }
    }
}
