//! Numbers as decimal text: reading, and printing with the fewest digits or with given ones.

use num_bigint::BigUint;

use super::{Float, MAX_EXPONENT, Number, Repr, TEXT_BITS, arithmetic};

/// More significant digits than this are refused; a double needs 767 at most.
const MAX_DIGITS: usize = 20_000;

/// A number in decimal: `0.DIGITS * 10^point`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// Whether it is below zero.
    pub negative: bool,
    /// The digits from `0` to `9` as numbers, without zeros at either end.
    pub digits: Vec<u8>,
    /// Where the decimal point is, counted from before the first digit.
    pub point: i64,
}

impl Number {
    /// The fewest digits that read back as this number.
    pub fn to_decimal(&self) -> Decimal {
        match &self.0 {
            Repr::Big(float) => shortest(float),
            Repr::Int(_) | Repr::Word(_) => exact(&self.float()),
        }
    }

    /// Reads a decimal number like [`Number::parse`], rounded to `precision` bits.
    pub fn parse_with(text: &str, precision: u32) -> Option<Self> {
        if (1..=TEXT_BITS).contains(&precision) { parse_at(text, precision) } else { None }
    }

    /// All digits of this number.
    pub fn to_exact_decimal(&self) -> Decimal {
        exact(&self.float())
    }
}

impl Decimal {
    /// Rounds to `count` digits, half to even.
    pub fn round(&mut self, count: i64) {
        let Ok(keep) = usize::try_from(count) else {
            self.digits.clear();
            return;
        };
        let Some(&next) = self.digits.get(keep) else { return };
        let even = keep == 0 || self.digits[keep - 1].is_multiple_of(2);
        let tie = next == 5 && keep + 1 == self.digits.len();
        self.cut(keep, if tie { !even } else { next >= 5 });
    }

    /// Keeps `keep` digits and adds one to the last if `up`.
    fn cut(&mut self, keep: usize, up: bool) {
        self.digits.truncate(keep);
        if up {
            while self.digits.last() == Some(&9) {
                self.digits.pop();
            }
            if let Some(last) = self.digits.last_mut() {
                *last += 1;
            } else {
                self.digits.push(1);
                self.point += 1;
            }
        }
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
    }

    /// The digit at a place counted from the first one; zero outside.
    fn at(&self, place: i64) -> char {
        let digit = usize::try_from(place).ok().and_then(|i| self.digits.get(i));
        digit.map_or('0', |d| char::from(b'0' + d))
    }

    /// Without an exponent, with as many decimals as there are, or with a number of them.
    pub fn plain(&self, decimals: Option<usize>) -> String {
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let natural = usize::try_from(length - self.point).unwrap_or(0);
        let decimals = if self.digits.is_empty() {
            decimals.unwrap_or(0)
        } else {
            decimals.unwrap_or(natural)
        };
        let mut text = String::new();
        if self.negative {
            text.push('-');
        }
        if self.point <= 0 || self.digits.is_empty() {
            text.push('0');
        } else {
            text.extend((0..self.point).map(|place| self.at(place)));
        }
        if decimals > 0 {
            text.push('.');
            let first = if self.digits.is_empty() { 0 } else { self.point };
            let end = first.saturating_add(i64::try_from(decimals).unwrap_or(i64::MAX));
            text.extend((first..end).map(|place| self.at(place)));
        }
        text
    }

    /// With an exponent of at least two digits and `decimals` digits after the point.
    pub fn scientific(&self, decimals: Option<usize>, letter: char) -> String {
        let mut text = String::new();
        if self.negative {
            text.push('-');
        }
        text.push(self.at(0));
        let decimals = decimals.unwrap_or(self.digits.len().saturating_sub(1));
        if decimals > 0 {
            text.push('.');
            let end = i64::try_from(decimals).unwrap_or(i64::MAX - 1) + 1;
            text.extend((1..end).map(|place| self.at(place)));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        text.push_str(&format!("{letter}{sign}{:02}", exponent.abs()));
        text
    }
}

/// All digits of a number.
fn exact(float: &Float) -> Decimal {
    expand(float.negative, &float.mantissa, float.exponent)
}

/// `mantissa * 2^exponent` in decimal.
fn expand(negative: bool, mantissa: &BigUint, exponent: i64) -> Decimal {
    let shift = exponent.unsigned_abs();
    let (scaled, places) = if exponent >= 0 {
        (mantissa << shift, 0)
    } else {
        let fives = u32::try_from(shift).unwrap_or(u32::MAX);
        (mantissa * BigUint::from(5u32).pow(fives), exponent)
    };
    let mut digits = scaled.to_radix_be(10);
    let point = i64::try_from(digits.len()).unwrap_or(i64::MAX) + places;
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let point = if digits.is_empty() { 0 } else { point };
    Decimal { negative: negative && !digits.is_empty(), digits, point }
}

/// The fewest digits that lie nearer to this number than to its neighbours.
pub(super) fn shortest(float: &Float) -> Decimal {
    let mut decimal = exact(float);
    let bits = float.mantissa.bits();
    let precision = u64::from(float.precision).max(bits);
    if bits == 0 {
        return decimal;
    }
    // Half a unit in the last place is the last bit of the mantissa widened by one.
    let shift = precision + 1 - bits;
    let wide = &float.mantissa << shift;
    let exponent = float.exponent - i64::try_from(shift).unwrap_or(0);
    let lower = expand(false, &(&wide - 1u32), exponent);
    let upper = expand(false, &(&wide + 1u32), exponent);
    let inclusive = !wide.bit(1);
    for i in 0..decimal.digits.len() {
        let place = i64::try_from(i).unwrap_or(0);
        let digit = |other: &Decimal| other.at(place - (decimal.point - other.point));
        let (m, l, u) = (decimal.at(place), digit(&lower), digit(&upper));
        let end = |other: &Decimal| place + 1 - (decimal.point - other.point);
        let rest = |other: &Decimal| i64::try_from(other.digits.len()).unwrap_or(0) - end(other);
        let down = l != m || inclusive && rest(&lower) == 0;
        let next = char::from_u32(u32::from(m) + 1).unwrap_or(m);
        let up = m != u && (inclusive || next < u || rest(&upper) > 0);
        match (down, up) {
            (true, true) => decimal.round(place + 1),
            (true, false) => decimal.cut(i + 1, false),
            (false, true) => decimal.cut(i + 1, true),
            (false, false) => continue,
        }
        break;
    }
    decimal
}

/// Reads a decimal number, correctly rounded to 512 bits.
pub(super) fn parse(text: &str) -> Option<Number> {
    parse_at(text, TEXT_BITS)
}

fn parse_at(text: &str, precision: u32) -> Option<Number> {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let short = precision == TEXT_BITS && plain.len() <= 18;
    if short && !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(|n| Number(Repr::Int(n)));
    }
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], parse_exponent(&rest[at + 1..])?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let places = i64::try_from(fraction.len()).ok()?;
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    digits.truncate(digits.len() - zeros);
    let exponent = exponent.saturating_sub(places).saturating_add(i64::try_from(zeros).ok()?);
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Float::rounded(false, BigUint::ZERO, 0, false, precision).ok();
    }
    let top = exponent.saturating_add(i64::try_from(digits.len()).ok()?);
    if digits.len() > MAX_DIGITS || top.abs() > MAX_EXPONENT / 3 {
        return None;
    }
    let magnitude = BigUint::parse_bytes(digits.as_bytes(), 10)?;
    let fives = BigUint::from(5u32).pow(u32::try_from(exponent.unsigned_abs()).ok()?);
    let number = if exponent >= 0 {
        Float::rounded(negative, magnitude * fives, exponent, false, precision)
    } else {
        arithmetic::quotient(negative, &magnitude, &fives, exponent, precision)
    };
    number.ok()
}

/// The exponent, with all absurd ones alike.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    Some(if negative { -magnitude } else { magnitude })
}
