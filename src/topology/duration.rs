//! `Duration`: `15m`, `1h`, `30d`, `2w`, `7y`, as the files write them.
//!
//! A module of its own, because jiff's spans keep calendar units apart and count a year as a
//! calendar year from a given day on, while a retention period starts at no particular day
//! (design.md, section 12: a year is 365.25 days, days are rounded up).

use std::fmt;

use lifeboat_sdk::Name;

/// A period, exact to the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duration {
    /// In seconds.
    pub seconds: u64,
    /// As it is written.
    pub text: Name,
    /// Whether a unit below a day was used.
    pub fine: bool,
}

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number without a unit.
    #[error("the unit is missing")]
    NoUnit,
    /// A unit that there is not.
    #[error("there is no unit {0:?}")]
    Unit(String),
    /// No number before a unit.
    #[error("a whole number must stand before each unit")]
    NoNumber,
    /// `5m1h`, `1h1h`
    #[error("each unit stands once, larger ones first")]
    Order,
    /// More than 64 bits of seconds.
    #[error("it is too long")]
    TooLong,
}

/// What a duration is made of; large units first. A year is 365.25 days.
const UNITS: [(&str, u64); 6] =
    [("y", 31_557_600), ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

/// Seconds of a day.
const DAY: u64 = 86_400;

impl Duration {
    /// Reads `1h` or `1h30m`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let mut rest = text.trim();
        let (mut seconds, mut next, mut fine) = (0_u64, 0, false);
        if rest.is_empty() {
            return Err(DurationError::NoNumber);
        }
        while !rest.is_empty() {
            let (digits, tail) = split(rest, |c| c.is_ascii_digit());
            let (unit, tail) = split(tail, |c| !c.is_ascii_digit());
            if digits.is_empty() {
                return Err(DurationError::NoNumber);
            }
            if unit.is_empty() {
                return Err(DurationError::NoUnit);
            }
            let at = UNITS.iter().position(|(name, _)| *name == unit);
            let at = at.ok_or_else(|| DurationError::Unit(unit.trim().to_owned()))?;
            if at < next {
                return Err(DurationError::Order);
            }
            next = at + 1;
            let length = UNITS.get(at).map_or(0, |(_, length)| *length);
            fine |= length < DAY;
            let number: u64 = digits.parse().map_err(|_| DurationError::TooLong)?;
            let part = number.checked_mul(length).ok_or(DurationError::TooLong)?;
            seconds = seconds.checked_add(part).ok_or(DurationError::TooLong)?;
            rest = tail;
        }
        Ok(Self { seconds, text: text.trim().into(), fine })
    }

    /// Whole days, rounded up, because retention must not fall short: `1y` is 366.
    pub fn days(&self) -> u64 {
        self.seconds.div_ceil(DAY)
    }

    /// Of so many days.
    pub fn of_days(days: u64) -> Self {
        let seconds = days.saturating_mul(DAY);
        Self { seconds, text: format!("{days}d").into(), fine: false }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The longest beginning of characters that `wanted` takes, and the rest.
fn split(text: &str, wanted: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !wanted(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> u64 {
        Duration::parse(text).expect(text).days()
    }

    #[test]
    fn units_count_as_the_design_says() {
        assert_eq!(Duration::parse("90s").expect("90s").seconds, 90);
        assert_eq!(Duration::parse("1h30m").expect("1h30m").seconds, 5400);
        assert_eq!(days("1y"), 366);
        assert_eq!(days("7y"), 2557);
        assert_eq!(days("2w"), 14);
        assert_eq!(days("25h"), 2);
        assert!(Duration::parse("24h").expect("24h").fine);
        assert!(!Duration::parse("1d").expect("1d").fine);
    }

    #[test]
    fn what_is_no_duration_says_why() {
        let error = |text| Duration::parse(text).expect_err(text);
        assert_eq!(error("30"), DurationError::NoUnit);
        assert_eq!(error("5x"), DurationError::Unit("x".into()));
        assert_eq!(error("h"), DurationError::NoNumber);
        assert_eq!(error(""), DurationError::NoNumber);
        assert_eq!(error("-5m"), DurationError::NoNumber);
        assert_eq!(error("5m1h"), DurationError::Order);
        assert_eq!(error("1.5h"), DurationError::Unit(".".into()));
        assert_eq!(error("99999999999999y"), DurationError::TooLong);
    }
}
