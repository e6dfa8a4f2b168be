//! The order of values, for sets and for stable output, and what is equal.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Name, Value};

impl Value {
    /// A total order, used for sets and for stable output. Marks are ignored.
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        match (self.bare(), other.bare()) {
            // Nothing is nothing, whatever it would have been.
            (Self::Null(_), Self::Null(_)) => Ordering::Equal,
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) | (Self::Set(a), Self::Set(b)) => {
                shared(a, b, |a, b| slices(&a.items, &b.items))
            }
            (Self::Tuple(a), Self::Tuple(b)) => shared(a, b, |a, b| slices(a, b)),
            (Self::Map(a), Self::Map(b)) => shared(a, b, |a, b| pairs(&a.entries, &b.entries)),
            (Self::Object(a), Self::Object(b)) => shared(a, b, |a, b| pairs(a, b)),
            (Self::Unknown(a), Self::Unknown(b)) => a.ty.cmp(&b.ty).then_with(|| a.why.cmp(&b.why)),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

/// What is one and the same is equal; else its parts say.
fn shared<T>(a: &Arc<T>, b: &Arc<T>, parts: impl Fn(&T, &T) -> Ordering) -> Ordering {
    if Arc::ptr_eq(a, b) { Ordering::Equal } else { parts(a, b) }
}

fn slices(a: &[Value], b: &[Value]) -> Ordering {
    let mut both = a.iter().zip(b).map(|(x, y)| x.total_cmp(y));
    both.find(|o| o.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn pairs(a: &[(Name, Value)], b: &[(Name, Value)]) -> Ordering {
    let mut both = a.iter().zip(b).map(|((k, x), (l, y))| k.cmp(l).then_with(|| x.total_cmp(y)));
    both.find(|o| o.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// The order of values of different types.
fn rank(value: &Value) -> u8 {
    match value {
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::List(_) => 4,
        Value::Set(_) => 5,
        Value::Tuple(_) => 6,
        Value::Map(_) => 7,
        Value::Object(_) => 8,
        Value::Unknown(_) => 9,
        Value::Marked(_) => 10,
        // As in Terraform, a set lists null last.
        Value::Null(_) => 11,
    }
}

/// Equality of content; marks are ignored, unknowns equal only unknowns of the same type.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.total_cmp(other).is_eq()
    }
}

impl Eq for Value {}
