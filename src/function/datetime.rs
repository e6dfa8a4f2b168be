//! Functions on time.

use std::fmt::Write;

use jiff::tz::Offset;
use jiff::{SignedDuration, civil};
use lifeboat_sdk::{Type, Value};

use super::call::{string_at, text, unknown};
use super::{Call, Form, Function, FunctionError, Outcome, string};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "formatdate",
        &[string("format"), string("time")],
        Form::String,
        formatdate,
        "A timestamp in another form, such as \"DD MMM YYYY\".",
    ),
    Function::new(
        "plantimestamp",
        &[],
        Form::String,
        plantimestamp,
        "The time at which the plan was made.",
    ),
    Function::new(
        "timeadd",
        &[string("timestamp"), string("duration")],
        Form::String,
        timeadd,
        "A timestamp later by a duration such as \"1h30m\".",
    ),
    Function::new(
        "timecmp",
        &[string("timestamp_a"), string("timestamp_b")],
        Form::Number,
        timecmp,
        "Which of two timestamps is earlier: -1, 0 or 1.",
    ),
    Function::new(
        "timestamp",
        &[],
        Form::String,
        timestamp,
        "The time now; unknown while planning.",
    ),
];

/// A time with its offset from UTC in seconds; the years go from 0 to 9999, to their last day.
struct Moment {
    local: civil::DateTime,
    offset: i32,
}

impl Moment {
    /// How much later this is than another.
    fn since(&self, other: &Self) -> SignedDuration {
        let offsets = SignedDuration::from_secs(i64::from(self.offset) - i64::from(other.offset));
        self.local.duration_since(other.local).saturating_sub(offsets)
    }

    /// In RFC 3339 with whole seconds.
    fn rfc3339(&self) -> String {
        let (date, time) = (self.local.date(), self.local.time());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            self.zone(true)
        )
    }

    /// The offset as `+01:00`, or `Z` for none if `short`.
    fn zone(&self, short: bool) -> String {
        if self.offset == 0 && short {
            return "Z".into();
        }
        let minutes = self.offset.unsigned_abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

fn plantimestamp(call: &mut Call<'_>, _: &[Value]) -> Outcome {
    let local = Offset::UTC.to_datetime(call.context.now);
    Ok(Value::string(Moment { local, offset: 0 }.rfc3339()))
}

fn timestamp(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    if !call.context.settled {
        return Ok(unknown(args, Type::String));
    }
    plantimestamp(call, args)
}

fn timecmp(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let at = |i: usize| -> Result<Moment, FunctionError> {
        let source = string_at(args, i)?;
        parse(source).map_err(|e| FunctionError::at(i, describe(call, source, &e)))
    };
    Ok(Value::int(at(0)?.since(&at(1)?).signum().into()))
}

fn timeadd(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let source = string_at(args, 0)?;
    let time = parse(source).map_err(|e| FunctionError::new(describe(call, source, &e)))?;
    let source = string_at(args, 1)?;
    let duration = parse_duration(source).ok_or_else(|| {
        FunctionError::new(format!("{} is not a duration such as \"1h30m\"", call.quote(source)))
    })?;
    let later = time.local.checked_add(duration).ok().filter(|t| t.year() >= 0);
    let local =
        later.ok_or_else(|| FunctionError::new("the result is not in the years 0 to 9999"))?;
    Ok(Value::string(Moment { local, ..time }.rfc3339()))
}

fn describe(call: &Call<'_>, source: &str, problem: &str) -> String {
    format!("{} is not a timestamp as in RFC 3339: {problem}", call.quote(source))
}

/// Reads `2006-01-02T15:04:05.999+07:00`, strictly.
fn parse(source: &str) -> Result<Moment, String> {
    let number = |from: usize, to: usize, what: &str, low: i16, high: i16| {
        let digits = source.get(from..to).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        let n = digits.and_then(|digits| digits.parse::<i16>().ok());
        n.filter(|n| (low..=high).contains(n)).ok_or_else(|| format!("the {what} is wrong"))
    };
    let marks = [(4, b'-', "month"), (7, b'-', "day"), (10, b'T', "time"), (13, b':', "minute")];
    for (at, mark, what) in marks.into_iter().chain([(16, b':', "second")]) {
        if source.as_bytes().get(at) != Some(&mark) {
            return Err(format!("a {:?} is missing before the {what}", char::from(mark)));
        }
    }
    let small = |n: i16| i8::try_from(n).unwrap_or(0);
    let date = civil::Date::new(
        number(0, 4, "year", 0, 9999)?,
        small(number(5, 7, "month", 1, 12)?),
        small(number(8, 10, "day", 1, 31)?),
    );
    let date = date.map_err(|_| "the month has no such day".to_owned())?;
    let (hour, minute) = (number(11, 13, "hour", 0, 23)?, number(14, 16, "minute", 0, 59)?);
    let second = number(17, 19, "second", 0, 59)?;
    let mut rest = source.get(19..).unwrap_or_default();
    let mut nanosecond = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = &fraction[..fraction.len() - rest.len()];
        if digits.is_empty() {
            return Err("digits are missing after the point".into());
        }
        let nine: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
        nanosecond = nine.parse().unwrap_or(0);
    }
    let offset = parse_offset(rest).ok_or("the offset from UTC is wrong")?;
    let time = civil::Time::new(small(hour), small(minute), small(second), nanosecond);
    let time = time.map_err(|e| e.to_string())?;
    Ok(Moment { local: date.to_datetime(time), offset })
}

/// Seconds of `Z`, `+01:00` or `-01:00`.
pub(super) fn parse_offset(text: &str) -> Option<i32> {
    let sign = match text.as_bytes() {
        b"Z" => return Some(0),
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return None,
    };
    let number = |digits: &str, limit: i32| {
        let digits = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        digits?.parse::<i32>().ok().filter(|n| *n < limit)
    };
    Some(sign * (number(text.get(1..3)?, 24)? * 3600 + number(text.get(4..6)?, 60)? * 60))
}

/// Reads a duration as Go writes it: `-1h30m`, `1.5s`, `0`.
fn parse_duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0i128;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let whole = &rest[..rest.len() - after.len()];
        let (fraction, after) = match after.strip_prefix('.') {
            Some(fraction) => {
                let after = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
                (&fraction[..fraction.len() - after.len()], after)
            }
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let units: [(&str, i128); 8] = [
            ("ns", 1),
            ("us", 1_000),
            ("µs", 1_000),
            ("μs", 1_000),
            ("ms", 1_000_000),
            ("s", 1_000_000_000),
            ("m", 60_000_000_000),
            ("h", 3_600_000_000_000),
        ];
        let (name, unit) = units.into_iter().find(|(name, _)| after.starts_with(name))?;
        rest = &after[name.len()..];
        if whole.len() > 19 {
            return None;
        }
        let digits: String = fraction.chars().take(18).collect();
        let part = if digits.is_empty() { 0 } else { digits.parse::<i128>().ok()? };
        let scale = 10i128.pow(u32::try_from(digits.len()).ok()?);
        let whole = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
        total = total.checked_add(whole.checked_mul(unit)?)?.checked_add(part * unit / scale)?;
        if total > i128::from(i64::MAX) {
            return None;
        }
    }
    let total = i64::try_from(if negative { -total } else { total }).ok()?;
    Some(SignedDuration::from_nanos(total))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn formatdate(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let source = string_at(args, 1)?;
    let time = parse(source).map_err(|e| FunctionError::at(1, describe(call, source, &e)))?;
    let mut rest = string_at(args, 0)?;
    let mut out = String::new();
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\'' => quoted(rest, &mut out)
                .ok_or_else(|| FunctionError::at(0, "a closing quote is missing"))?,
            'a'..='z' | 'A'..='Z' => {
                let length = rest.len() - rest.trim_start_matches(c).len();
                verb(c, length, &time, &mut out).ok_or_else(|| {
                    let verb = &rest[..length];
                    FunctionError::at(0, format!("there is no part {verb:?} of a date"))
                })?;
                length
            }
            c => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(text(&out))
}

/// Text in quotes, `''` being a quote; the length of its source.
fn quoted(source: &str, out: &mut String) -> Option<usize> {
    if source.starts_with("''") {
        out.push('\'');
        return Some(2);
    }
    let mut at = 1;
    loop {
        let Some(quote) = source[at..].find('\'') else {
            // As in Terraform a quote in quotes may end the text and the quotes at once.
            return if at > 1 && at == source.len() { Some(at) } else { None };
        };
        let end = at + quote;
        out.push_str(&source[at..end]);
        if !source[end + 1..].starts_with('\'') {
            return Some(end + 1);
        }
        out.push('\'');
        at = end + 2;
    }
}

/// One part of a date, such as `YYYY`; `None` if there is no such part.
fn verb(letter: char, length: usize, moment: &Moment, out: &mut String) -> Option<()> {
    let name = |names: &[&str], index: i8| {
        usize::try_from(index)
            .ok()
            .and_then(|i| names.get(i).copied())
            .unwrap_or_default()
            .to_owned()
    };
    let plain = |n: i8| if length == 1 { n.to_string() } else { format!("{n:02}") };
    let time = moment.local;
    let month = name(&MONTHS, time.month() - 1);
    let day = name(&DAYS, time.weekday().to_monday_zero_offset());
    let twelve = if time.hour() % 12 == 0 { 12 } else { time.hour() % 12 };
    let afternoon = time.hour() >= 12;
    let colon = moment.zone(false);
    let part = match (letter, length) {
        ('Y', 2) => format!("{:02}", time.year() % 100),
        ('Y', 4) => format!("{:04}", time.year()),
        ('M', 1 | 2) => plain(time.month()),
        ('M', 3) => month[..3].into(),
        ('M', 4) => month,
        ('D', 1 | 2) => plain(time.day()),
        ('E', 3) => day[..3].into(),
        ('E', 4) => day,
        ('h', 1 | 2) => plain(time.hour()),
        ('H', 1 | 2) => plain(twelve),
        ('A', 2) => if afternoon { "PM" } else { "AM" }.into(),
        ('a', 2) => if afternoon { "pm" } else { "am" }.into(),
        ('m', 1 | 2) => plain(time.minute()),
        ('s', 1 | 2) => plain(time.second()),
        ('Z', 1) => moment.zone(true),
        ('Z', 3) if moment.offset == 0 => "UTC".into(),
        ('Z', 3 | 4) => colon.replace(':', ""),
        ('Z', 5) => colon,
        _ => return None,
    };
    let _infallible = write!(out, "{part}");
    Some(())
}

/// The parts of a timestamp, for YAML; none are checked yet.
#[derive(Clone, Copy, Default)]
pub(super) struct Stamp {
    pub(super) year: i16,
    pub(super) month: i16,
    pub(super) day: i16,
    pub(super) hour: i16,
    pub(super) minute: i16,
    pub(super) second: i16,
    /// The offset from UTC in seconds.
    pub(super) zone: i32,
}

impl Stamp {
    /// In RFC 3339, if there is such a time.
    pub(super) fn rfc3339(self) -> Option<String> {
        let small = |n: i16| i8::try_from(n).ok();
        let date = civil::Date::new(self.year, small(self.month)?, small(self.day)?).ok()?;
        let time = civil::Time::new(small(self.hour)?, small(self.minute)?, small(self.second)?, 0);
        Some(Moment { local: date.to_datetime(time.ok()?), offset: self.zone }.rfc3339())
    }
}
