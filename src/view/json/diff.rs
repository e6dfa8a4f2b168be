//! The differences between two generations of state as JSON, in the shapes of a plan's changes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::TERRAFORM_VERSION;
use super::plan::{Change, ResourceChange, output_change, resource_change};
use crate::engine::compare::{Comparison, Difference};

#[derive(Serialize)]
struct Object {
    #[serde(flatten)]
    change: ResourceChange,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Document {
    format_version: &'static str,
    terraform_version: &'static str,
    lifeboat_version: &'static str,
    old_serial: u64,
    new_serial: u64,
    resource_changes: Vec<Object>,
    output_changes: BTreeMap<String, Change>,
}

/// What differs between the generations `old` and `new`; outputs that do not are left out.
pub fn diff((old, new): (u64, u64), found: &Comparison) -> Option<String> {
    let object =
        |it: &Difference| Object { change: resource_change(&it.change), notes: it.notes.clone() };
    let outputs = found.outputs.iter().filter(|(_, output)| output.before != output.after);
    let document = Document {
        format_version: "1.0",
        terraform_version: TERRAFORM_VERSION,
        lifeboat_version: env!("CARGO_PKG_VERSION"),
        old_serial: old,
        new_serial: new,
        resource_changes: found.objects.iter().map(object).collect(),
        output_changes: outputs.map(|(n, o)| (n.to_string(), output_change(o))).collect(),
    };
    serde_json::to_string(&document).ok()
}
