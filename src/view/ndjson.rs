//! The lines of `-json` that tell a plan and an outcome, as Terraform's user interface has them.

use std::collections::BTreeMap;

use lifeboat_sdk::value::json::{Secrets, shown, type_to_json};
use lifeboat_sdk::{Marks, Name, Value, counted};
use serde_json::{Value as Json, json};

use super::output::Output;
use super::plan::{Counts, counts, word};
use super::progress::resource;
use super::{json, kept, literal, promotion};
use crate::diff::Action;
use crate::engine::console::Answer;
use crate::engine::{Made, Unmanaged};
use crate::plan::file::reason;
use crate::plan::{Act, ObjectChange, Plan, ScopeStatus};

/// The first line.
pub fn version(output: &Output) {
    let version = env!("CARGO_PKG_VERSION");
    let body = json!({ "terraform": json::TERRAFORM_VERSION, "lifeboat": version, "ui": "1.2" });
    output.event("version", "info", &format!("lifeboat {version}"), body);
}

fn action(change: &ObjectChange) -> &'static str {
    match change.action {
        Action::NoOp if change.importing.is_some() => "import",
        Action::NoOp if change.previous_address.is_some() => "move",
        Action::NoOp => "noop",
        Action::Create => "create",
        Action::Read => "read",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Forget => "remove",
    }
}

/// Terraform's short reason in these lines.
fn short_reason(change: &ObjectChange) -> Option<String> {
    let long = change.reason.as_ref().map(reason)?;
    Some(match long {
        "replace_because_tainted" => "tainted".to_owned(),
        "replace_by_request" => "requested".to_owned(),
        "replace_by_triggers" => "replace_triggered_by".to_owned(),
        "replace_because_cannot_update" => "cannot_update".to_owned(),
        other => other.to_owned(),
    })
}

fn line(output: &Output, kind: &str, change: &ObjectChange, verb: &str) {
    let mut body = json!({ "resource": resource(&change.address), "action": action(change) });
    if let Some(reason) = short_reason(change) {
        body["reason"] = json!(reason);
    }
    if let Some(how) = change.follows {
        body["follows"] = json!(how.word());
    }
    if let Some(from) = &change.previous_address {
        body["previous_resource"] = resource(from);
    }
    if let Some(id) = &change.importing {
        body["importing"] = json!({ "id": &**id });
    }
    let message = format!("{}: {verb} {}", change.address, action(change));
    output.event(kind, "info", &message, json!({ "change": body }));
}

/// All lines of a plan.
pub fn plan(output: &Output, plan: &Plan, operation: &str) {
    changes(output, plan);
    summary(output, plan, operation);
}

/// What changed and what would change, object by object, and how each place answered.
fn changes(output: &Output, plan: &Plan) {
    for change in &plan.drift {
        line(output, "resource_drift", change, "Drift detected,");
    }
    for change in plan.changes.iter().filter(|c| c.deferred.is_none()) {
        let quiet = change.action == Action::NoOp
            && change.previous_address.is_none()
            && change.importing.is_none();
        if !quiet {
            line(output, "planned_change", change, "Plan to");
        }
    }
    if let (Some(message), Some(body)) = (promotion::title(plan), json::promotion(plan)) {
        output.event("promotion", "info", &message, json!({ "promotion": body }));
    }
    if let (Some(message), Some(body)) = (promotion::approvers(plan), json::approvers(plan)) {
        output.event("approvers_change", "info", &message, json!({ "approvers": body }));
    }
    fenced(output, plan);
    unprotected(output, plan);
    returning(output, plan);
    deferred(output, plan);
    for status in plan.scopes.iter().filter(|s| s.trouble.is_some()) {
        scope(output, status);
    }
}

/// The counts, and the outputs.
fn summary(output: &Output, plan: &Plan, operation: &str) {
    let counts = counts(plan);
    let message = format!(
        "Plan: {} to add, {} to change, {} to destroy.",
        counts.add, counts.change, counts.destroy
    );
    let body = json!({ "incomplete": plan.incomplete(), "changes": totals(&counts, operation) });
    output.event("change_summary", "info", &message, body);
    if !plan.outputs.is_empty() {
        let all: BTreeMap<&str, Json> = plan
            .outputs
            .iter()
            .map(|(name, o)| {
                let action = match (&o.before, &o.after) {
                    (None, _) => "create",
                    (Some(_), None) => "delete",
                    (Some(b), Some(a)) if a == b => "noop",
                    _ => "update",
                };
                (&**name, json!({ "sensitive": o.sensitive, "action": action }))
            })
            .collect();
        output.event(
            "outputs",
            "info",
            &format!("Outputs: {}", all.len()),
            json!({ "outputs": all }),
        );
    }
}

/// What a plan is about that is about fences alone, and which regions are fenced by hand.
fn fenced(output: &Output, plan: &Plan) {
    if let (Some(message), Some(body)) = (promotion::fencing(plan), json::fence(plan)) {
        output.event("fence_change", "info", &message, json!({ "fence": body }));
    }
    if let (Some(message), Some(body)) = (kept::retiring(plan), json::retiring(plan)) {
        output.event("retirement", "info", &message, json!({ "retiring": body }));
    }
    for one in &plan.retired {
        let body = json!({ "retired": json::kept(one) });
        output.event("retired", "info", &kept::kept(one), body);
    }
    for task in plan.surveys() {
        let message = format!("{}: Plan to list what its region holds alone", task.about);
        output.event("planned_survey", "info", &message, json!({ "about": &*task.about }));
    }
    for task in plan.tasks(Act::Backfill) {
        let (message, about) = (promotion::backfill(task), &*task.about);
        output.event("planned_backfill", "info", &message, json!({ "about": about }));
    }
    for (message, task) in kept::reprotects(plan).iter().zip(plan.tasks(Act::Hook)) {
        output.event("planned_hook", "info", message, json!({ "about": &*task.about }));
    }
    for (region, count) in &plan.diverged {
        let message = promotion::diverged(region, *count);
        let body = json!({ "diverged": { "region": region, "count": count } });
        output.event("diverged", "warn", &message, body);
    }
    for (region, since) in &plan.fenced {
        let message = promotion::fenced(region, since);
        let body = json!({ "fenced": { "region": region, "since": since } });
        output.event("fenced", "warn", &message, body);
    }
    for (region, since) in &plan.evacuated {
        let message = promotion::evacuated(region, since);
        let body = json!({ "evacuated": { "region": region, "since": since } });
        output.event("evacuated", "warn", &message, body);
    }
}

/// That the primary's data has no copy, and since when.
fn unprotected(output: &Output, plan: &Plan) {
    if let Some(since) = &plan.unprotected {
        let message = promotion::unprotected(since);
        output.event("unprotected", "warn", &message, json!({ "unprotected": { "since": since } }));
    }
}

/// Where writes are taken again as soon as a region returns.
fn returning(output: &Output, plan: &Plan) {
    for region in &plan.returns_writable {
        let message = promotion::returns_writable(region);
        let body = json!({ "returns_writable": { "region": &**region } });
        output.event("returns_writable", "warn", &message, body);
    }
}

/// What waits for what cannot be reached.
fn deferred(output: &Output, plan: &Plan) {
    for change in plan.deferred() {
        let reason = change.deferred.as_ref().map(super::plan::deferral).unwrap_or_default();
        let body = json!({ "resource": resource(&change.address), "action": action(change), "deferred": reason });
        let message = format!("{}: Deferred, {reason}", change.address);
        output.event("deferred_change", "warn", &message, json!({ "change": body }));
    }
}

/// All lines of `drift`.
pub fn drift(output: &Output, made: &Made) {
    let plan = &made.plan;
    for change in &plan.drift {
        line(output, "resource_drift", change, "Drift detected,");
    }
    fenced(output, plan);
    unprotected(output, plan);
    returning(output, plan);
    deferred(output, plan);
    for status in &plan.scopes {
        scope(output, status);
    }
    let strays = made.unmanaged.as_ref();
    strays.into_iter().for_each(|strays| unmanaged(output, strays));
    // Without a verdict there are no counts of one.
    if made.diagnostics.has_errors() {
        return;
    }
    let (changed, gone) = super::drift::counts(plan);
    let counts = Counts { change: changed, destroy: gone, ..Counts::default() };
    let incomplete = plan.incomplete() || strays.is_some_and(|it| !it.complete());
    let mut body = json!({ "incomplete": incomplete, "changes": totals(&counts, "drift") });
    if let Some(strays) = strays {
        body["changes"]["unmanaged"] = json!(strays.objects.len());
    }
    output.event("change_summary", "info", &super::drift::summary(made), body);
}

/// What carries our tags and is in no state, and what could not be looked through for it.
fn unmanaged(output: &Output, strays: &Unmanaged) {
    for stray in &strays.objects {
        let (id, at) = (&*stray.tagged.id, &*stray.tagged.owner.address);
        let location = stray.scope.location.to_string();
        let text = format!("{} {id} in {location}: In no state, tagged {at}", stray.kind);
        let body = json!({
            "type": &*stray.kind,
            "id": id,
            "location": location,
            "tagged_address": at,
            "address_in_state": stray.replaced,
        });
        output.event("unmanaged_object", "info", &text, json!({ "object": body }));
    }
    for one in &strays.unlisted {
        let location = one.scope.location.to_string();
        let text = format!("{} in {location}: Not listed ({})", one.kind, word(&one.cause));
        let body = json!({
            "type": &*one.kind,
            "id": one.id.as_deref(),
            "location": location,
            "cause": word(&one.cause),
            "message": one.message,
        });
        output.event("inventory_status", "warn", &text, json!({ "inventory": body }));
    }
    for kind in &strays.blind {
        let text = format!("{kind}: Not looked for, no listing tells tags");
        let body = json!({ "type": &**kind, "cause": "no listing tells tags" });
        output.event("inventory_status", "info", &text, json!({ "inventory": body }));
    }
}

/// How a scope answered: `drift` tells it of each, the others of those that could not be read.
fn scope(output: &Output, status: &ScopeStatus) {
    let ScopeStatus { scope, trouble, objects, unread } = status;
    let name = format!("{} {}", scope.location, scope.service);
    let mut body = json!({
        "location": scope.location.to_string(),
        "service": &*scope.service,
        "objects": objects,
        "unread": unread,
    });
    let Some((cause, message)) = trouble else {
        let text = format!("{name}: {}, read", counted(*objects, "object"));
        return output.event("scope_status", "info", &text, json!({ "scope": body }));
    };
    body["cause"] = json!(word(cause));
    body["message"] = json!(message);
    let text =
        format!("{name}: {unread} of {} unread ({})", counted(*objects, "object"), word(cause));
    output.event("scope_status", "warn", &text, json!({ "scope": body }));
}

fn totals(counts: &Counts, operation: &str) -> Json {
    json!({
        "add": counts.add,
        "change": counts.change,
        "import": counts.import,
        "remove": counts.destroy,
        "operation": operation,
    })
}

/// The last lines of an apply.
pub fn applied(output: &Output, counts: &crate::apply::Counts, operation: &str, message: &str) {
    let body = json!({ "changes": {
        "add": counts.added,
        "change": counts.changed,
        "import": counts.imported,
        "remove": counts.destroyed,
        "operation": operation,
    } });
    output.event("change_summary", "info", message, body);
}

/// Outputs after an apply; sensitive values are left out.
pub fn outputs(output: &Output, values: &BTreeMap<Name, Value>) {
    let all: BTreeMap<&str, Json> =
        values.iter().map(|(name, value)| (&**name, told(value))).collect();
    output.event("outputs", "info", &format!("Outputs: {}", all.len()), json!({ "outputs": all }));
}

/// A value with its type; what is sensitive or unknown is left out.
fn told(value: &Value) -> Json {
    let sensitive = value.marks_deep().contains(Marks::SENSITIVE);
    let mut body = json!({ "sensitive": sensitive, "type": type_to_json(&value.ty()) });
    let text = shown(value, Secrets::Hide).filter(|_| !sensitive);
    if let Some(value) = text.and_then(|t| serde_json::from_str::<Json>(&t).ok()) {
        body["value"] = value;
    }
    body
}

/// What an expression of the console comes to.
pub fn answer(output: &Output, answer: &Answer) {
    match answer {
        Answer::Value(value) => {
            let body = json!({ "answer": told(value) });
            output.event("answer", "info", &literal::value(value, 0), body);
        }
        Answer::Type(ty) => {
            let body = json!({ "answer": { "type": type_to_json(ty) } });
            output.event("answer", "info", &literal::ty(ty, 0), body);
        }
    }
}
