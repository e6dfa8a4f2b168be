//! Values to their stored form.

use serde_json::{Map, Value as Json};

use super::{
    MAX_DEPTH, Wire, WireError, WireLocation, WirePath, WireScope, WireStep, WireType, WireUnknown,
    WireWhy,
};
use crate::scope::{Location, Scope};
use crate::value::json::type_to_json;
use crate::value::{Marks, Name, Number, Path, Step, Type, Unknown, Value, Why};

/// The stored form of a value.
pub(super) fn wire(value: &Value) -> Result<Wire, WireError> {
    let ty = value.ty();
    if depth(&ty) > MAX_DEPTH {
        return Err(WireError::TooDeep);
    }
    let mut writer = Writer::default();
    let content = writer.value(value)?;
    let Writer { at: _, types, unknown, sensitive } = writer;
    Ok(Wire { ty: type_to_json(&ty), value: content, types, unknown, sensitive })
}

/// How deep a type is nested.
pub(super) fn depth(ty: &Type) -> usize {
    1 + match ty {
        Type::Dynamic | Type::Bool | Type::Number | Type::String => 0,
        Type::List(t) | Type::Set(t) | Type::Map(t) => depth(t),
        Type::Tuple(ts) => ts.iter().map(depth).max().unwrap_or(0),
        Type::Object(fields) => fields.iter().map(|f| depth(&f.ty)).max().unwrap_or(0),
    }
}

#[derive(Default)]
struct Writer {
    at: Vec<Step>,
    types: Vec<WireType>,
    unknown: Vec<WireUnknown>,
    sensitive: Vec<WirePath>,
}

impl Writer {
    fn path(&self) -> WirePath {
        WirePath(self.at.iter().map(step).collect())
    }

    fn value(&mut self, value: &Value) -> Result<Json, WireError> {
        if self.at.len() >= MAX_DEPTH {
            return Err(WireError::TooDeep);
        }
        let (bare, marks) = value.unmark();
        if marks.contains(Marks::EPHEMERAL) {
            return Err(WireError::Ephemeral(Path(self.at.clone())));
        }
        if marks.contains(Marks::SENSITIVE) {
            self.sensitive.push(self.path());
        }
        Ok(match bare {
            Value::Null(_) => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Number(n) => number(n),
            Value::String(text) => Json::String(text.to_string()),
            Value::List(s) | Value::Set(s) => self.items(&s.items, Some(&s.element))?,
            Value::Tuple(items) => self.items(items, None)?,
            Value::Map(m) => self.entries(&m.entries, Some(&m.element))?,
            Value::Object(entries) => self.entries(entries, None)?,
            Value::Unknown(u) => {
                self.unknown.push(unknown(u, self.path()));
                Json::Null
            }
            Value::Marked(m) => self.value(&m.value)?,
        })
    }

    /// A part; `ty` is what its collection says of it.
    fn part(&mut self, step: Step, value: &Value, ty: Option<&Type>) -> Result<Json, WireError> {
        self.at.push(step);
        if let Some(ty) = ty {
            let own = value.ty();
            if own != *ty {
                if depth(&own) > MAX_DEPTH {
                    return Err(WireError::TooDeep);
                }
                self.types.push(WireType { path: self.path(), ty: type_to_json(&own) });
            }
        }
        let json = self.value(value);
        self.at.pop();
        json
    }

    fn items(&mut self, items: &[Value], ty: Option<&Type>) -> Result<Json, WireError> {
        let items = items.iter().enumerate();
        items.map(|(i, item)| self.part(Step::Index(i), item, ty)).collect()
    }

    fn entries(&mut self, entries: &[(Name, Value)], ty: Option<&Type>) -> Result<Json, WireError> {
        let mut object = Map::new();
        for (name, value) in entries {
            let step = match ty {
                Some(_) => Step::Key(name.clone()),
                None => Step::Attr(name.clone()),
            };
            object.insert(name.to_string(), self.part(step, value, ty)?);
        }
        Ok(Json::Object(object))
    }
}

fn step(step: &Step) -> WireStep {
    match step {
        Step::Attr(name) | Step::Key(name) => WireStep::Name(name.to_string()),
        Step::Index(n) => WireStep::Place(u32::try_from(*n).unwrap_or(u32::MAX)),
    }
}

fn number(n: &Number) -> Json {
    match (n.precision(), n.as_i64()) {
        (64, Some(machine)) => machine.into(),
        (512, _) => n.to_string().into(),
        (bits, _) => format!("{n}/{bits}").into(),
    }
}

fn unknown(unknown: &Unknown, path: WirePath) -> WireUnknown {
    let Unknown { ty: _, not_null, prefix, why } = unknown;
    let why = match why {
        Why::AfterApply => WireWhy::AfterApply,
        Why::Deferred(address) => WireWhy::Deferred(address.to_string()),
        Why::Unreachable(at) => WireWhy::Unreachable(scope(at)),
    };
    WireUnknown { path, not_null: *not_null, prefix: prefix.as_deref().map(str::to_owned), why }
}

fn scope(scope: &Scope) -> WireScope {
    let Scope { provider, account, location, service } = scope;
    WireScope {
        provider: provider.to_string(),
        account: account.to_string(),
        location: match location {
            Location::Region(region) => WireLocation::Region(region.to_string()),
            Location::Global { home } => WireLocation::Global(home.to_string()),
        },
        service: service.to_string(),
    }
}
