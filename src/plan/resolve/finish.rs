//! Conditions, checks and outputs, and the end of the walk.

use lifeboat_sdk::{Diagnostic, Diagnostics, Marks, Name, Value};

use super::instance::Site;
use super::{Resolved, Resolver};
use crate::address::ModulePath;
use crate::config::module::{Condition, Output};
use crate::config::variable::{self, Variable};
use crate::diff::Action;
use crate::evaluation::Environment;
use crate::evaluation::Repetition;
use crate::plan::conditions::{Guarded, Verdict, judge, within};
use crate::plan::{CheckResult, OutputChange, PlanMode};

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
        let address = site.address.to_string();
        let guarded = this.map_or(Guarded::Before(&address), |v| Guarded::After(&address, v));
        let repetition = site.repetition;
        let mut found = Diagnostics::new();
        let verdicts =
            judge(site.environment, site.module, repetition, guarded, conditions, &mut found);
        self.record(&address, "resource", &verdicts);
        self.diagnostics.extend(found);
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
        let at = within(module, &format!("var.{name}"));
        if value.is_unknown() {
            let later = Verdict { passed: None, message: String::new() };
            self.record(&at, "var", &vec![later; variable.validations.len()]);
            return;
        }
        self.judged(environment, module, Guarded::Variable, &variable.validations, (&at, "var"));
        self.diagnostics.extend(invalid(environment, module, variable));
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
        let at = within(module, &format!("check.{name}"));
        let found =
            self.judged(environment, module, Guarded::Check, &check.asserts, (&at, "check"));
        self.diagnostics.extend(found);
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
        let at = within(module, &format!("output.{name}"));
        let under = (&*at, "output_value");
        let found = self.judged(environment, module, Guarded::Output, &output.preconditions, under);
        self.diagnostics.extend(found);
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

    /// Conditions of something that is there once per module instance; what does not hold.
    fn judged(
        &mut self,
        environment: &Environment<'_>,
        module: &ModulePath,
        guarded: Guarded<'_>,
        conditions: &[Condition],
        (address, kind): (&str, &str),
    ) -> Diagnostics {
        let mut found = Diagnostics::new();
        let once = Repetition::default();
        let verdicts = judge(environment, module, &once, guarded, conditions, &mut found);
        self.record(address, kind, &verdicts);
        found
    }

    fn record(&mut self, address: &str, kind: &str, verdicts: &[Verdict]) {
        for verdict in verdicts {
            self.record_one(address, kind, verdict);
        }
    }

    fn record_one(&mut self, address: &str, kind: &str, verdict: &Verdict) {
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
        let previous = self.input.previous.iter();
        self.needs.stored = previous.map(|(at, p)| (at.clone(), p.depends_on.clone())).collect();
        self.inherit_order();
        if self.input.options.mode == PlanMode::Destroy {
            self.outputs.clear();
        }
        // Of a part nothing is said about the whole.
        let part = self.input.options.only_state.is_some();
        let stay = part && self.input.options.mode == PlanMode::Destroy;
        for (name, before) in self.input.previous_outputs.iter().filter(|_| !stay) {
            self.outputs.entry(name.clone()).or_insert_with(|| OutputChange {
                before: Some(before.clone()),
                after: None,
                sensitive: before.marks_deep().contains(Marks::SENSITIVE),
            });
        }
        self.diagnostics.0.extend(self.unread.errors());
        let mut changes: Vec<_> = self.changes.into_values().map(|change| *change).collect();
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
            let needs = self.needs.planned.get(&address).cloned().unwrap_or_default();
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

/// What the validations of a variable find, at the place of its value.
pub fn invalid(
    environment: &Environment<'_>,
    module: &ModulePath,
    variable: &Variable,
) -> Diagnostics {
    let mut found = Diagnostics::new();
    let at = argument_span(environment, module, &variable.name).unwrap_or(variable.span);
    let once = Repetition::default();
    variable::validate(variable, &environment.scope(module, &once, None), at, &mut found);
    found
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
