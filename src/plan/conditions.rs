//! Conditions that authors wrote: the same judgement while planning and when values are known.

use lifeboat_sdk::{Diagnostic, Diagnostics, Value};

use crate::address::ModulePath;
use crate::config::eval::condition;
use crate::config::module::Condition;
use crate::evaluation::{Environment, Repetition};

/// What conditions guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded<'a> {
    /// A resource or data source, before it is changed or read; its address.
    Before(&'a str),
    /// The same afterwards; its address and what it became.
    After(&'a str, &'a Value),
    /// An output of a module.
    Output,
    /// A variable; what does not hold is reported elsewhere, at the place of its value.
    Variable,
    /// A `check` block: what does not hold is a warning.
    Check,
}

/// What a condition came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `None` while it is not known, or where it could not be evaluated.
    pub passed: Option<bool>,
    /// The author's message where it does not hold.
    pub message: String,
}

/// Evaluates conditions in a module instance; what does not hold goes to `found`.
pub fn judge(
    environment: &Environment<'_>,
    module: &ModulePath,
    repetition: &Repetition,
    guarded: Guarded<'_>,
    conditions: &[Condition],
    found: &mut Diagnostics,
) -> Vec<Verdict> {
    let this = match guarded {
        Guarded::After(_, value) => Some(value),
        _ => None,
    };
    let mut verdicts = Vec::with_capacity(conditions.len());
    for condition in conditions {
        let scope = environment.scope(module, repetition, this);
        let (passed, message) = match condition::verdict(condition, &scope, found) {
            condition::Verdict::Pass => (Some(true), String::new()),
            condition::Verdict::Fail(message) => (Some(false), message),
            condition::Verdict::Unknown | condition::Verdict::Error => (None, String::new()),
        };
        if passed == Some(false) {
            let broken = broken(guarded, message.clone());
            found.0.extend(broken.map(|broken| broken.at(condition.condition.span())));
        }
        verdicts.push(Verdict { passed, message });
    }
    verdicts
}

/// The address under which the verdicts of something in a module are known.
pub fn within(module: &ModulePath, what: &str) -> String {
    if module.is_root() { what.to_owned() } else { format!("{module}.{what}") }
}

fn broken(guarded: Guarded<'_>, message: String) -> Option<Diagnostic> {
    let resource = |summary, at: &str| {
        Some(Diagnostic::error("plan::condition", summary, message.clone()).about(at))
    };
    match guarded {
        Guarded::Before(at) => resource("Resource precondition failed", at),
        Guarded::After(at, _) => resource("Resource postcondition failed", at),
        Guarded::Output => Some(Diagnostic::error(
            "plan::output_condition",
            "Module output value precondition failed",
            message,
        )),
        Guarded::Check => {
            Some(Diagnostic::warning("plan::check_failed", "Check block assertion failed", message))
        }
        Guarded::Variable => None,
    }
}
