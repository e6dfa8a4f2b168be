//! The operations on numbers.

use num_bigint::{BigInt, BigUint, Sign};

use super::{Float, Number, NumberError, Repr, TEXT_BITS, double, signed};

impl Number {
    /// The sum.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn add(&self, other: &Self) -> Result<Self, NumberError> {
        match (&self.0, &other.0) {
            (Repr::Word(a), Repr::Word(b)) => {
                if let Some(sum) = a.checked_add(*b) {
                    return Ok(Self(Repr::Word(sum)));
                }
            }
            (Repr::Int(a) | Repr::Word(a), Repr::Int(b) | Repr::Word(b)) => {
                if let Some(sum) = a.checked_add(*b) {
                    return Ok(Self(Repr::Int(sum)));
                }
            }
            _ => {}
        }
        let (a, b) = (self.float(), other.float());
        a.plus(&b, a.precision.max(b.precision))
    }

    /// The difference.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn sub(&self, other: &Self) -> Result<Self, NumberError> {
        self.add(&other.neg())
    }

    /// The product.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn mul(&self, other: &Self) -> Result<Self, NumberError> {
        if let (Repr::Int(a), Repr::Int(b) | Repr::Word(b)) = (&self.0, &other.0)
            && let Some(product) = a.checked_mul(*b)
        {
            return Ok(Self(Repr::Int(product)));
        }
        let (a, b) = (self.float(), other.float());
        let exact = (a.negative != b.negative, &a.mantissa * &b.mantissa, a.exponent + b.exponent);
        let product = Float::rounded(exact.0, exact.1, exact.2, false, TEXT_BITS)?.float();
        let needed = u32::try_from(product.mantissa.bits()).unwrap_or(TEXT_BITS);
        let precision = a.precision.max(b.precision).max(needed);
        Ok(Float { precision, ..product }.number())
    }

    /// The quotient.
    ///
    /// # Errors
    /// When the divisor is zero or the quotient is out of range.
    pub fn div(&self, other: &Self) -> Result<Self, NumberError> {
        let (a, b) = (self.float(), other.float());
        if other.is_zero() {
            return Err(NumberError::DivisionByZero);
        }
        let negative = a.negative != b.negative;
        let exponent = a.exponent - b.exponent;
        quotient(negative, &a.mantissa, &b.mantissa, exponent, a.precision.max(b.precision))
    }

    /// The remainder of the truncated quotient; it has the sign of the dividend.
    ///
    /// # Errors
    /// When the divisor is zero or the quotient is out of range.
    pub fn rem(&self, other: &Self) -> Result<Self, NumberError> {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && let Some(rest) = a.checked_rem(*b)
        {
            return Ok(Self(Repr::Int(rest)));
        }
        let (a, b) = (self.float(), other.float());
        let ratio = self.div(other)?.float();
        let whole = Float::rounded(ratio.negative, ratio.whole(), 0, false, a.precision)?.float();
        let negative = whole.negative != b.negative;
        let exponent = whole.exponent + b.exponent;
        let product =
            Float::rounded(negative, whole.mantissa * &b.mantissa, exponent, false, a.precision)?;
        a.plus(&product.neg().float(), a.precision)
    }

    /// The number with the other sign.
    #[must_use]
    pub fn neg(&self) -> Self {
        match &self.0 {
            Repr::Int(n) if *n != i64::MIN => Self(Repr::Int(-n)),
            Repr::Word(n) if *n != i64::MIN => Self(Repr::Word(-n)),
            _ => {
                let float = self.float();
                Float { negative: !float.negative && !self.is_zero(), ..float }.number()
            }
        }
    }

    /// The magnitude.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() { self.neg() } else { self.clone() }
    }

    /// Without its fraction.
    #[must_use]
    pub fn trunc(&self) -> Self {
        self.to_whole(|_| false)
    }

    /// The next whole number that is not above.
    #[must_use]
    pub fn floor(&self) -> Self {
        self.to_whole(|negative| negative)
    }

    /// The next whole number that is not below.
    #[must_use]
    pub fn ceil(&self) -> Self {
        self.to_whole(|negative| !negative)
    }

    /// Drops the fraction; `away` says whether a dropped one moves away from zero.
    fn to_whole(&self, away: fn(bool) -> bool) -> Self {
        if self.is_integer() {
            return self.clone();
        }
        let float = self.float();
        let mut whole = float.whole();
        if away(float.negative) {
            whole += 1u32;
        }
        let whole = Float::rounded(float.negative, whole, 0, false, float.precision);
        whole.unwrap_or_else(|_| self.clone())
    }

    /// A power, computed in doubles as Terraform does.
    ///
    /// # Errors
    /// When there is no real result or it is out of range.
    pub fn pow(&self, exponent: &Self) -> Result<Self, NumberError> {
        Self::from_double(double::power(self.to_f64(), exponent.to_f64()))
    }

    /// The logarithm to a base, computed in doubles as Terraform does.
    ///
    /// # Errors
    /// When there is no real result or it is out of range.
    pub fn log(&self, base: &Self) -> Result<Self, NumberError> {
        Self::from_double(double::log(self.to_f64()) / double::log(base.to_f64()))
    }

    fn from_double(x: f64) -> Result<Self, NumberError> {
        let error = if x.is_nan() { NumberError::NotReal } else { NumberError::OutOfRange };
        Self::from_f64(x).ok_or(error)
    }

    /// Reads a whole number in a base from 2 to 62, a sign allowed, at most 2,400 digits. Up to
    /// base 36 letters may have any case, beyond it the capital ones stand for 36 and more.
    pub fn from_radix(text: &str, base: u32) -> Option<Self> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            all => (false, all),
        };
        if digits.is_empty() || digits.len() > 2400 || !(2..=62).contains(&base) {
            return None;
        }
        let digit = |byte: &u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'z' => Some(byte - b'a' + 10),
            b'A'..=b'Z' if base <= 36 => Some(byte - b'A' + 10),
            b'A'..=b'Z' => Some(byte - b'A' + 36),
            _ => None,
        };
        let digits: Vec<u8> = digits.iter().map(digit).collect::<Option<_>>()?;
        let magnitude = BigUint::from_radix_be(&digits, base)?;
        let precision = u32::try_from(magnitude.bits()).ok()?.max(super::WORD_BITS);
        Float::rounded(negative, magnitude, 0, false, precision).ok()
    }

    /// The whole part in a base from 2 to 36, with lowercase letters.
    pub fn to_radix(&self, base: u32) -> String {
        let float = self.float();
        let sign = if float.negative { Sign::Minus } else { Sign::Plus };
        BigInt::from_biguint(sign, float.whole()).to_str_radix(base.clamp(2, 36))
    }
}

impl Float {
    /// The sum, rounded to `precision`.
    fn plus(&self, other: &Self, precision: u32) -> Result<Number, NumberError> {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |float: &Self| {
            let sign = if float.negative { Sign::Minus } else { Sign::Plus };
            let shift = (float.exponent - exponent).unsigned_abs();
            BigInt::from_biguint(sign, &float.mantissa << shift)
        };
        let (sign, magnitude) = (scaled(self) + scaled(other)).into_parts();
        Self::rounded(sign == Sign::Minus, magnitude, exponent, false, precision)
    }
}

/// `dividend / divisor * 2^exponent`, correctly rounded; the divisor is not zero.
pub(super) fn quotient(
    negative: bool,
    dividend: &BigUint,
    divisor: &BigUint,
    exponent: i64,
    precision: u32,
) -> Result<Number, NumberError> {
    let wanted = u64::from(precision) + 2 + divisor.bits();
    let shift = wanted.saturating_sub(dividend.bits());
    let scaled = dividend << shift;
    let whole = &scaled / divisor;
    let sticky = &whole * divisor != scaled;
    Float::rounded(negative, whole, exponent - signed(shift), sticky, precision)
}
