//! Documents on their way between kinds, the plan and state: marks, known parts, stored form.

use lifeboat_sdk::schema::{Attribute, Presence};
use lifeboat_sdk::value::wire::Wire;
use lifeboat_sdk::{KnownDoc, Marks, Path, Value};
use lifeboat_state::model::Document;

use crate::refresh::compare::computed_at;

/// The form in which state and journal keep a value; ephemeral parts are left out.
///
/// # Errors
/// Why it has no such form.
pub fn store(value: &Value) -> Result<Document, String> {
    let lasting = value.transform(&Path::root(), &mut |_, part| {
        // That there is nothing is no secret, and can be read without the key.
        let nothing = !part.unmark().1.is_empty() && part.is_null();
        let drop = nothing || part.unmark().1.contains(Marks::EPHEMERAL);
        drop.then(|| Value::Null(part.ty()))
    });
    let wire = Wire::from_value(&lasting).map_err(|error| error.to_string())?;
    Document::from_wire(&wire).map_err(|error| error.to_string())
}

/// The value that state or journal keep.
///
/// # Errors
/// It is damaged.
pub fn load(document: &Document) -> Result<Value, String> {
    let wire: Wire = document.to_wire().map_err(|error| error.to_string())?;
    wire.to_value().map_err(|error| error.to_string())
}

/// What a kind returned, with the marks of the planned document and of the schema: nothing that
/// was sensitive becomes readable by a trip through an API.
pub fn remark(attributes: &[Attribute], planned: Option<&Value>, returned: &Value) -> Value {
    let marked = match planned {
        Some(planned) => hide_copies(&keep_marks(returned, planned), planned),
        None => returned.clone(),
    };
    mark_schema(attributes, &marked)
}

/// A text that short says nothing of a secret, and would hide half of a document.
const SECRET_MIN: usize = 4;

/// Marks what repeats a sensitive value of the plan in another place: what a provider computes
/// from a secret (`terraform_data`'s `output` from its `input`) is a secret too.
fn hide_copies(value: &Value, planned: &Value) -> Value {
    let mut secrets: Vec<String> = Vec::new();
    collect(planned, false, &mut secrets);
    secrets.retain(|secret| secret.len() >= SECRET_MIN);
    if secrets.is_empty() {
        return value.clone();
    }
    value.transform(&Path::root(), &mut |_, part| {
        let text = match part {
            Value::String(text) => text.to_string(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let repeats = secrets.iter().any(|secret| text.contains(secret.as_str()));
        repeats.then(|| part.clone().sensitive())
    })
}

/// The texts and numbers in and under sensitive parts.
fn collect(value: &Value, hidden: bool, out: &mut Vec<String>) {
    let (bare, marks) = value.unmark();
    let hidden = hidden || marks.contains(Marks::SENSITIVE);
    match bare {
        Value::String(text) if hidden => out.push(text.to_string()),
        Value::Number(number) if hidden => out.push(number.to_string()),
        other => other.children().for_each(|child| collect(child, hidden, out)),
    }
}

/// Puts the marks of `from` onto the same places of `value`. What has no counterpart, and all
/// of a set, whose places say nothing, inherits all marks inside.
fn keep_marks(value: &Value, from: &Value) -> Value {
    let deep = from.marks_deep();
    if deep.is_empty() {
        return value.clone();
    }
    let ((bare, own), (origin, marks)) = (value.unmark(), from.unmark());
    let marked = if matches!(bare, Value::Set(_)) {
        bare.clone().mark(deep)
    } else {
        bare.map_children(&mut |step, child| match origin.at(&Path(vec![step])) {
            Some(origin) => keep_marks(child, origin),
            None => child.clone().mark(deep),
        })
    };
    marked.mark(own | marks)
}

fn mark_schema(attributes: &[Attribute], value: &Value) -> Value {
    attributes.iter().fold(value.clone(), |document, a| {
        let Some(part) = document.get(a.name) else { return document };
        let inner = match (a.shape.attributes(), part.bare()) {
            (Some(nested), Value::Object(_)) => mark_schema(nested, part),
            (Some(nested), Value::List(_) | Value::Set(_) | Value::Map(_)) => {
                part.map_children(&mut |_, child| mark_schema(nested, child))
            }
            _ if a.sensitive => part.clone(),
            _ => return document,
        };
        document.with(a.name, if a.sensitive { inner.sensitive() } else { inner })
    })
}

/// Whether only the provider sets what is unknown of a document.
pub fn told_by_answer(attributes: &[Attribute], document: &Value) -> bool {
    let known = |a: &Attribute| document.get(a.name).is_none_or(Value::is_wholly_known);
    attributes.iter().all(|a| a.presence == Presence::Computed || known(a))
}

/// The document as a kind is given it: what the provider will tell is null.
///
/// # Errors
/// The paths of what is unknown though the provider does not tell it.
pub fn for_write(attributes: &[Attribute], planned: &Value) -> Result<KnownDoc, Vec<Path>> {
    let filled = planned.transform(&Path::root(), &mut |path, part| {
        let told = part.is_unknown() && !path.0.is_empty() && computed_at(attributes, path);
        told.then(|| Value::Null(part.ty()))
    });
    KnownDoc::new(&filled)
}

/// Whether the document says that there is nothing: what state keeps where only deposed
/// predecessors are left.
pub fn is_nothing(value: &Value) -> bool {
    value.is_null()
}

/// The paths in words.
pub fn list(paths: &[Path]) -> String {
    let all: Vec<String> = paths.iter().map(ToString::to_string).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeboat_sdk::schema::{Presence, Shape};
    use lifeboat_sdk::{Name, Type};

    static ATTRIBUTES: &[Attribute] = &[
        Attribute { name: "id", presence: Presence::Computed, ..Attribute::PLAIN },
        Attribute { name: "name", ..Attribute::PLAIN },
        Attribute { name: "secret", sensitive: true, ..Attribute::PLAIN },
        Attribute {
            name: "rule",
            shape: Shape::List(&Shape::Object(&[
                Attribute { name: "key", sensitive: true, ..Attribute::PLAIN },
                Attribute { name: "arn", presence: Presence::Computed, ..Attribute::PLAIN },
            ])),
            ..Attribute::PLAIN
        },
    ];

    fn object(entries: &[(&str, Value)]) -> Value {
        Value::object(entries.iter().map(|(name, v)| (Name::from(*name), v.clone())))
    }

    #[test]
    fn marks_survive_the_trip_and_the_schema_adds_its_own() {
        let planned = object(&[("name", Value::string("n").sensitive())]);
        let returned = object(&[
            ("name", Value::string("n")),
            ("secret", Value::string("s")),
            ("rule", Value::tuple(vec![]).clone()),
        ]);
        let rules = Value::list(Type::Dynamic, vec![object(&[("key", Value::string("k"))])]);
        let marked = remark(ATTRIBUTES, Some(&planned), &returned.with("rule", rules));
        let text = format!("{marked:?}");
        assert_eq!(text.matches("(sensitive value)").count(), 3, "{text}");
    }

    #[test]
    fn a_set_with_a_sensitive_element_is_sensitive_as_a_whole() {
        let set = |items: Vec<Value>| Value::set(Type::String, items);
        let planned = set(vec![Value::string("b").sensitive(), Value::string("c")]);
        let returned = set(vec![Value::string("a"), Value::string("b"), Value::string("c")]);
        assert_eq!(format!("{:?}", keep_marks(&returned, &planned)), "(sensitive value)");
    }

    #[test]
    fn only_what_the_provider_tells_may_be_unknown() {
        let unknown = || Value::unknown(Type::String);
        let rule = object(&[("key", Value::string("k")), ("arn", unknown())]);
        let planned = object(&[
            ("id", unknown()),
            ("name", Value::string("n")),
            ("rule", Value::list(Type::Dynamic, vec![rule])),
        ]);
        let known = for_write(ATTRIBUTES, &planned).unwrap();
        assert!(known.get("id").unwrap().is_null());
        let path = Path::attr("name");
        assert_eq!(for_write(ATTRIBUTES, &planned.with("name", unknown())), Err(vec![path]));
    }

    #[test]
    fn what_is_stored_reads_back_with_its_marks_and_without_what_is_ephemeral() {
        let value = object(&[
            ("name", Value::string("n").sensitive()),
            ("secret", Value::string("s").mark(Marks::EPHEMERAL)),
        ]);
        let back = load(&store(&value).unwrap()).unwrap();
        assert!(back.get("secret").unwrap().is_null());
        assert_eq!(back.get("name").unwrap().unmark().1, Marks::SENSITIVE);
    }
}
