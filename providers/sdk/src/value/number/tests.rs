//! Facts about numbers, as Terraform 1.11.4 shows them.

use super::{Number, NumberError};

fn n(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn a_number_takes_sixteen_bytes() {
    assert_eq!(size_of::<Number>(), 16);
}

#[test]
fn literals_print_as_the_shortest_decimal() {
    for (text, printed) in [
        ("1", "1"),
        ("1.50", "1.5"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("007", "7"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e21", "1000000000000000000000"),
        ("1e-7", "0.0000001"),
        ("12e-1", "1.2"),
        ("0.1", "0.1"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("340282366920938463463374607431768211456", "340282366920938463463374607431768211456"),
        ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
    ] {
        assert_eq!(n(text).to_string(), printed, "{text}");
    }
    assert_eq!(n("1e100").to_string(), format!("1{}", "0".repeat(100)));
    assert_eq!(n("1e-1000").to_string(), format!("0.{}1", "0".repeat(999)));
}

#[test]
fn what_is_not_a_decimal_number_is_refused() {
    for text in [
        "", "-", ".", "e5", "1e", "1e+", "--1", "0x1F", "1_000", " 1", "1 ", "NaN", "Inf", "1.2.3",
        "١",
    ] {
        assert!(Number::parse(text).is_none(), "{text}");
    }
}

#[test]
fn absurd_exponents_are_refused_without_work() {
    for text in ["1e1000000000", "1e-1000000000", "1e99999999999999999999999", "-1e20000"] {
        assert!(Number::parse(text).is_none(), "{text}");
    }
    assert!(Number::parse("0e1000000000").unwrap().is_zero());
    assert!(Number::parse(&format!("0.{}1", "0".repeat(100_000))).is_none());
    let mut big = n("1e9000");
    assert_eq!(big.mul(&big), Err(NumberError::OutOfRange));
    big = n("1e-9000");
    assert_eq!(big.mul(&big), Err(NumberError::OutOfRange));
}

#[test]
fn operations_round_to_512_bits() {
    let third = n("1").div(&n("3")).unwrap();
    assert_eq!(third.to_string(), format!("0.{}5", "3".repeat(154)));
    assert_eq!(third.mul(&n("3")).unwrap(), n("1"));
    assert_eq!(n("0.1").add(&n("0.2")).unwrap().sub(&n("0.3")).unwrap().to_string(), "0");
    assert_eq!(n("0.1").mul(&n("3")).unwrap().to_string(), "0.3");
    assert_eq!(n("0.7").add(&n("0.1")).unwrap().to_string(), "0.8");
    assert_eq!(n("1.1").mul(&n("1.1")).unwrap().to_string(), format!("1.21{}1", "0".repeat(151)));
    assert_eq!(n("1").sub(&n("0.9")).unwrap().to_string(), format!("0.1{}3", "0".repeat(153)));
    assert_eq!(n("1e160").add(&n("1")).unwrap().sub(&n("1e160")).unwrap(), n("0"));
    let top = n("2").pow(&n("512")).unwrap();
    assert_eq!(n(&exact(&top)).add(&n("1")).unwrap().to_string(), exact(&top));
    assert_eq!(
        n("22").div(&n("7")).unwrap().to_string(),
        format!("3.{}", "142857".repeat(26))[..155].to_owned() + "8"
    );
}

fn exact(number: &Number) -> String {
    number.to_exact_decimal().plain(None)
}

#[test]
fn precision_follows_the_origin() {
    let word = |x: i64| Number::from(x);
    assert_eq!(word(1).div(&word(3)).unwrap().to_string(), "0.33333333333333333334");
    assert_eq!(n("2").pow(&n("60")).unwrap().to_string(), "1152921504606847000");
    assert_eq!(
        n("2").pow(&n("60")).unwrap().add(&n("1")).unwrap().to_string(),
        "1152921504606846977"
    );
    assert_eq!(n("2").pow(&n("0.5")).unwrap().to_string(), "1.4142135623730951");
    let eight_thirds = n("2").pow(&n("3")).unwrap().div(&n("3").pow(&n("1")).unwrap()).unwrap();
    assert_eq!(eight_thirds.to_string(), "2.6666666666666665");
}

#[test]
fn integers_grow_beyond_the_small_form() {
    assert_eq!(n("4294967296").mul(&n("4294967296")).unwrap().to_string(), "18446744073709551616");
    assert_eq!(n("-9223372036854775808").sub(&n("1")).unwrap().to_string(), "-9223372036854775809");
    assert_eq!(n("18446744073709551617").rem(&n("2")).unwrap().to_string(), "1");
    assert_eq!(n("1e30").rem(&n("7")).unwrap().to_string(), "1");
    assert_eq!(n("9223372036854775808").as_i64(), None);
    assert_eq!(n("9223372036854775808").as_u64(), Some(1 << 63));
    assert_eq!(n("-9223372036854775808").neg().neg().as_i64(), Some(i64::MIN));
    assert_eq!(n("-5").as_u64(), None);
    assert_eq!(Number::from(u64::MAX).to_string(), "18446744073709551615");
}

#[test]
fn remainders_have_the_sign_of_the_dividend() {
    for (a, b, rest) in [
        ("7", "3", "1"),
        ("7", "-3", "1"),
        ("-7", "3", "-1"),
        ("5.5", "2", "1.5"),
        ("-5.5", "2", "-1.5"),
    ] {
        assert_eq!(n(a).rem(&n(b)).unwrap(), n(rest), "{a} % {b}");
    }
    assert_eq!(n("1").rem(&n("0")), Err(NumberError::DivisionByZero));
    assert_eq!(n("1").div(&n("0")), Err(NumberError::DivisionByZero));
}

#[test]
fn rounding_to_whole_numbers() {
    for (x, floor, ceil, trunc) in [
        ("1.5", "1", "2", "1"),
        ("-1.5", "-2", "-1", "-1"),
        ("3", "3", "3", "3"),
        ("-0.5", "-1", "0", "0"),
    ] {
        assert_eq!(n(x).floor(), n(floor), "floor {x}");
        assert_eq!(n(x).ceil(), n(ceil), "ceil {x}");
        assert_eq!(n(x).trunc(), n(trunc), "trunc {x}");
    }
}

#[test]
fn doubles_survive_a_round_trip() {
    for x in [
        0.0,
        1.0,
        -1.5,
        0.1,
        1e300,
        5e-324,
        2.2250738585072014e-308,
        1.7976931348623157e308,
        4.9e-320,
        -3e-310,
    ] {
        assert_eq!(Number::from_f64(x).unwrap().to_f64().to_bits(), x.to_bits(), "{x:e}");
        let text = format!("{x:?}");
        assert_eq!(n(&text).to_f64().to_bits(), x.to_bits(), "{text}");
    }
    assert_eq!(n("1e400").to_f64(), f64::INFINITY);
    assert_eq!(n("-1e400").to_f64(), f64::NEG_INFINITY);
    assert_eq!(n("1e-400").to_f64(), 0.0);
    assert_eq!(n("9007199254740993").to_f64(), 9007199254740992.0);
    assert!(Number::from_f64(f64::NAN).is_none());
}

#[test]
fn equal_numbers_hash_alike_whatever_their_form() {
    use std::hash::BuildHasher;
    let state = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default();
    let forms =
        [n("8"), Number::from(8i64), Number::from_f64(8.0).unwrap(), n("8.000"), n("80e-1")];
    for form in &forms {
        assert_eq!(form, &forms[0]);
        assert_eq!(state.hash_one(form), state.hash_one(&forms[0]));
    }
    assert!(n("9007199254740993") > n("9007199254740992"));
    assert!(n("-2") < n("-1.5"));
    assert!(n("0.1") > n("0"));
    assert!(n("-0.1") < n("0"));
}

#[test]
fn powers_and_logarithms() {
    assert_eq!(n("2").pow(&n("10")).unwrap().to_string(), "1024");
    assert_eq!(n("2").pow(&n("-2")).unwrap().to_string(), "0.25");
    assert_eq!(n("0").pow(&n("0")).unwrap().to_string(), "1");
    assert_eq!(n("-8").pow(&n("0.3")), Err(NumberError::NotReal));
    assert_eq!(n("10").pow(&n("400")), Err(NumberError::OutOfRange));
    assert_eq!(n("0").log(&n("10")), Err(NumberError::OutOfRange));
    assert_eq!(n("16").log(&n("2")).unwrap().to_string(), "4");
}

#[test]
fn other_bases() {
    assert_eq!(Number::from_radix("ff", 16).unwrap().to_string(), "255");
    assert_eq!(Number::from_radix("-FF", 16).unwrap().to_string(), "-255");
    assert_eq!(Number::from_radix("aA", 62).unwrap().to_string(), "656");
    assert_eq!(Number::from_radix("zz", 35), None);
    assert_eq!(Number::from_radix("", 10), None);
    assert_eq!(Number::from_radix("1_0", 10), None);
    assert_eq!(Number::from_radix("--1", 10), None);
    assert_eq!(n("-255.9").to_radix(16), "-ff");
}

#[test]
fn printing_with_given_digits() {
    let fixed = |text: &str, places: usize| {
        let mut decimal = n(text).to_exact_decimal();
        decimal.round(decimal.point + i64::try_from(places).unwrap());
        decimal.plain(Some(places))
    };
    assert_eq!(fixed("1.5", 0), "2");
    assert_eq!(fixed("0.5", 0), "0");
    assert_eq!(fixed("2.5", 0), "2");
    assert_eq!(fixed("9.996", 2), "10.00");
    assert_eq!(fixed("0.001", 2), "0.00");
    assert_eq!(fixed("0", 2), "0.00");
    assert_eq!(fixed("-12", 3), "-12.000");
    assert_eq!(n("12345").to_decimal().scientific(None, 'e'), "1.2345e+04");
    assert_eq!(n("0").to_decimal().scientific(Some(2), 'e'), "0.00e+00");
    assert_eq!(n("0.00012").to_decimal().scientific(None, 'E'), "1.2E-04");
}

#[test]
fn fractional_powers_have_the_last_digit_of_terraform() {
    for (x, y, power) in [
        ("3.14159", "0.1", "1.1212822585211588"),
        ("255", "0.1", "1.7404198104793391"),
        ("2", "2.7", "6.498019170849886"),
        ("7.7", "0.3", "1.8447911968664352"),
    ] {
        assert_eq!(n(x).pow(&n(y)).unwrap().to_string(), power, "{x} {y}");
    }
    assert_eq!(n("2").log(&n("3")).unwrap().to_string(), "0.6309297535714575");
    assert_eq!(n("3").log(&n("7")).unwrap().to_string(), "0.5645750340535796");
}
