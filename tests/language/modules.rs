//! The suite of modules: steps in one folder, each compared in all that the case expects.

use std::collections::BTreeSet;
use std::path::Path;

use lifeboat_sdk::{Name, Type, Value};

use super::corpus::{Verdict, copy, write};
use super::json::{at, items, members, parse, same, text, whole};
use super::report::{Report, compare_all, of_stream, of_validate};
use crate::cli::Case;
use crate::cli::case::Ran;

/// What a step came to.
#[derive(Default)]
struct Came {
    exit: i32,
    reports: Vec<Report>,
    /// `plan`, `outputs`, `resources`, `stdout`
    parts: Vec<(&'static str, Value)>,
}

/// Runs a case.
pub(super) fn judge(case: &Value, source: &Path) -> Verdict {
    let folder = Case::new();
    copy(source, &folder.path("."));
    if at(case, &["init"]).as_bool() == Some(true) {
        let ran = folder.run(&["init", "-input=false"]);
        if i64::from(ran.code) != whole(case, &["init_exit"]).unwrap_or(0) {
            return Some(format!("init: exit {}: {}", ran.code, ran.stderr));
        }
    }
    items(case, &["steps"]).iter().enumerate().find_map(|(n, step)| {
        let verdict = match run(step, &folder) {
            Ok(came) => compare(at(step, &["expect"]), &came),
            Err(broken) => Some(broken),
        };
        verdict.map(|why| format!("step {} ({}): {why}", n + 1, text(step, &["command"])))
    })
}

fn run(step: &Value, folder: &Case) -> Result<Came, String> {
    write(folder, members(step, &["files"]));
    let own: Vec<&str> = items(step, &["args"]).iter().filter_map(Value::as_str).collect();
    let env = members(step, &["env"]);
    let run = |args: &[&str]| -> Ran {
        let mut command = folder.command(&[args, &own].concat());
        command.envs(env.iter().filter_map(|(k, v)| Some((&**k, v.as_str()?))));
        Case::exactly(&mut command)
    };
    let show = |args: &[&str]| {
        let ran = Case::exactly(&mut folder.command(args));
        parse(&ran.stdout).ok_or_else(|| format!("{args:?}: no JSON"))
    };
    match text(step, &["command"]) {
        "validate" => {
            let ran = run(&["validate", "-json"]);
            Ok(Came { exit: ran.code, reports: of_validate(&ran)?, parts: Vec::new() })
        }
        "plan" => {
            let ran = run(&["plan", "-json", "-input=false", "-out=step.plan"]);
            let mut came = Came { exit: ran.code, reports: of_stream(&ran)?, parts: Vec::new() };
            if [0, 2].contains(&ran.code) {
                came.parts.push(("plan", plan(&show(&["show", "-json", "step.plan"])?)));
            }
            Ok(came)
        }
        command @ ("apply" | "destroy") => {
            let ran = run(&[command, "-json", "-input=false", "-auto-approve"]);
            let mut came = Came { exit: ran.code, reports: of_stream(&ran)?, parts: Vec::new() };
            let (outputs, state) = (show(&["output", "-json"])?, show(&["show", "-json"])?);
            let mut ids = BTreeSet::new();
            collect(&state, &mut ids);
            let mut resources = Vec::new();
            listed(at(&state, &["values", "root_module"]), &mut resources);
            came.parts.push(("outputs", hide(&outputs, &ids)));
            came.parts.push(("resources", hide(&Value::object(resources), &ids)));
            Ok(came)
        }
        other => {
            let words: Vec<&str> = other.split(' ').collect();
            let ran = run(&words);
            let parts = vec![("stdout", Value::string(ran.stdout))];
            Ok(Came { exit: ran.code, reports: Vec::new(), parts })
        }
    }
}

fn compare(want: &Value, came: &Came) -> Verdict {
    if whole(want, &["exit"]) != Some(i64::from(came.exit)) {
        let first = super::report::error(&came.reports).map(Report::place).unwrap_or_default();
        return Some(format!("exit: got {}: {first}", came.exit));
    }
    if let Some(why) = compare_all(items(want, &["diagnostics"]), &came.reports) {
        return Some(why);
    }
    ["plan", "outputs", "resources", "stdout"].into_iter().find_map(|part| {
        let want = want.get(part)?;
        let Some((_, got)) = came.parts.iter().find(|(name, _)| *name == part) else {
            return Some(format!("{part}: nothing"));
        };
        if same(want, got) {
            return None;
        }
        let differs = members(want, &[]).iter().find(|(k, v)| !same(v, at(got, &[k])));
        Some(match differs {
            Some((k, v)) => format!("{part}.{k}: want {v:?}, got {:?}", at(got, &[k])),
            None => format!("{part}: want {want:?}, got {got:?}"),
        })
    })
}

/// The ids of all objects of `terraform_data` in a plan or a state.
fn collect(value: &Value, ids: &mut BTreeSet<String>) {
    if text(value, &["type"]) == "terraform_data" {
        for part in [&["values"][..], &["change", "before"], &["change", "after"]] {
            if let Some(id) = at(at(value, part), &["id"]).as_str() {
                ids.insert(id.to_owned());
            }
        }
    }
    value.children().for_each(|child| collect(child, ids));
}

/// The document with ids written `<id>`.
fn hide(value: &Value, ids: &BTreeSet<String>) -> Value {
    match value.as_str() {
        Some(text) if ids.contains(text) => Value::string("<id>"),
        Some(_) => value.clone(),
        None => rebuilt(value, &|child| Some(hide(child, ids))),
    }
}

/// A document of what `change` makes of each part.
fn rebuilt(value: &Value, change: &dyn Fn(&Value) -> Option<Value>) -> Value {
    if let Some(entries) = value.entries() {
        let kept = entries.iter().filter_map(|(name, v)| Some((name.clone(), change(v)?)));
        return Value::object(kept);
    }
    match value.items() {
        Some(items) => {
            let keep = |v| change(v).unwrap_or(Value::Null(Type::Dynamic));
            Value::tuple(items.iter().map(keep).collect())
        }
        None => value.clone(),
    }
}

/// Without what says nothing: false, and what is empty.
fn prune(value: &Value) -> Option<Value> {
    let pruned = rebuilt(value, &prune);
    let says = match (pruned.entries(), pruned.items()) {
        (Some(entries), _) => !entries.is_empty(),
        (None, Some(items)) => items.iter().any(|v| !v.is_null()),
        (None, None) => !pruned.is_null() && pruned.as_bool() != Some(false),
    };
    says.then_some(pruned)
}

/// Address to values of all resources of a module and of those in it.
fn listed(module: &Value, into: &mut Vec<(Name, Value)>) {
    for resource in items(module, &["resources"]) {
        into.push((text(resource, &["address"]).into(), at(resource, &["values"]).clone()));
    }
    items(module, &["child_modules"]).iter().for_each(|child| listed(child, into));
}

/// What is compared of a plan.
fn plan(document: &Value) -> Value {
    let mut ids = BTreeSet::new();
    collect(document, &mut ids);
    let mut changes: Vec<Value> =
        items(document, &["resource_changes"]).iter().map(resource).collect();
    changes.sort_by(|a, b| text(a, &["address"]).cmp(text(b, &["address"])));
    let outputs = members(document, &["output_changes"]).iter();
    let outputs = outputs.map(|(name, change)| (name.clone(), known(changed(change))));
    let mut all = vec![
        ("resource_changes".into(), Value::tuple(changes)),
        ("output_changes".into(), Value::object(outputs)),
    ];
    let check = |check: &Value| -> (Name, Value) {
        (text(check, &["address", "to_display"]).into(), at(check, &["status"]).clone())
    };
    let checks: Vec<(Name, Value)> = items(document, &["checks"]).iter().map(check).collect();
    if !checks.is_empty() {
        all.push(("checks".into(), Value::object(checks)));
    }
    hide(&Value::object(all), &ids)
}

/// The parts of a change that are compared.
fn changed(change: &Value) -> Vec<(Name, Value)> {
    let part = |name: &str| at(change, &[name]).clone();
    let pruned = |name: &str| prune(at(change, &[name])).unwrap_or_else(Value::null);
    vec![
        ("actions".into(), part("actions")),
        ("after".into(), part("after")),
        ("after_unknown".into(), pruned("after_unknown")),
        ("after_sensitive".into(), pruned("after_sensitive")),
    ]
}

fn resource(resource: &Value) -> Value {
    let change = at(resource, &["change"]);
    let mut parts = changed(change);
    for name in ["address", "previous_address", "action_reason"] {
        parts.push((name.into(), at(resource, &[name]).clone()));
    }
    for name in ["replace_paths", "importing"] {
        parts.push((name.into(), at(change, &[name]).clone()));
    }
    known(parts)
}

/// An object without what is null, except `after`.
fn known(parts: Vec<(Name, Value)>) -> Value {
    Value::object(parts.into_iter().filter(|(name, v)| !v.is_null() || &**name == "after"))
}
