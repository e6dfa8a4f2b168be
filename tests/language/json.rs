//! JSON with exact numbers, and when two documents say the same.

use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::value::number::Number;
use lifeboat_sdk::{Name, Value};

/// Significant digits from which a fraction is compared to so many.
const DIGITS: usize = 30;

/// A document; `None` where the text is not JSON.
pub(super) fn parse(text: &str) -> Option<Value> {
    from_json(text, None).ok()
}

/// A part by its path; null where there is none.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    const NULL: &Value = &Value::Null(lifeboat_sdk::Type::Dynamic);
    path.iter().try_fold(value, |v, name| v.get(name)).unwrap_or(NULL)
}

/// A text, or the empty one.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    at(value, path).as_str().unwrap_or_default()
}

/// A whole number.
pub(super) fn whole(value: &Value, path: &[&str]) -> Option<i64> {
    at(value, path).as_i64()
}

/// The elements of an array.
pub(super) fn items<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    at(value, path).items().unwrap_or_default()
}

/// The members of an object.
pub(super) fn members<'v>(value: &'v Value, path: &[&str]) -> &'v [(Name, Value)] {
    at(value, path).entries().unwrap_or_default()
}

/// Whether two documents say the same.
pub(super) fn same(want: &Value, got: &Value) -> bool {
    if let (Some(want), Some(got)) = (want.as_number(), got.as_number()) {
        return same_number(want, got);
    }
    if let (Some(want), Some(got)) = (want.entries(), got.entries()) {
        let pairs = want.len() == got.len();
        return pairs
            && want.iter().all(|(name, value)| {
                got.iter().find(|(n, _)| n == name).is_some_and(|(_, g)| same(value, g))
            });
    }
    if let (Some(want), Some(got)) = (want.items(), got.items()) {
        return want.len() == got.len() && want.iter().zip(got).all(|(a, b)| same(a, b));
    }
    let leaf = |v: &Value| v.as_number().is_none() && v.entries().is_none() && v.items().is_none();
    leaf(want) && leaf(got) && want == got
}

/// Integers and short fractions are equal; long fractions are equal to thirty digits.
fn same_number(want: &Number, got: &Number) -> bool {
    let digits = |n: &Number| {
        let text = n.to_exact_decimal().scientific(None, 'e');
        text.chars().take_while(|c| *c != 'e').filter(char::is_ascii_digit).count()
    };
    if want == got || want.to_exact_decimal().plain(None) == got.to_exact_decimal().plain(None) {
        return true;
    }
    if want.is_integer() || digits(want) <= DIGITS {
        return false;
    }
    let short = |n: &Number| n.to_exact_decimal().scientific(Some(DIGITS - 1), 'e');
    short(want) == short(got)
}

#[test]
fn numbers_are_compared_exactly() {
    let same = |a: &str, b: &str| same(&parse(a).unwrap(), &parse(b).unwrap());
    assert!(same("[1, 2.50, {\"a\": null}]", "[1.0, 2.5, {\"a\": null}]"));
    assert!(!same("0.1", "0.10000000000000001"));
    assert!(!same("9007199254740993", "9007199254740992"));
    let third = "0.3333333333333333333333333333333333";
    assert!(same(&format!("{third}333"), &format!("{third}334")));
    assert!(!same("1", "\"1\""));
    assert!(!same("[]", "{}"));
    assert!(!same("{\"a\": null}", "{}"));
}
