//! State as Terraform's state files have it (version 4), for `state pull`: what reads those reads
//! this. Sensitive values are null; `sensitive_attributes` says where they were.

use std::collections::BTreeMap;

use lifeboat_sdk::value::json::type_to_json;
use lifeboat_sdk::{Marks, Name, Value};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::state::{index, mode};
use super::{TERRAFORM_VERSION, raw_or_null};
use crate::address::Address;
use crate::plan::resolve::Previous;

/// Which state it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its generation; 0 before the first.
    pub serial: u64,
    /// Its lineage; empty before the first.
    pub lineage: String,
}

#[derive(Serialize)]
struct Document {
    version: u32,
    terraform_version: &'static str,
    lifeboat_version: &'static str,
    serial: u64,
    lineage: String,
    outputs: BTreeMap<String, Output>,
    resources: Vec<Resource>,
    check_results: Option<Json>,
}

#[derive(Serialize)]
struct Output {
    value: Box<RawValue>,
    #[serde(rename = "type")]
    ty: Json,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sensitive: bool,
}

#[derive(Serialize)]
struct Resource {
    #[serde(skip_serializing_if = "String::is_empty")]
    module: String,
    mode: &'static str,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    provider: String,
    instances: Vec<Instance>,
}

#[derive(Serialize)]
struct Instance {
    #[serde(skip_serializing_if = "Option::is_none")]
    index_key: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
    schema_version: u32,
    attributes: Box<RawValue>,
    sensitive_attributes: Vec<Vec<Json>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    create_before_destroy: bool,
}

/// The document; `source` gives the address of a provider.
pub fn tfstate(
    head: &Head,
    objects: &BTreeMap<Address, Previous>,
    outputs: &BTreeMap<Name, Value>,
    source: &dyn Fn(&str) -> &'static str,
) -> Option<String> {
    let mut resources: Vec<(Address, Resource)> = Vec::new();
    for (at, object) in objects {
        let instances = instances(at, object);
        match resources.last_mut() {
            Some((whole, resource)) if *whole == at.whole() => resource.instances.extend(instances),
            _ => resources.push((at.whole(), resource(at, object, instances, source))),
        }
    }
    let document = Document {
        version: 4,
        terraform_version: TERRAFORM_VERSION,
        lifeboat_version: env!("CARGO_PKG_VERSION"),
        serial: head.serial,
        lineage: head.lineage.clone(),
        outputs: outputs.iter().map(|(name, value)| (name.to_string(), output(value))).collect(),
        resources: resources.into_iter().map(|(_, resource)| resource).collect(),
        check_results: None,
    };
    serde_json::to_string_pretty(&document).ok()
}

fn output(value: &Value) -> Output {
    Output {
        value: raw_or_null(Some(value)),
        ty: type_to_json(&value.ty()),
        sensitive: value.marks_deep().contains(Marks::SENSITIVE),
    }
}

fn resource(
    at: &Address,
    object: &Previous,
    instances: Vec<Instance>,
    source: &dyn Fn(&str) -> &'static str,
) -> Resource {
    let alias = object.provider.split_once('.').map(|(_, alias)| format!(".{alias}"));
    let provider = source(&object.provider);
    Resource {
        module: at.module.to_string(),
        mode: mode(at.mode),
        kind: at.kind.to_string(),
        name: at.name.to_string(),
        provider: format!("provider[\"{provider}\"]{}", alias.unwrap_or_default()),
        instances,
    }
}

/// The object itself, and what replacements left behind.
fn instances(at: &Address, object: &Previous) -> Vec<Instance> {
    let mut all = Vec::new();
    let instance = |deposed: Option<String>, document: &Value| Instance {
        index_key: index(at),
        status: (object.tainted && deposed.is_none()).then_some("tainted"),
        deposed,
        schema_version: 0,
        attributes: raw_or_null(Some(document)),
        sensitive_attributes: sensitive(document),
        dependencies: object.depends_on.iter().map(ToString::to_string).collect(),
        create_before_destroy: object.create_before_destroy,
    };
    if !object.only_deposed {
        all.push(instance(None, &object.document));
    }
    for (key, _, document) in &object.deposed {
        all.push(instance(Some(key.to_string()), document));
    }
    all
}

/// The paths of sensitive parts, outermost only; of a set, whose elements have no place, the set.
fn sensitive(value: &Value) -> Vec<Vec<Json>> {
    let mut out = Vec::new();
    collect(value, &mut Vec::new(), &mut out);
    out
}

fn collect(value: &Value, at: &mut Vec<Json>, out: &mut Vec<Vec<Json>>) {
    let (bare, marks) = value.unmark();
    let deep = matches!(bare, Value::Set(_)).then(|| value.marks_deep());
    if (marks | deep.unwrap_or(marks)).contains(Marks::SENSITIVE) {
        out.push(at.clone());
        return;
    }
    let indexed =
        |ty: &str, key: Json| json!({ "type": "index", "value": { "value": key, "type": ty } });
    let object = matches!(bare, Value::Object(_));
    for (name, part) in bare.entries().unwrap_or_default() {
        at.push(match object {
            true => json!({ "type": "get_attr", "value": &**name }),
            false => indexed("string", json!(&**name)),
        });
        collect(part, at, out);
        at.pop();
    }
    for (i, part) in bare.items().unwrap_or_default().iter().enumerate() {
        at.push(indexed("number", json!(i)));
        collect(part, at, out);
        at.pop();
    }
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::Type;

    use super::*;

    #[test]
    fn paths_lead_to_what_is_sensitive_and_no_further() {
        let secret = || Value::string("s").sensitive();
        let value = Value::object([
            ("a".into(), secret()),
            ("b".into(), Value::tuple(vec![Value::string("x"), secret()])),
            ("c".into(), Value::map(Type::String, [("k".into(), secret())])),
            ("d".into(), Value::set(Type::String, vec![secret(), Value::string("y")])),
            ("e".into(), Value::object([("f".into(), secret())]).sensitive()),
            ("g".into(), Value::string("open")),
        ]);
        let paths = Json::from(sensitive(&value).into_iter().map(Json::from).collect::<Vec<_>>());
        let get = |name: &str| json!({ "type": "get_attr", "value": name });
        let index =
            |ty: &str, key: Json| json!({ "type": "index", "value": { "value": key, "type": ty } });
        let expected = json!([
            [get("a")],
            [get("b"), index("number", json!(1))],
            [get("c"), index("string", json!("k"))],
            [get("d")],
            [get("e")],
        ]);
        assert_eq!(paths, expected);
    }
}
