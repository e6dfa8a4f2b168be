//! Objects of others that are to be operated or adopted, and are not there.

use lifeboat_sdk::{Diagnostic, Ownership, Severity, Value};

use super::Resolver;
use super::instance::Wanted;

impl Resolver<'_> {
    /// Tells that what others make is not there. What is gone from a region that is being left
    /// writes nothing, so that it hinders nobody.
    pub(super) fn operated_missing(&mut self, wanted: &Wanted<'_>) -> Value {
        let problem = missing(wanted);
        if !self.input.leaving.contains(&wanted.address) {
            self.push(problem);
            return Value::unknown(wanted.kind.schema().ty());
        }
        self.push(Diagnostic { severity: Severity::Warning, ..problem });
        self.keep(wanted, None)
    }
}

fn missing(wanted: &Wanted<'_>) -> Diagnostic {
    if wanted.kind.ownership() == Ownership::Operated {
        return nothing_to_operate(wanted);
    }
    Diagnostic::error(
        "plan::adopt_missing",
        "There is nothing to adopt",
        match wanted.kind.id_of(&wanted.config) {
            Some(id) => format!("{} is to be adopted, but there is no {id:?}.", wanted.address),
            None => format!("{} is to be adopted, but there is no such object.", wanted.address),
        },
    )
    .about(&wanted.address)
    .at(wanted.span)
    .help("Correct the name, or remove `adopt = true` so that it is created.")
}

fn nothing_to_operate(wanted: &Wanted<'_>) -> Diagnostic {
    let Wanted { address, kind, scope, .. } = wanted;
    let id = kind.id_of(&wanted.config).unwrap_or_default();
    let place = scope.as_ref().map(|scope| format!(" in {}", scope.location)).unwrap_or_default();
    Diagnostic::error(
        "plan::operated_missing",
        "There is nothing to operate",
        format!(
            "{address} operates an object that others make, but there is no {id:?}{place}. \
             lifeboat does not make it."
        ),
    )
    .about(address)
    .at(wanted.span)
    .help("Correct what names it, or plan again when it has been made.")
}
