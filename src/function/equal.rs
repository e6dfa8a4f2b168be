//! Equality as the language has it: unknown where it depends on what is unknown.

use lifeboat_sdk::Value;

/// Whether two values are equal: `None` if that is not known yet. Marks are ignored.
///
/// Values of different types are never equal, but for `null`, which equals any `null`.
pub fn equals(a: &Value, b: &Value) -> Option<bool> {
    let (a, b) = (a.bare(), b.bare());
    match (a, b) {
        (Value::Unknown(u), known) | (known, Value::Unknown(u)) => {
            let never_null = u.not_null && known.is_null();
            let (one, other) = (&u.ty, known.ty());
            let differ = !one.has_dynamic() && !other.has_dynamic() && *one != other;
            if never_null || (differ && !known.is_null()) { Some(false) } else { None }
        }
        (Value::Null(_), Value::Null(_)) => Some(true),
        (Value::Null(_), _) | (_, Value::Null(_)) => Some(false),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Number(a), Value::Number(b)) => Some(a == b),
        (Value::String(a), Value::String(b)) => Some(a == b),
        (Value::List(s), Value::List(t)) if s.element == t.element => all(&s.items, &t.items),
        (Value::Tuple(s), Value::Tuple(t)) => all(s, t),
        (Value::Set(s), Value::Set(t)) if s.element == t.element => {
            if a.is_wholly_known() && b.is_wholly_known() { Some(a == b) } else { None }
        }
        (Value::Map(m), Value::Map(n)) if m.element == n.element => entries(a, b),
        (Value::Object(_), Value::Object(_)) => entries(a, b),
        _ => Some(false),
    }
}

fn all(a: &[Value], b: &[Value]) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    conjunction(a.iter().zip(b).map(|(a, b)| equals(a, b)))
}

fn entries(a: &Value, b: &Value) -> Option<bool> {
    let (a, b) = (a.entries().unwrap_or_default(), b.entries().unwrap_or_default());
    if a.len() != b.len() || a.iter().zip(b).any(|((k, _), (l, _))| k != l) {
        return Some(false);
    }
    conjunction(a.iter().zip(b).map(|((_, a), (_, b))| equals(a, b)))
}

fn conjunction(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}
