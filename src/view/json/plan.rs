//! Plans as JSON.

use std::collections::BTreeMap;

use lifeboat_sdk::value::Step;
use lifeboat_sdk::value::json::{sensitive_shape, unknown_shape};
use lifeboat_sdk::{Marks, Path, Value};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::configuration::{Configuration, configuration};
use super::promotion::{approvers, fence, kept, promotion, retiring};
use super::state::{Document as StateDocument, Module, Resource, index, mode};
use super::{TERRAFORM_VERSION, raw, raw_or_null};
use crate::desired::Follows;
use crate::diff::Action;
use crate::engine::Loaded;
use crate::plan::file::{cause, reason};
use crate::plan::{Deferral, ObjectChange, OutputChange, Plan, Reason};

/// A value before and after.
#[derive(Serialize)]
pub(super) struct Change {
    actions: Vec<&'static str>,
    before: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Box<RawValue>>,
    after_unknown: Json,
    before_sensitive: Json,
    after_sensitive: Json,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replace_paths: Vec<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    importing: Option<Json>,
}

/// One object and what happens to it.
#[derive(Serialize)]
pub(super) struct ResourceChange {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module_address: Option<String>,
    mode: &'static str,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<Json>,
    provider_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
    change: Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

#[derive(Serialize)]
struct Deferred {
    reason: &'static str,
    detail: String,
    resource_change: ResourceChange,
}

#[derive(Serialize)]
struct PlannedOutput {
    sensitive: bool,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct PlannedValues {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<String, PlannedOutput>,
    root_module: Module,
}

#[derive(Serialize)]
struct Document {
    format_version: &'static str,
    terraform_version: &'static str,
    lifeboat_version: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variables: BTreeMap<String, BTreeMap<&'static str, Box<RawValue>>>,
    planned_values: PlannedValues,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_drift: Vec<ResourceChange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_changes: Vec<ResourceChange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deferred_changes: Vec<Deferred>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    output_changes: BTreeMap<String, Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prior_state: Option<StateDocument>,
    configuration: Configuration,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<Json>,
    scopes: Vec<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promotion: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approvers: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unprotected: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    returns_writable: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fence: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retiring: Option<Json>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    retired: Vec<Json>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fenced: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    evacuated: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    diverged: BTreeMap<String, u64>,
    timestamp: String,
    applyable: bool,
    complete: bool,
    incomplete: bool,
    errored: bool,
}

/// The plan document (`format_version` 1.2), with what the files declare that it was made from.
pub fn plan(plan: &Plan, loaded: &Loaded) -> Option<String> {
    let mut planned = Module::default();
    for change in &plan.changes {
        if change.deposed.is_none()
            && let Some(after) = &change.after
        {
            planned.insert(&change.address, resource(change, after));
        }
    }
    let variable = |v: &Value| BTreeMap::from([("value", raw_or_null(Some(v)))]);
    let outputs = plan.outputs.iter().filter(|(_, o)| o.after.is_some());
    let document = Document {
        format_version: "1.2",
        terraform_version: TERRAFORM_VERSION,
        lifeboat_version: env!("CARGO_PKG_VERSION"),
        variables: plan
            .inputs
            .variables
            .iter()
            .map(|(name, v)| (name.to_string(), variable(v)))
            .collect(),
        planned_values: PlannedValues {
            outputs: outputs.map(|(n, o)| (n.to_string(), planned_output(o))).collect(),
            root_module: planned,
        },
        resource_drift: plan.drift.iter().map(resource_change).collect(),
        resource_changes: plan
            .changes
            .iter()
            .filter(|c| c.deferred.is_none())
            .map(resource_change)
            .collect(),
        deferred_changes: plan.deferred().map(deferred).collect(),
        output_changes: plan
            .outputs
            .iter()
            .map(|(name, output)| (name.to_string(), output_change(output)))
            .collect(),
        prior_state: prior_state(plan).filled(),
        configuration: configuration(loaded),
        checks: plan.checks.iter().map(check).collect(),
        scopes: plan.scopes.iter().map(scope).collect(),
        promotion: promotion(plan),
        approvers: approvers(plan),
        unprotected: plan.unprotected.clone(),
        returns_writable: plan.returns_writable.iter().map(ToString::to_string).collect(),
        fence: fence(plan),
        retiring: retiring(plan),
        retired: plan.retired.iter().map(kept).collect(),
        fenced: plan.fenced.clone(),
        evacuated: plan.evacuated.clone(),
        diverged: plan.diverged.clone(),
        timestamp: plan.created.clone(),
        applyable: plan.has_changes(),
        complete: plan.deferred().next().is_none(),
        incomplete: plan.incomplete(),
        errored: false,
    };
    serde_json::to_string(&document).ok()
}

/// What there was when the plan was made, as the state document has it.
fn prior_state(plan: &Plan) -> StateDocument {
    let there = |c: &&ObjectChange| c.deposed.is_none() && c.action != Action::Read;
    let objects = plan.changes.iter().filter(there).filter_map(|change| {
        let before = resource(change, change.before.as_ref()?);
        let depends_on = change.depends_on.iter().map(ToString::to_string).collect();
        let tainted = change.reason == Some(Reason::Tainted);
        Some((&change.address, Resource { depends_on, tainted, ..before }))
    });
    let outputs = plan.outputs.iter().filter_map(|(name, output)| {
        let before = output.before.clone()?;
        Some((name, if output.sensitive { before.sensitive() } else { before }))
    });
    StateDocument::of(objects, outputs)
}

fn resource(change: &ObjectChange, document: &Value) -> Resource {
    Resource {
        address: change.address.to_string(),
        mode: mode(change.address.mode),
        kind: change.address.kind.to_string(),
        name: change.address.name.to_string(),
        index: index(&change.address),
        provider_name: change.provider_source.to_string(),
        schema_version: change.schema_version,
        values: raw_or_null(Some(document)),
        sensitive_values: sensitive_shape(document),
        depends_on: Vec::new(),
        tainted: false,
    }
}

fn planned_output(output: &OutputChange) -> PlannedOutput {
    let value = output.after.as_ref();
    let known = value.filter(|v| v.is_wholly_known());
    PlannedOutput {
        sensitive: output.sensitive,
        ty: known.map(|v| lifeboat_sdk::value::json::type_to_json(&v.ty())),
        value: raw(known).filter(|_| !output.sensitive),
    }
}

fn actions(change: &ObjectChange) -> Vec<&'static str> {
    match change.action {
        Action::NoOp => vec!["no-op"],
        Action::Create => vec!["create"],
        Action::Read => vec!["read"],
        Action::Update => vec!["update"],
        Action::Delete => vec!["delete"],
        Action::Forget => vec!["forget"],
        Action::Replace if change.create_before_destroy => vec!["create", "delete"],
        Action::Replace => vec!["delete", "create"],
    }
}

/// A change in Terraform's shape.
pub(super) fn resource_change(change: &ObjectChange) -> ResourceChange {
    let at = &change.address;
    let before = match change.action {
        Action::Read => None,
        _ => change.before.as_ref(),
    };
    let after = change.after.as_ref();
    let sensitive = |v: Option<&Value>| v.map_or(json!(false), sensitive_shape);
    let gone = after.is_none();
    ResourceChange {
        address: at.to_string(),
        previous_address: change.previous_address.as_ref().map(ToString::to_string),
        module_address: (!at.module.is_root()).then(|| at.module.to_string()),
        mode: mode(at.mode),
        kind: at.kind.to_string(),
        name: at.name.to_string(),
        index: index(at),
        provider_name: change.provider_source.to_string(),
        deposed: change.deposed.as_ref().map(ToString::to_string),
        change: Change {
            actions: actions(change),
            before: raw_or_null(before),
            after: Some(raw_or_null(after)),
            after_unknown: if gone { json!({}) } else { after.map_or(json!({}), unknown_shape) },
            before_sensitive: sensitive(before),
            after_sensitive: sensitive(after),
            replace_paths: change.replace_paths.iter().map(path).collect(),
            importing: change.importing.as_ref().map(|id| json!({ "id": &**id })),
        },
        action_reason: change.reason.as_ref().map(reason),
        follows: change.follows.map(Follows::word),
        region: change.scope.as_ref().map(|s| s.location.to_string()),
    }
}

/// One change, as the plan document has it.
pub fn change(change: &ObjectChange) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(&resource_change(change)).ok()
}

fn path(path: &Path) -> Json {
    let steps = path.0.iter().map(|step| match step {
        Step::Attr(name) | Step::Key(name) => json!(&**name),
        Step::Index(n) => json!(n),
    });
    Json::Array(steps.collect())
}

fn deferred(change: &ObjectChange) -> Deferred {
    let (reason, detail) = match &change.deferred {
        Some(Deferral::Unreachable { scope, message }) => {
            ("region_unreachable", format!("{scope}: {message}"))
        }
        Some(Deferral::Needs(address)) => ("deferred_prereq", address.clone()),
        Some(Deferral::InDoubt(why)) => ("in_doubt", why.clone()),
        Some(Deferral::UnknownInstances) | None => ("instance_count_unknown", String::new()),
    };
    Deferred { reason, detail, resource_change: resource_change(change) }
}

/// The same of an output.
pub(super) fn output_change(output: &OutputChange) -> Change {
    let actions = match (&output.before, &output.after) {
        (None, None) => "no-op",
        (None, Some(_)) => "create",
        (Some(_), None) => "delete",
        (Some(b), Some(a)) if a == b => "no-op",
        _ => "update",
    };
    let secret = |v: Option<&Value>| {
        json!(output.sensitive || v.is_some_and(|v| v.marks_deep().contains(Marks::SENSITIVE)))
    };
    let hide =
        |v: Option<&Value>| v.cloned().map(|v| if output.sensitive { v.sensitive() } else { v });
    let (before, after) = (hide(output.before.as_ref()), hide(output.after.as_ref()));
    let unknown = after.as_ref().map_or(json!(false), |v| match unknown_shape(v) {
        Json::Object(map) if map.is_empty() && v.is_wholly_known() => json!(false),
        _ if v.is_wholly_known() => json!(false),
        shape => shape,
    });
    let wholly_unknown = after.as_ref().is_some_and(Value::is_unknown);
    Change {
        actions: vec![actions],
        before: raw_or_null(before.as_ref()),
        after: (!wholly_unknown).then(|| raw_or_null(after.as_ref())),
        after_unknown: unknown,
        before_sensitive: secret(output.before.as_ref()),
        after_sensitive: secret(output.after.as_ref()),
        replace_paths: Vec::new(),
        importing: None,
    }
}

fn check(check: &crate::plan::CheckResult) -> Json {
    let status = match check.passed {
        Some(true) => "pass",
        Some(false) => "fail",
        None => "unknown",
    };
    let name = check.address.rsplit('.').next().unwrap_or_default();
    let problems: Vec<Json> = check.messages.iter().map(|m| json!({ "message": m })).collect();
    let instance = json!({
        "address": { "to_display": check.address }, "status": status, "problems": problems,
    });
    json!({
        "address": { "kind": check.kind, "name": name, "to_display": check.address },
        "status": status,
        "instances": [instance],
    })
}

fn scope(status: &crate::plan::ScopeStatus) -> Json {
    json!({
        "provider": &*status.scope.provider,
        "account": &*status.scope.account,
        "location": status.scope.location.to_string(),
        "service": &*status.scope.service,
        "status": status.trouble.as_ref().map_or("ok", |(c, _)| cause(c)),
        "message": status.trouble.as_ref().map(|(_, message)| message),
        "objects": status.objects,
        "unread": status.unread,
    })
}
