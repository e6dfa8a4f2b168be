//! What may be lost with a region that does not answer, as text.

use jiff::Timestamp;

use super::escape::line;
use crate::plan::loss::{Exposure, Losses};

/// Units in which a length of time is written, and their seconds.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// A length of time to the second, as options take it: `1h2m5s`.
pub fn length(seconds: u64) -> String {
    let mut left = seconds;
    let mut text = String::new();
    for (unit, long) in UNITS {
        let count = left / long;
        left %= long;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// A ceiling that leaves the time to type it: whole minutes, one more than are needed.
pub fn ceiling(bound: u64) -> String {
    length((bound.div_ceil(60) + 1) * 60)
}

/// What a bound is called: `12m5s`, `unknown`.
pub fn bound(bound: Option<u64>) -> String {
    bound.map_or_else(|| "unknown".to_owned(), length)
}

/// What may be lost of a component, seen at this instant.
pub fn component(losses: &Losses, one: &Exposure, to: &str, now: Timestamp) -> String {
    let (about, to) = (line(&one.about), line(to));
    if !one.copied {
        return format!("{about}: all of it, because nothing copies it to {to}");
    }
    match (losses.bound_of(one, now), &one.proven) {
        (Some(most), Some(proven)) => format!(
            "{about}: at most {} of writes, because {to} had all until {} ({})",
            length(most),
            proven.until,
            line(&proven.how)
        ),
        _ => format!("{about}: unknown, because nobody has seen when {to} had all"),
    }
}

/// The same of all components.
pub fn components(losses: &Losses, to: &str, now: Timestamp) -> Vec<String> {
    losses.of.iter().map(|one| component(losses, one, to, now)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::duration::Duration;

    #[test]
    fn a_length_is_exact_and_options_take_it() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (725, "12m5s"), (3600, "1h"), (90_061, "1d1h1m1s")]
        {
            assert_eq!(length(seconds), text);
            assert_eq!(Duration::parse(text).unwrap().seconds, seconds);
        }
        for bound in [0, 1, 60, 725, 86_400] {
            let ceiling = Duration::parse(&ceiling(bound)).unwrap().seconds;
            assert!(ceiling > bound && ceiling <= bound + 120, "{bound}: {ceiling}");
        }
    }
}
