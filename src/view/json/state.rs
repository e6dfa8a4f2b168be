//! State as JSON.

use std::collections::BTreeMap;

use lifeboat_sdk::value::json::{Secrets, sensitive_shape, shown, type_to_json};
use lifeboat_sdk::{Name, Value};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::{TERRAFORM_VERSION, raw_or_null};
use crate::address::{Address, Key, Mode};
use crate::plan::resolve::Previous;

/// One object.
#[derive(Serialize)]
pub(super) struct Resource {
    pub address: String,
    pub mode: &'static str,
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Json>,
    pub provider_name: String,
    pub schema_version: u32,
    pub values: Box<RawValue>,
    pub sensitive_values: Json,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
}

/// A module and what is in it.
#[derive(Default, Serialize)]
pub(super) struct Module {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub child_modules: Vec<Module>,
}

impl Module {
    /// Puts a resource where its address says.
    pub(super) fn insert(&mut self, at: &Address, resource: Resource) {
        let mut here = self;
        let mut path = crate::address::ModulePath::root();
        for step in &at.module.0 {
            path = path.child(&step.name, step.key.clone());
            let text = path.to_string();
            let found = here.child_modules.iter().position(|m| m.address == text);
            let position = found.unwrap_or_else(|| {
                here.child_modules.push(Self { address: text, ..Self::default() });
                here.child_modules.len() - 1
            });
            here = &mut here.child_modules[position];
        }
        here.resources.push(resource);
    }
}

/// The key of an instance.
pub(super) fn index(at: &Address) -> Option<Json> {
    at.key.as_ref().map(|key| match key {
        Key::Text(text) => json!(&**text),
        Key::Index(n) => json!(n),
    })
}

pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
    }
}

#[derive(Serialize)]
struct Output {
    sensitive: bool,
    value: Box<RawValue>,
    #[serde(rename = "type")]
    ty: Json,
}

fn output(value: &Value, secrets: Secrets) -> Output {
    use lifeboat_sdk::Marks;
    let sensitive = value.marks_deep().contains(Marks::SENSITIVE);
    let text = shown(value, secrets).and_then(|text| RawValue::from_string(text).ok());
    Output {
        sensitive,
        value: text.unwrap_or_else(|| RawValue::NULL.to_owned()),
        ty: type_to_json(&value.ty()),
    }
}

/// `output -json`: all outputs, or the value of one; this reveals, as Terraform's does.
pub fn outputs(outputs: &BTreeMap<Name, Value>, one: Option<&str>) -> Option<String> {
    if let Some(name) = one {
        return Some(output(outputs.get(name)?, Secrets::Reveal).value.get().to_owned());
    }
    let all: BTreeMap<&str, Output> =
        outputs.iter().map(|(n, v)| (&**n, output(v, Secrets::Reveal))).collect();
    serde_json::to_string_pretty(&all).ok()
}

#[derive(Serialize)]
struct Values {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<String, Output>,
    root_module: Module,
}

/// A state (`format_version` 1.0).
#[derive(Serialize)]
pub(super) struct Document {
    format_version: &'static str,
    terraform_version: &'static str,
    lifeboat_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Values>,
}

impl Document {
    /// Of objects and outputs.
    pub(super) fn of<'a>(
        objects: impl Iterator<Item = (&'a Address, Resource)>,
        outputs: impl Iterator<Item = (&'a Name, Value)>,
    ) -> Self {
        let mut root_module = Module::default();
        let mut some = false;
        for (at, resource) in objects {
            root_module.insert(at, resource);
            some = true;
        }
        let outputs: BTreeMap<String, Output> =
            outputs.map(|(n, v)| (n.to_string(), output(&v, Secrets::Hide))).collect();
        some |= !outputs.is_empty();
        Self {
            format_version: "1.0",
            terraform_version: TERRAFORM_VERSION,
            lifeboat_version: env!("CARGO_PKG_VERSION"),
            values: some.then_some(Values { outputs, root_module }),
        }
    }

    /// The document, unless it holds nothing.
    pub(super) fn filled(self) -> Option<Self> {
        self.values.is_some().then_some(self)
    }
}

/// The state document.
pub fn state(
    objects: &BTreeMap<Address, Previous>,
    values: &BTreeMap<Name, Value>,
    source: &dyn Fn(&str) -> &'static str,
) -> Option<String> {
    let resource = |at: &Address, object: &Previous| Resource {
        address: at.to_string(),
        mode: mode(at.mode),
        kind: at.kind.to_string(),
        name: at.name.to_string(),
        index: index(at),
        provider_name: source(&object.provider).to_owned(),
        schema_version: 0,
        values: raw_or_null(Some(&object.document)),
        sensitive_values: sensitive_shape(&object.document),
        depends_on: object.depends_on.iter().map(ToString::to_string).collect(),
        tainted: object.tainted,
    };
    let objects = objects.iter().map(|(at, object)| (at, resource(at, object)));
    let values = values.iter().map(|(name, value)| (name, value.clone()));
    serde_json::to_string(&Document::of(objects, values)).ok()
}
