//! `Expansion`: how often something exists: `count` and `for_each`.

use lifeboat_sdk::value::Why;
use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Span, Type, Value};

use crate::address::Key;

/// How often something exists.
#[derive(Clone, Debug)]
pub enum Expansion {
    /// Once, without a key.
    Single,
    /// `count`
    Count(u64),
    /// `for_each`: keys and values.
    Each(Vec<(Name, Value)>),
    /// Not known, and why.
    Unknown(Why),
    /// An error that has been reported.
    Invalid,
}

/// The `each` or `count` of one instance.
#[derive(Clone, Debug, Default)]
pub struct Repetition {
    /// `each.key`, `each.value`
    pub each: Option<(Name, Value)>,
    /// `count.index`
    pub index: Option<u64>,
}

impl Repetition {
    /// The key of the instance.
    pub fn key(&self) -> Option<Key> {
        match (&self.each, self.index) {
            (Some((name, _)), _) => Some(Key::Text(name.clone())),
            (None, Some(index)) => Some(Key::Index(index)),
            (None, None) => None,
        }
    }
}

impl Expansion {
    /// The instances; none where the number is not known.
    pub fn instances(&self) -> Vec<Repetition> {
        match self {
            Self::Single => vec![Repetition::default()],
            Self::Count(n) => (0..*n).map(|i| Repetition { each: None, index: Some(i) }).collect(),
            Self::Each(entries) => entries
                .iter()
                .map(|(k, v)| Repetition { each: Some((k.clone(), v.clone())), index: None })
                .collect(),
            Self::Unknown(_) | Self::Invalid => Vec::new(),
        }
    }

    /// The instance with a key.
    pub fn instance(&self, key: Option<&Key>) -> Option<Repetition> {
        match (self, key) {
            (Self::Single, None) => Some(Repetition::default()),
            (Self::Count(n), Some(Key::Index(i))) if i < n => {
                Some(Repetition { each: None, index: Some(*i) })
            }
            (Self::Each(entries), Some(Key::Text(key))) => {
                let each = entries.iter().find(|(name, _)| name == key).cloned();
                each.map(|each| Repetition { each: Some(each), index: None })
            }
            _ => None,
        }
    }

    /// Whether nothing about it is left to be told.
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Single | Self::Count(_) => true,
            Self::Each(entries) => entries.iter().all(|(_, value)| value.is_wholly_known()),
            Self::Unknown(_) | Self::Invalid => false,
        }
    }

    /// Puts the values of instances together as expressions see them.
    pub fn gather(&self, values: Vec<Value>) -> Value {
        match self {
            Self::Single => values.into_iter().next().unwrap_or_else(Value::null),
            Self::Count(_) => Value::tuple(values),
            Self::Each(entries) => {
                Value::object(entries.iter().map(|(k, _)| k.clone()).zip(values))
            }
            Self::Unknown(why) => Value::unknown_because(Type::Dynamic, why.clone()),
            Self::Invalid => Value::unknown(Type::Dynamic),
        }
    }
}

/// `count`: a whole number from 0.
pub(super) fn count(value: &Value, span: Span, found: &mut Diagnostics) -> Expansion {
    if let Some(why) = value.why_unknown() {
        return unknown("count", why, span, found);
    }
    let converted = lifeboat_sdk::value::convert::convert(&value.unmark_deep(), &Type::Number);
    let number = converted.ok().filter(|v| !v.is_null());
    let whole = number.as_ref().and_then(Value::as_i64).and_then(|n| u64::try_from(n).ok());
    match whole {
        // A sensitive number is taken, as by Terraform: how many there are is shown anyway.
        Some(n) if n <= 1_000_000 => Expansion::Count(n),
        _ => {
            found.push(
                Diagnostic::error(
                    "desired::count",
                    "Invalid count argument",
                    "The number of instances must be a whole number from 0 to 1,000,000, not null.",
                )
                .at(span)
                .help("Give a number such as 2, or a condition such as `var.on ? 1 : 0`."),
            );
            Expansion::Invalid
        }
    }
}

/// `for_each`: a map, an object, or a set of strings.
pub(super) fn each(value: &Value, span: Span, found: &mut Diagnostics) -> Expansion {
    let fail = |found: &mut Diagnostics, text: String| {
        found.push(
            Diagnostic::error("desired::for_each", "Invalid for_each argument", text)
                .at(span)
                .help(
                    "Give a map, an object, or a set of strings such as `toset([\"a\", \"b\"])`.",
                ),
        );
        Expansion::Invalid
    };
    if !value.unmark().1.is_empty() {
        return fail(
            found,
            "The keys of instances are shown everywhere, so a sensitive value cannot decide them."
                .into(),
        );
    }
    match value {
        Value::Unknown(u) => unknown("for_each", u.why.clone(), span, found),
        Value::Map(_) | Value::Object(_) => {
            Expansion::Each(value.entries().unwrap_or_default().to_vec())
        }
        Value::Set(set) => {
            if let Some(why) = value.why_unknown() {
                return unknown("for_each", why, span, found);
            }
            let names: Option<Vec<(Name, Value)>> = set
                .items
                .iter()
                .map(|item| Some((Name::from(item.as_str()?), item.clone())))
                .collect();
            match names {
                Some(names) if set.items.iter().all(|i| i.unmark().1.is_empty()) => {
                    Expansion::Each(names)
                }
                _ => fail(
                    found,
                    format!(
                        "The elements of the set must be strings, but they are {}, null or sensitive.",
                        set.element.friendly()
                    ),
                ),
            }
        }
        other => fail(found, format!("The value is {}.", other.ty().friendly())),
    }
}

/// A number of instances that is not known: an error, or deferred where a region is away.
fn unknown(what: &'static str, why: Why, span: Span, found: &mut Diagnostics) -> Expansion {
    if why != Why::AfterApply {
        return Expansion::Unknown(why);
    }
    let code = if what == "count" { "desired::count_unknown" } else { "desired::for_each_unknown" };
    let summary =
        if what == "count" { "Invalid count argument" } else { "Invalid for_each argument" };
    found.push(
        Diagnostic::error(
            code,
            summary,
            format!("The `{what}` value depends on attributes that are known only after apply, so the instances cannot be planned."),
        )
        .at(span)
        .help("Let it depend on values of the files only, or apply what it depends on first with -target."),
    );
    Expansion::Invalid
}
