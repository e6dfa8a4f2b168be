//! Powers and logarithms of doubles, as Go computes them on processors with fused operations.
//!
//! The C libraries of systems differ in the last digit, and the last digit shows.

use num_traits::ToPrimitive;

/// The power by repeated squaring, the fraction through the logarithm.
pub(super) fn power(x: f64, y: f64) -> f64 {
    if y == 0.0 || x == 1.0 || x == 0.0 || !x.is_finite() || !y.is_finite() || y.abs() >= 2e18 {
        return x.powf(y);
    }
    if y.abs() == 1.0 {
        return if y > 0.0 { x } else { 1.0 / x };
    }
    if y.abs() == 0.5 {
        return if y > 0.0 { x.sqrt() } else { 1.0 / x.sqrt() };
    }
    let (mut whole, mut fraction) = (y.abs().trunc(), y.abs().fract());
    if fraction != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    let mut result = 1.0;
    if fraction != 0.0 {
        if fraction > 0.5 {
            fraction -= 1.0;
            whole += 1.0;
        }
        result = exp(fraction * log(x));
    }
    let (mut base, mut scale) = split(x);
    let (mut count, mut result_scale) = (whole.to_i64().unwrap_or(0), 0i64);
    while count != 0 {
        if scale.abs() > 1 << 12 {
            result_scale += scale;
            break;
        }
        if count & 1 == 1 {
            result *= base;
            result_scale += scale;
        }
        base *= base;
        scale <<= 1;
        if base < 0.5 {
            base += base;
            scale -= 1;
        }
        count >>= 1;
    }
    if y < 0.0 {
        result = 1.0 / result;
        result_scale = -result_scale;
    }
    let scale = i32::try_from(result_scale.clamp(-5000, 5000)).unwrap_or(0);
    let third = scale / 3;
    result * 2f64.powi(third) * 2f64.powi(third) * 2f64.powi(scale - 2 * third)
}

/// A double, not zero, as a fraction from a half to one and a power of two.
fn split(x: f64) -> (f64, i64) {
    let (x, offset) = if x.is_subnormal() { (x * 2f64.powi(60), -60) } else { (x, 0) };
    let scale = i64::try_from((x.to_bits() >> 52) & 0x7ff).unwrap_or(0) - 1022;
    let fraction = f64::from_bits(x.to_bits() & !(0x7ff << 52) | 1022 << 52);
    (fraction, scale + offset)
}

/// The natural logarithm, by the algorithm of FreeBSD's `e_log.c`.
pub(super) fn log(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const ODD: [f64; 4] = [
        6.666_666_666_666_735e-1,
        2.857_142_874_366_239e-1,
        1.818_357_216_161_805e-1,
        1.479_819_860_511_658_6e-1,
    ];
    const EVEN: [f64; 3] =
        [3.999_999_999_940_942e-1, 2.222_219_843_214_978_4e-1, 1.531_383_769_920_937_3e-1];
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x < 0.0 || !x.is_finite() {
        return if x == f64::INFINITY { x } else { f64::NAN };
    }
    let (mut fraction, mut scale) = split(x);
    if fraction < std::f64::consts::FRAC_1_SQRT_2 {
        fraction *= 2.0;
        scale -= 1;
    }
    let (f, k) = (fraction - 1.0, scale.to_f64().unwrap_or(0.0));
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * (ODD[0] + s4 * (ODD[1] + s4 * (ODD[2] + s4 * ODD[3])));
    let even = s4 * (EVEN[0] + s4 * (EVEN[1] + s4 * EVEN[2]));
    let half = 0.5 * f * f;
    k * LN2_HIGH - ((half - (s * (half + (odd + even)) + k * LN2_LOW)) - f)
}

/// The exponential, by a series for a sixteenth of the reduced argument.
fn exp(x: f64) -> f64 {
    const LN2_HIGH: f64 = 0.693_147_180_559_662_956_511_601_805_686_950_683_593_75;
    const LN2_LOW: f64 = 0.282_352_905_630_315_77e-12;
    const SERIES: [f64; 7] = [
        2.480_158_730_158_73e-5,
        1.984_126_984_126_984e-4,
        1.388_888_888_888_889e-3,
        8.333_333_333_333_333e-3,
        4.166_666_666_666_666_4e-2,
        1.666_666_666_666_666_6e-1,
        0.5,
    ];
    if !(-745.2..=709.782_712_893_384).contains(&x) {
        return if x > 0.0 { f64::INFINITY } else { 0.0 };
    }
    let k = (std::f64::consts::LOG2_E * x).round_ties_even();
    let r = (-k).mul_add(LN2_LOW, (-k).mul_add(LN2_HIGH, x)) * 0.0625;
    let series = SERIES[1..].iter().fold(SERIES[0], |sum, term| sum.mul_add(r, *term));
    let mut y = series.mul_add(r, 1.0) * r;
    for _ in 0..3 {
        y *= y + 2.0;
    }
    let y = y.mul_add(y + 2.0, 1.0);
    let scale = k.to_i32().unwrap_or(0);
    let half = scale / 2;
    y * 2f64.powi(half) * 2f64.powi(scale - half)
}
