//! `Number`: exact numbers as Terraform has them.
//!
//! Binary floating point with a mantissa of 512 bits, rounded half to even after each operation.
//! As in cty a number carries its precision, for it decides how the number prints: what comes
//! from text has 512 bits, a machine integer has 64 and a double has 53; an operation has the
//! larger of its operands. There is no infinity and no negative zero: where Terraform would yield
//! an infinity there is an error.

mod arithmetic;
mod decimal;
mod double;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::BigUint;
use num_traits::ToPrimitive;

pub use decimal::Decimal;

/// The precision of what is read from text.
const TEXT_BITS: u32 = 512;
/// The precision of a machine integer.
const WORD_BITS: u32 = 64;
/// The precision of a double.
const DOUBLE_BITS: u32 = 53;
/// Numbers are below 2 to this power, and above its inverse; about 9,860 decimal digits.
const MAX_EXPONENT: i64 = 1 << 15;

/// A number; 16 bytes.
#[derive(Clone)]
pub struct Number(Repr);

#[derive(Clone)]
enum Repr {
    /// A small integer with the precision of text.
    Int(i64),
    /// A small integer with the precision of a machine word.
    Word(i64),
    /// Anything else.
    Big(Arc<Float>),
}

/// `mantissa * 2^exponent`; the mantissa is odd, or zero with exponent zero.
#[derive(Clone)]
struct Float {
    negative: bool,
    mantissa: BigUint,
    exponent: i64,
    precision: u32,
}

/// Why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The divisor is zero.
    #[error("division by zero")]
    DivisionByZero,
    /// Too large, or too close to zero.
    #[error("the number is out of range")]
    OutOfRange,
    /// Such as the root of a negative number.
    #[error("there is no real result")]
    NotReal,
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Repr::Int(0));
    /// One.
    pub const ONE: Self = Self(Repr::Int(1));

    /// Reads a decimal number such as `-12.5e3`: correctly rounded, refused beyond the range.
    pub fn parse(text: &str) -> Option<Self> {
        decimal::parse(text)
    }

    /// The number that a double is; `None` if it is not finite.
    pub fn from_f64(x: f64) -> Option<Self> {
        if !x.is_finite() {
            return None;
        }
        let bits = x.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let scale = i64::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
        let (mantissa, exponent) =
            if scale == 0 { (fraction, -1074) } else { (fraction | 1 << 52, scale - 1075) };
        Float::rounded(x.is_sign_negative(), mantissa.into(), exponent, false, DOUBLE_BITS).ok()
    }

    /// The value as a 64-bit integer, where it is one.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(n) | Repr::Word(n) => Some(*n),
            Repr::Big(float) => {
                let magnitude = float.integer()?.to_i128()?;
                i64::try_from(if float.negative { -magnitude } else { magnitude }).ok()
            }
        }
    }

    /// The value as an unsigned 64-bit integer, where it is one.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.0 {
            Repr::Int(n) | Repr::Word(n) => u64::try_from(*n).ok(),
            Repr::Big(float) if float.negative => None,
            Repr::Big(float) => float.integer()?.to_u64(),
        }
    }

    /// The value as a size, where it is one.
    pub fn as_usize(&self) -> Option<usize> {
        self.as_u64().and_then(|n| usize::try_from(n).ok())
    }

    /// The nearest double; infinite if it is beyond.
    pub fn to_f64(&self) -> f64 {
        let float = match &self.0 {
            Repr::Int(n) | Repr::Word(n) if n.unsigned_abs() < 1 << 53 => return *n as f64,
            _ => self.float(),
        };
        float.to_f64()
    }

    /// Whether it is a whole number.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Int(_) | Repr::Word(_) => true,
            Repr::Big(float) => float.exponent >= 0,
        }
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Int(n) | Repr::Word(n) => *n < 0,
            Repr::Big(float) => float.negative,
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Repr::Int(n) | Repr::Word(n) => *n == 0,
            Repr::Big(float) => float.mantissa.bits() == 0,
        }
    }

    /// The bits of its precision: 512 from text, 64 of a machine integer, 53 of a double.
    pub fn precision(&self) -> u32 {
        match &self.0 {
            Repr::Int(_) => TEXT_BITS,
            Repr::Word(_) => WORD_BITS,
            Repr::Big(float) => float.precision,
        }
    }

    /// The parts, whatever the form.
    fn float(&self) -> Float {
        let (n, precision) = match &self.0 {
            Repr::Int(n) => (*n, TEXT_BITS),
            Repr::Word(n) => (*n, WORD_BITS),
            Repr::Big(float) => return (**float).clone(),
        };
        let zeros = if n == 0 { 0 } else { n.trailing_zeros() };
        let mantissa = (n.unsigned_abs() >> zeros).into();
        Float { negative: n < 0, mantissa, exponent: zeros.into(), precision }
    }
}

impl Float {
    /// Rounds to the precision, half to even. `sticky`: a little more than the mantissa says.
    fn rounded(
        negative: bool,
        mut mantissa: BigUint,
        mut exponent: i64,
        sticky: bool,
        precision: u32,
    ) -> Result<Number, NumberError> {
        let Some(zeros) = mantissa.trailing_zeros() else {
            return Ok(Self { negative: false, mantissa, exponent: 0, precision }.number());
        };
        let excess = mantissa.bits().saturating_sub(precision.into());
        if excess > 0 {
            let half = mantissa.bit(excess - 1);
            let beyond = sticky || zeros < excess - 1;
            mantissa >>= excess;
            exponent += signed(excess);
            if half && (beyond || mantissa.bit(0)) {
                mantissa += 1u32;
            }
        }
        let zeros = mantissa.trailing_zeros().unwrap_or(0);
        mantissa >>= zeros;
        exponent += signed(zeros);
        if (signed(mantissa.bits()) + exponent).abs() > MAX_EXPONENT {
            return Err(NumberError::OutOfRange);
        }
        Ok(Self { negative, mantissa, exponent, precision }.number())
    }

    /// As a number, in the small form if possible.
    fn number(self) -> Number {
        let small = || {
            let magnitude = self.integer()?.to_i128()?;
            i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
        };
        Number(match self.precision {
            TEXT_BITS | WORD_BITS => match small() {
                Some(n) if self.precision == WORD_BITS => Repr::Word(n),
                Some(n) => Repr::Int(n),
                None => Repr::Big(Arc::new(self)),
            },
            _ => Repr::Big(Arc::new(self)),
        })
    }

    /// The magnitude, if it is a whole number.
    fn integer(&self) -> Option<BigUint> {
        let shift = u64::try_from(self.exponent).ok()?;
        Some(&self.mantissa << shift)
    }

    /// The magnitude without its fraction.
    fn whole(&self) -> BigUint {
        let shift = self.exponent.unsigned_abs();
        if self.exponent >= 0 { &self.mantissa << shift } else { &self.mantissa >> shift }
    }

    fn to_f64(&self) -> f64 {
        let top = signed(self.mantissa.bits()) + self.exponent;
        let sign = if self.negative { -1.0 } else { 1.0 };
        if top > 1024 {
            return sign * f64::INFINITY;
        }
        let Ok(bits @ 1..) = u32::try_from((top + 1074).min(DOUBLE_BITS.into())) else {
            let tiny = top == -1074 && self.mantissa.bits() > 1;
            return if tiny { sign * f64::from_bits(1) } else { 0.0 };
        };
        let Ok(short) = Self::rounded(false, self.mantissa.clone(), 0, false, bits) else {
            return 0.0;
        };
        let float = short.float();
        let mantissa = float.mantissa.to_f64().unwrap_or(0.0);
        let exponent = i32::try_from(float.exponent + self.exponent).unwrap_or(0);
        let first = exponent / 2;
        sign * mantissa * 2f64.powi(first) * 2f64.powi(exponent - first)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let order = |float: &Self| match (float.mantissa.bits(), float.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let sign = order(self);
        match sign.cmp(&order(other)) {
            Ordering::Equal if sign == 0 => Ordering::Equal,
            Ordering::Equal => {
                let magnitude = self.compare_magnitude(other);
                if sign < 0 { magnitude.reverse() } else { magnitude }
            }
            unequal => unequal,
        }
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        let top = |float: &Self| signed(float.mantissa.bits()) + float.exponent;
        top(self).cmp(&top(other)).then_with(|| {
            let common = self.exponent.min(other.exponent);
            let scaled = |f: &Self| &f.mantissa << (f.exponent - common).unsigned_abs();
            scaled(self).cmp(&scaled(other))
        })
    }
}

/// A count of bits as a signed number; counts are far below the limit.
fn signed(bits: u64) -> i64 {
    i64::try_from(bits).unwrap_or(i64::MAX)
}

impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Self(Repr::Word(n))
    }
}

impl From<u64> for Number {
    fn from(n: u64) -> Self {
        match i64::try_from(n) {
            Ok(n) => n.into(),
            Err(_) => {
                let zeros = n.trailing_zeros();
                let mantissa = (n >> zeros).into();
                let exponent = zeros.into();
                Self(Repr::Big(Arc::new(Float {
                    negative: false,
                    mantissa,
                    exponent,
                    precision: WORD_BITS,
                })))
            }
        }
    }
}

impl From<usize> for Number {
    fn from(n: usize) -> Self {
        Self::from(n as u64)
    }
}

impl From<u32> for Number {
    fn from(n: u32) -> Self {
        i64::from(n).into()
    }
}

impl From<i32> for Number {
    fn from(n: i32) -> Self {
        i64::from(n).into()
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Int(a) | Repr::Word(a), Repr::Int(b) | Repr::Word(b)) => a.cmp(b),
            (Repr::Big(a), Repr::Big(b)) => a.compare(b),
            _ => self.float().compare(&other.float()),
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Float { negative, mantissa, exponent, precision: _ } = self.float();
        (negative, mantissa, exponent).hash(state);
    }
}

/// The shortest decimal that reads back, without an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Int(n) | Repr::Word(n) => write!(f, "{n}"),
            Repr::Big(float) => f.write_str(&decimal::shortest(float).plain(None)),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
