//! Sealing of a document's sensitive parts, in its text: numbers and everything that is not
//! sensitive stay as they were written.
//!
//! In `{ type, value, unknown, sensitive: [path] }` each value that a sensitive path leads to
//! becomes `{"sealed": "base64"}`. A path is an array of names and indexes.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Place, Sealer, SecretError};

#[derive(Deserialize, serde::Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
enum Step {
    Index(usize),
    Name(String),
}

#[derive(Deserialize)]
struct Marks {
    #[serde(default)]
    sensitive: Vec<Vec<Step>>,
}

#[derive(Deserialize, serde::Serialize)]
struct Sealed {
    sealed: String,
}

/// What is done with the value at a path.
type Change<'a> = &'a dyn Fn(&str, &str) -> Result<String, SecretError>;

/// The document with its sensitive values sealed; `None` if it has none.
///
/// # Errors
/// The key is missing, or the document is not in wire form.
pub fn seal_document(
    sealer: &Sealer,
    lineage: &str,
    address: &str,
    document: &RawValue,
) -> Result<Option<Box<RawValue>>, SecretError> {
    rewrite(address, document, &|path, value| {
        let sealed = sealer.seal(Place { lineage, address, path }, value)?;
        serde_json::to_string(&Sealed { sealed }).map_err(|error| bad(address, Some(error)))
    })
}

/// The document with its sealed values opened; `None` if it has none.
///
/// # Errors
/// The key is missing or another one, or the document was altered.
pub fn open_document(
    sealer: &Sealer,
    lineage: &str,
    address: &str,
    document: &RawValue,
) -> Result<Option<Box<RawValue>>, SecretError> {
    rewrite(address, document, &|path, value| {
        let Ok(Sealed { sealed }) = serde_json::from_str(value) else {
            let (address, path) = (address.to_owned(), path.to_owned());
            return Err(SecretError::NotSealed { address, path });
        };
        sealer.open(Place { lineage, address, path }, &sealed)
    })
}

fn rewrite(
    address: &str,
    document: &RawValue,
    change: Change<'_>,
) -> Result<Option<Box<RawValue>>, SecretError> {
    let text = document.get();
    // serde would also read the fields from an array.
    if !text.trim_start().starts_with('{') {
        return Err(bad(address, None));
    }
    let marks: Marks = parse(address, text)?;
    let paths = outermost(marks.sensitive);
    if paths.is_empty() {
        return Ok(None);
    }
    let mut members: Members<'_> = parse(address, text)?;
    let Some((_, value)) = members.0.iter_mut().find(|(name, _)| name == "value") else {
        return Err(bad(address, None));
    };
    let mut changed = value.get().to_owned();
    for path in &paths {
        let name = serde_json::to_string(path).map_err(|error| bad(address, Some(error)))?;
        if let Some(next) = splice(address, &changed, path, &|value| change(&name, value))? {
            changed = next;
        }
    }
    let changed: &RawValue = parse(address, &changed)?;
    *value = changed;
    let raw = RawValue::from_string(members.text());
    Ok(Some(raw.map_err(|error| bad(address, Some(error)))?))
}

/// The paths that lie under no other: what is inside a sealed value is sealed with it.
fn outermost(mut paths: Vec<Vec<Step>>) -> Vec<Vec<Step>> {
    paths.sort();
    paths.dedup_by(|later, kept| later.starts_with(kept));
    paths
}

/// The text with the value at `path` changed; `None` if the path ends at a null or leads nowhere:
/// there is nothing to protect then.
fn splice(
    address: &str,
    text: &str,
    path: &[Step],
    change: &dyn Fn(&str) -> Result<String, SecretError>,
) -> Result<Option<String>, SecretError> {
    let Some((step, rest)) = path.split_first() else {
        return change(text).map(Some);
    };
    match (step, text.trim_start().as_bytes().first()) {
        (_, Some(b'n')) => Ok(None),
        (Step::Name(name), Some(b'{')) => {
            let mut members: Members<'_> = parse(address, text)?;
            let Some((_, value)) = members.0.iter_mut().find(|(key, _)| key == name) else {
                return Ok(None);
            };
            let Some(changed) = splice(address, value.get(), rest, change)? else {
                return Ok(None);
            };
            *value = parse(address, &changed)?;
            Ok(Some(members.text()))
        }
        (Step::Index(index), Some(b'[')) => {
            let mut elements: Vec<&RawValue> = parse(address, text)?;
            let Some(value) = elements.get_mut(*index) else {
                return Ok(None);
            };
            let Some(changed) = splice(address, value.get(), rest, change)? else {
                return Ok(None);
            };
            *value = parse(address, &changed)?;
            let texts: Vec<&str> = elements.iter().map(|element| element.get()).collect();
            Ok(Some(format!("[{}]", texts.join(","))))
        }
        // A path that does not fit the value could hide what it should protect.
        _ => Err(bad(address, None)),
    }
}

fn parse<'a, T: Deserialize<'a>>(address: &str, text: &'a str) -> Result<T, SecretError> {
    serde_json::from_str(text).map_err(|error| bad(address, Some(error)))
}

fn bad(address: &str, source: Option<serde_json::Error>) -> SecretError {
    SecretError::BadDocument { address: address.to_owned(), source }
}

/// The members of an object in their order, values unread.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl Members<'_> {
    fn text(&self) -> String {
        let members = self.0.iter().map(|(name, value)| {
            let name = serde_json::Value::from(name.as_str());
            format!("{name}:{}", value.get())
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
