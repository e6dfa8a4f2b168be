//! Conditions, checks and outputs, and the end of the walk.

use lifeboat_sdk::{Diagnostic, Diagnostics, Marks, Name, Value};

use super::instance::Site;
use super::{Resolved, Resolver};
use crate::address::ModulePath;
use crate::config::eval::condition;
use crate::config::module::{Condition, Output};
use crate::config::variable;
use crate::diff::Action;
use crate::evaluation::Environment;
use crate::evaluation::Repetition;
use crate::plan::{CheckResult, OutputChange, PlanMode};

/// What a condition came to.
struct Verdict {
    passed: Option<bool>,
    message: String,
}

/// Evaluates a condition and its message.
fn judge(
    environment: &Environment<'_>,
    module: &ModulePath,
    repetition: &Repetition,
    this: Option<&Value>,
    condition: &Condition,
    found: &mut Diagnostics,
) -> Verdict {
    let scope = environment.scope(module, repetition, this);
    let (passed, message) = match condition::verdict(condition, &scope, found) {
        condition::Verdict::Pass => (Some(true), String::new()),
        condition::Verdict::Fail(message) => (Some(false), message),
        condition::Verdict::Unknown | condition::Verdict::Error => (None, String::new()),
    };
    Verdict { passed, message }
}

/// What is wrong with an output of the root module whose value may not be shown or stored.
pub fn exposed(name: &Name, output: &Output, value: &Value) -> Option<Diagnostic> {
    let marks = value.marks_deep();
    if marks.contains(Marks::EPHEMERAL) {
        let detail = format!("The output {name} would store an ephemeral value in state.");
        let problem =
            Diagnostic::error("plan::output_ephemeral", "Ephemeral value not allowed", detail);
        let help = "Take another value, or wrap this one in ephemeralasnull().";
        return Some(problem.at(output.value.span()).help(help));
    }
    let secret = marks.contains(Marks::SENSITIVE) && !output.sensitive;
    secret.then(|| {
        Diagnostic::error(
            "plan::output_sensitive",
            "Output refers to sensitive values",
            format!("The output {name} would show a sensitive value."),
        )
        .at(output.span)
        .help("Add `sensitive = true` to the output, or wrap the value in nonsensitive().")
    })
}

impl Resolver<'_> {
    /// Pre- or postconditions of an object.
    pub(super) fn conditions(
        &mut self,
        site: &Site<'_, '_>,
        conditions: &[Condition],
        this: Option<&Value>,
    ) {
        for condition in conditions {
            let mut found = Diagnostics::new();
            let verdict =
                judge(site.environment, site.module, site.repetition, this, condition, &mut found);
            self.diagnostics.extend(found);
            let address = site.address.to_string();
            self.record(&address, "resource", &verdict);
            if verdict.passed == Some(false) {
                self.push(
                    Diagnostic::error(
                        "plan::condition",
                        if this.is_some() {
                            "Resource postcondition failed"
                        } else {
                            "Resource precondition failed"
                        },
                        verdict.message,
                    )
                    .about(address)
                    .at(condition.condition.span()),
                );
            }
        }
    }

    /// `validation` blocks of a variable.
    pub(super) fn validate_variable(
        &mut self,
        environment: &Environment<'_>,
        module: &ModulePath,
        name: &Name,
        value: &Value,
    ) {
        let Some(variable) = environment.module(module).and_then(|m| m.variables.get(name)) else {
            return;
        };
        if value.is_unknown() {
            return;
        }
        for condition in &variable.validations {
            let mut found = Diagnostics::new();
            let once = Repetition::default();
            let verdict = judge(environment, module, &once, None, condition, &mut found);
            self.record(&within(module, &format!("var.{name}")), "var", &verdict);
        }
        let at = argument_span(environment, module, name).unwrap_or(variable.span);
        let once = Repetition::default();
        let scope = environment.scope(module, &once, None);
        let mut found = Diagnostics::new();
        variable::validate(variable, &scope, at, &mut found);
        self.diagnostics.extend(found);
    }

    /// A `check` block: what fails is a warning.
    pub(super) fn check(
        &mut self,
        environment: &Environment<'_>,
        module: &ModulePath,
        name: &Name,
    ) {
        let Some(check) = environment.module(module).and_then(|m| m.checks.get(name)) else {
            return;
        };
        for condition in &check.asserts {
            let mut found = Diagnostics::new();
            let once = Repetition::default();
            let verdict = judge(environment, module, &once, None, condition, &mut found);
            self.diagnostics.extend(found);
            self.record(&within(module, &format!("check.{name}")), "check", &verdict);
            if verdict.passed == Some(false) {
                self.push(
                    Diagnostic::warning(
                        "plan::check_failed",
                        "Check block assertion failed",
                        verdict.message,
                    )
                    .at(condition.condition.span()),
                );
            }
        }
    }

    /// Preconditions and the sensitivity of an output.
    pub(super) fn output(
        &mut self,
        environment: &Environment<'_>,
        module: &ModulePath,
        name: &Name,
    ) {
        let Some(output) = environment.module(module).and_then(|m| m.outputs.get(name)) else {
            return;
        };
        for condition in &output.preconditions {
            let mut found = Diagnostics::new();
            let once = Repetition::default();
            let verdict = judge(environment, module, &once, None, condition, &mut found);
            self.diagnostics.extend(found);
            self.record(&within(module, &format!("output.{name}")), "output_value", &verdict);
            if verdict.passed == Some(false) {
                self.push(
                    Diagnostic::error(
                        "plan::output_condition",
                        "Module output value precondition failed",
                        verdict.message,
                    )
                    .at(condition.condition.span()),
                );
            }
        }
        let value = environment.output(module, name);
        if module.is_root() {
            self.diagnostics.0.extend(exposed(name, output, &value));
        }
        if module.is_root() {
            let before = self.input.previous_outputs.get(name).cloned();
            let after = Some(value).filter(|v| !v.is_null());
            let sensitive = output.sensitive;
            self.outputs.insert(name.clone(), OutputChange { before, after, sensitive });
        }
    }

    fn record(&mut self, address: &str, kind: &str, verdict: &Verdict) {
        let failed = verdict.passed == Some(false);
        let message = failed.then(|| verdict.message.clone());
        if let Some(known) = self.checks.iter_mut().find(|c| c.address == address && c.kind == kind)
        {
            known.messages.extend(message);
            known.passed = match (known.passed, verdict.passed) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (None, _) | (_, None) => None,
                _ => Some(true),
            };
            return;
        }
        self.checks.push(CheckResult {
            address: address.to_owned(),
            kind: kind.to_owned(),
            passed: verdict.passed,
            messages: message.into_iter().collect(),
        });
    }

    /// Ends the walk: orphans, inherited replacement order, outputs that go.
    pub fn finish(mut self) -> Resolved {
        self.orphans();
        self.inherit_order();
        if self.input.options.mode == PlanMode::Destroy {
            self.outputs.clear();
        }
        for (name, before) in &self.input.previous_outputs {
            self.outputs.entry(name.clone()).or_insert_with(|| OutputChange {
                before: Some(before.clone()),
                after: None,
                sensitive: before.marks_deep().contains(Marks::SENSITIVE),
            });
        }
        let mut changes: Vec<_> = self.changes.into_values().collect();
        changes.extend(self.leftovers);
        Resolved {
            changes,
            needs: self.needs,
            outputs: self.outputs,
            checks: self.checks,
            diagnostics: self.diagnostics,
        }
    }

    /// What an object with `create_before_destroy` needs must be replaced in that order too,
    /// or the old one could not outlive the new one's making.
    fn inherit_order(&mut self) {
        let mut queue: Vec<_> = self
            .changes
            .values()
            .filter(|c| c.create_before_destroy)
            .map(|c| c.address.clone())
            .collect();
        while let Some(address) = queue.pop() {
            let needs = self.needs.0.get(&address).cloned().unwrap_or_default();
            for need in needs {
                let of: Vec<_> = self
                    .changes
                    .range(need.clone()..)
                    .take_while(|(at, _)| **at == need || at.whole() == need)
                    .filter(|(_, c)| !c.create_before_destroy && c.action == Action::Replace)
                    .map(|(at, _)| at.clone())
                    .collect();
                for at in of {
                    if let Some(change) = self.changes.get_mut(&at) {
                        change.create_before_destroy = true;
                        queue.push(at);
                    }
                }
            }
        }
    }
}

/// Where the call of a module gives one of its variables a value.
fn argument_span(
    environment: &Environment<'_>,
    module: &ModulePath,
    name: &Name,
) -> Option<lifeboat_sdk::Span> {
    let (last, parent) = module.0.split_last()?;
    let caller = environment.module(&ModulePath(parent.to_vec()))?;
    Some(caller.calls.get(&last.name)?.body.attribute(name)?.expr.span())
}

fn within(module: &ModulePath, what: &str) -> String {
    if module.is_root() { what.to_owned() } else { format!("{module}.{what}") }
}
