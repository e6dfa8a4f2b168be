//! Stored forms to values.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{
    MAX_DEPTH, Wire, WireError, WireLocation, WirePath, WireScope, WireStep, WireUnknown, WireWhy,
    write::depth,
};
use crate::scope::{Location, RegionName, Scope};
use crate::value::json::type_from_json;
use crate::value::{Mapping, Marks, Name, Number, Type, Unknown, Value, Why};

/// The value of a stored form.
pub(super) fn value(wire: &Wire) -> Result<Value, WireError> {
    let Wire { ty, value, types, unknown, sensitive } = wire;
    let mut reader = Reader::default();
    for part in types {
        let ty = read_type(&part.ty, &part.path)?;
        reader.notes.entry(part.path.clone()).or_default().ty = Some(ty);
    }
    for part in unknown {
        reader.notes.entry(part.path.clone()).or_default().unknown = Some(part);
    }
    for path in sensitive {
        reader.notes.entry(path.clone()).or_default().sensitive = true;
    }
    let ty = read_type(ty, &WirePath::default())?;
    let value = reader.value(value, &ty)?;
    match reader.notes.into_keys().next() {
        Some(path) => {
            Err(WireError::Damaged { path: path.to_string(), message: "nothing is there".into() })
        }
        None => Ok(value),
    }
}

fn read_type(json: &Json, path: &WirePath) -> Result<Type, WireError> {
    let damaged = |message: String| WireError::Damaged { path: path.to_string(), message };
    let ty = type_from_json(json).map_err(|e| damaged(e.to_string()))?;
    if depth(&ty) > MAX_DEPTH { Err(WireError::TooDeep) } else { Ok(ty) }
}

/// What the lists say of one path.
#[derive(Default)]
struct Note<'w> {
    ty: Option<Type>,
    unknown: Option<&'w WireUnknown>,
    sensitive: bool,
}

#[derive(Default)]
struct Reader<'w> {
    at: WirePath,
    /// What was not met yet.
    notes: BTreeMap<WirePath, Note<'w>>,
}

impl Reader<'_> {
    fn damaged(&self, message: impl Into<String>) -> WireError {
        WireError::Damaged { path: self.at.to_string(), message: message.into() }
    }

    fn value(&mut self, json: &Json, ty: &Type) -> Result<Value, WireError> {
        let note = self.notes.remove(&self.at).unwrap_or_default();
        let ty = note.ty.as_ref().unwrap_or(ty);
        let value = match note.unknown {
            Some(unknown) if json.is_null() => self::unknown(unknown, ty),
            Some(_) => return Err(self.damaged("null, because it is unknown")),
            None => self.known(json, ty)?,
        };
        Ok(value.mark(if note.sensitive { Marks::SENSITIVE } else { Marks::NONE }))
    }

    fn known(&mut self, json: &Json, ty: &Type) -> Result<Value, WireError> {
        Ok(match (json, ty) {
            (Json::Null, ty) => Value::Null(ty.clone()),
            (Json::Bool(b), Type::Bool) => Value::Bool(*b),
            (Json::String(text), Type::String) => Value::string(text.as_str()),
            (Json::Number(_) | Json::String(_), Type::Number) => {
                let number = number(json).ok_or_else(|| self.damaged("a number"))?;
                Value::Number(number)
            }
            (Json::Array(items), Type::List(t)) => {
                Value::list((**t).clone(), self.items(items, |_| Some(t))?)
            }
            (Json::Array(items), Type::Set(t)) => {
                Value::set((**t).clone(), self.items(items, |_| Some(t))?)
            }
            (Json::Array(items), Type::Tuple(ts)) if items.len() == ts.len() => {
                Value::tuple(self.items(items, |i| ts.get(i))?)
            }
            (Json::Object(entries), Type::Map(t)) => {
                let entries = self.entries(entries, |_| Some(t))?;
                Value::Map(Arc::new(Mapping { element: (**t).clone(), entries }))
            }
            (Json::Object(entries), Type::Object(fields)) if entries.len() == fields.len() => {
                let field = |name: &str| {
                    let place = fields.binary_search_by(|f| (*f.name).cmp(name)).ok()?;
                    fields.get(place).map(|f| &f.ty)
                };
                Value::Object(Arc::new(self.entries(entries, field)?))
            }
            _ => return Err(self.damaged(ty.friendly())),
        })
    }

    fn items<'t>(
        &mut self,
        items: &[Json],
        ty: impl Fn(usize) -> Option<&'t Type>,
    ) -> Result<Vec<Value>, WireError> {
        let mut values = Vec::with_capacity(items.len());
        for (i, json) in items.iter().enumerate() {
            self.at.0.push(WireStep::Place(u32::try_from(i).unwrap_or(u32::MAX)));
            values.push(self.value(json, ty(i).unwrap_or(&Type::Dynamic))?);
            self.at.0.pop();
        }
        Ok(values)
    }

    /// The entries of a JSON object are sorted already.
    fn entries<'t>(
        &mut self,
        entries: &serde_json::Map<String, Json>,
        ty: impl Fn(&str) -> Option<&'t Type>,
    ) -> Result<Vec<(Name, Value)>, WireError> {
        let mut values: Vec<(Name, Value)> = Vec::with_capacity(entries.len());
        for (name, json) in entries {
            self.at.0.push(WireStep::Name(name.clone()));
            let ty = ty(name).ok_or_else(|| self.damaged("no such attribute"))?;
            values.push((name.as_str().into(), self.value(json, ty)?));
            self.at.0.pop();
        }
        values.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(values)
    }
}

fn number(json: &Json) -> Option<Number> {
    match json {
        Json::Number(n) => n.as_i64().map(Number::from),
        Json::String(text) => match text.split_once('/') {
            Some((text, bits)) => Number::parse_with(text, bits.parse().ok()?),
            None => Number::parse(text),
        },
        _ => None,
    }
}

fn unknown(unknown: &WireUnknown, ty: &Type) -> Value {
    let WireUnknown { path: _, not_null, prefix, why } = unknown;
    let why = match why {
        WireWhy::AfterApply => Why::AfterApply,
        WireWhy::Deferred(address) => Why::Deferred(address.as_str().into()),
        WireWhy::Unreachable(at) => Why::Unreachable(Arc::new(scope(at))),
    };
    let prefix = prefix.as_deref().map(Into::into);
    Value::Unknown(Arc::new(Unknown { ty: ty.clone(), not_null: *not_null, prefix, why }))
}

fn scope(scope: &WireScope) -> Scope {
    let WireScope { provider, account, location, service } = scope;
    Scope {
        provider: provider.as_str().into(),
        account: account.as_str().into(),
        location: match location {
            WireLocation::Region(region) => Location::Region(RegionName::from(region.as_str())),
            WireLocation::Global(home) => {
                Location::Global { home: RegionName::from(home.as_str()) }
            }
        },
        service: service.as_str().into(),
    }
}
