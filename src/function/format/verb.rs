//! One verb of a format string, such as `%-8.2f`.

use lifeboat_sdk::value::convert::{convert, mismatch};
use lifeboat_sdk::value::json::to_json_escaped;
use lifeboat_sdk::{Number, Type, Value};

use super::super::FunctionError;
use super::super::text::{grapheme_count, graphemes};
use super::Part;

/// Larger widths and precisions are refused.
const MAX_WIDTH: usize = 65_536;

/// A verb with its flags.
pub(super) struct Verb<'a> {
    /// The whole verb as it is written.
    pub(super) raw: &'a str,
    /// The number of its argument from zero, if it is given as `[n]`.
    pub(super) argument: Option<usize>,
    /// Where in the format it begins.
    offset: usize,
    mode: char,
    zero: bool,
    sharp: bool,
    plus: bool,
    minus: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Splits a format string.
pub(super) fn parse(format: &str) -> Result<Vec<Part<'_>>, FunctionError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(percent) = format[at..].find('%').map(|i| at + i) {
        parts.push(Part::Text(&format[at..percent]));
        if format[percent + 1..].starts_with('%') {
            parts.push(Part::Text("%"));
            at = percent + 2;
            continue;
        }
        let verb = parse_verb(format, percent)?;
        at = percent + verb.raw.len();
        parts.push(Part::Verb(verb));
    }
    parts.push(Part::Text(&format[at..]));
    Ok(parts)
}

/// Flags, width, precision, argument number and letter, in this order.
fn parse_verb(format: &str, offset: usize) -> Result<Verb<'_>, FunctionError> {
    let mut verb = Verb {
        raw: "",
        argument: None,
        offset,
        mode: ' ',
        zero: false,
        sharp: false,
        plus: false,
        minus: false,
        space: false,
        width: None,
        precision: None,
    };
    let mut rest = &format[offset + 1..];
    loop {
        match rest.as_bytes().first() {
            Some(b'0') => verb.zero = true,
            Some(b'#') => verb.sharp = true,
            Some(b'-') => verb.minus = true,
            Some(b'+') => verb.plus = true,
            Some(b' ') => verb.space = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    (verb.width, rest) = number(rest, "width")?;
    if let Some(after) = rest.strip_prefix('.') {
        let precision;
        (precision, rest) = number(after, "precision")?;
        verb.precision = Some(precision.unwrap_or(0));
    }
    let invalid =
        || FunctionError::new(format!("the verb at offset {offset} of the format is invalid"));
    if let Some(after) = rest.strip_prefix('[') {
        let n;
        (n, rest) = number(after, "argument number")?;
        let n = n.filter(|_| !after.starts_with('0')).ok_or_else(invalid)?;
        rest = rest.strip_prefix(']').ok_or_else(invalid)?;
        verb.argument = n.checked_sub(1);
    }
    match rest.chars().next() {
        Some(c) if c.is_ascii_alphabetic() => verb.mode = c,
        Some(_) => return Err(invalid()),
        None => return Err(FunctionError::new("the format ends inside of a verb")),
    }
    verb.raw = &format[offset..=format.len() - rest.len()];
    Ok(verb)
}

/// The decimal number at the beginning, and what follows.
fn number<'a>(text: &'a str, what: &str) -> Result<(Option<usize>, &'a str), FunctionError> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    if digits.is_empty() {
        return Ok((None, rest));
    }
    match digits.parse() {
        Ok(n) if n <= MAX_WIDTH => Ok((Some(n), rest)),
        _ => {
            let message = format!("the {what} of a verb must not be above {MAX_WIDTH}");
            Err(FunctionError::new(message))
        }
    }
}

impl Verb<'_> {
    fn refuse(&self, why: &str) -> FunctionError {
        FunctionError::new(format!("{:?} at offset {}: {why}", self.raw, self.offset))
    }

    /// The value as this verb shows it.
    pub(super) fn apply(&self, value: &Value) -> Result<String, FunctionError> {
        if value.is_null() && self.mode != 'v' {
            return Err(self.refuse("null cannot be formatted"));
        }
        match self.mode {
            'v' => self.as_is(value),
            't' => Ok(self.converted(value, &Type::Bool)?.as_bool().unwrap_or(false).to_string()),
            'b' | 'd' | 'o' | 'x' | 'X' => {
                let value = self.converted(value, &Type::Number)?;
                let number = value.as_number().filter(|n| n.is_integer());
                let number = number.ok_or_else(|| self.refuse("a whole number is required"))?;
                Ok(self.integer(number))
            }
            'e' | 'E' | 'f' | 'g' | 'G' => {
                let value = self.converted(value, &Type::Number)?;
                let number = value.as_number();
                let number = number.ok_or_else(|| self.refuse("a number is required"))?;
                Ok(self.float(number))
            }
            's' | 'q' => self.string(value),
            _ => Err(self.refuse("there is no such verb")),
        }
    }

    fn converted(&self, value: &Value, ty: &Type) -> Result<Value, FunctionError> {
        convert(value, ty).map_err(|_| self.refuse(&mismatch(&value.ty(), ty)))
    }

    fn as_is(&self, value: &Value) -> Result<String, FunctionError> {
        let shown = match value {
            Value::String(text) if !self.sharp => text.to_string(),
            Value::Number(n) if !self.sharp => general(n, None, 'e'),
            value => to_json_escaped(value).map_err(|e| self.refuse(&e.message))?,
        };
        Ok(self.pad(shown))
    }

    fn string(&self, value: &Value) -> Result<String, FunctionError> {
        let value = self.converted(value, &Type::String)?;
        let text = value.as_str().unwrap_or_default();
        let cut: String = match self.precision {
            Some(count @ 1..) => graphemes(text).take(count).collect(),
            _ => text.into(),
        };
        if self.mode == 's' {
            return Ok(self.pad(cut));
        }
        let quoted = to_json_escaped(&Value::string(cut));
        Ok(self.pad(quoted.map_err(|e| self.refuse(&e.message))?))
    }

    /// Fills up to the width, in characters.
    fn pad(&self, text: String) -> String {
        let missing = self.width.unwrap_or(0).saturating_sub(grapheme_count(&text));
        let fill = if self.zero { "0" } else { " " }.repeat(missing);
        if self.minus { text + &fill } else { fill + &text }
    }

    fn integer(&self, number: &Number) -> String {
        let (base, prefix) = match self.mode {
            'b' => (2, "0b"),
            'o' => (8, "0"),
            'x' => (16, "0x"),
            'X' => (16, "0X"),
            _ => (10, ""),
        };
        let mut digits = number.abs().to_radix(base);
        if self.mode == 'X' {
            digits.make_ascii_uppercase();
        }
        if let Some(precision) = self.precision {
            if precision == 0 && number.is_zero() {
                digits.clear();
            }
            digits.insert_str(0, &"0".repeat(precision.saturating_sub(digits.len())));
        }
        let prefix = if self.sharp { prefix } else { "" };
        // As in Go, a precision turns filling by zeros off.
        let zero = self.zero && self.precision.is_none();
        self.assemble(number.is_negative(), prefix, &digits, zero)
    }

    fn float(&self, number: &Number) -> String {
        let negative = number.is_negative();
        let magnitude = number.abs();
        let shown = match (self.mode, self.precision) {
            ('f', precision) => {
                let places = precision.unwrap_or(6);
                let mut decimal = magnitude.to_exact_decimal();
                decimal.round(decimal.point.saturating_add(signed(places)));
                decimal.plain(Some(places))
            }
            (letter @ ('e' | 'E'), precision) => {
                let places = precision.unwrap_or(6);
                let mut decimal = magnitude.to_exact_decimal();
                decimal.round(signed(places) + 1);
                decimal.scientific(Some(places), letter)
            }
            (letter, precision) => {
                general(&magnitude, precision, if letter == 'G' { 'E' } else { 'e' })
            }
        };
        self.assemble(negative, "", &shown, self.zero)
    }

    /// Sign, prefix, digits and filling.
    fn assemble(&self, negative: bool, prefix: &str, digits: &str, zero: bool) -> String {
        let sign = match (negative, self.plus, self.space) {
            (true, _, _) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        };
        let length = sign.len() + prefix.len() + digits.len();
        let missing = self.width.unwrap_or(0).saturating_sub(length);
        if self.minus {
            format!("{sign}{prefix}{digits}{}", " ".repeat(missing))
        } else if zero {
            format!("{sign}{prefix}{}{digits}", "0".repeat(missing))
        } else {
            format!("{}{sign}{prefix}{digits}", " ".repeat(missing))
        }
    }
}

fn signed(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// `%g`: with an exponent if that is below -4 or not below the precision, which counts as six
/// where the shortest form is wanted.
fn general(number: &Number, precision: Option<usize>, letter: char) -> String {
    let (decimal, limit) = match precision {
        Some(precision) => {
            let digits = signed(precision.max(1));
            let mut decimal = number.to_exact_decimal();
            decimal.round(digits);
            (decimal, digits)
        }
        None => (number.to_decimal(), 6),
    };
    let exponent = if decimal.digits.is_empty() { 0 } else { decimal.point - 1 };
    if (-4..limit).contains(&exponent) {
        decimal.plain(None)
    } else {
        decimal.scientific(None, letter)
    }
}
