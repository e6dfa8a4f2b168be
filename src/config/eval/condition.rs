//! Conditions with messages: validations, preconditions, postconditions, assertions.

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Diagnostics, Type, Value};

use super::{Scope, evaluate};
use crate::config::codes;
use crate::config::module::Condition;

/// What a condition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not; the author's message.
    Fail(String),
    /// It is not known yet.
    Unknown,
    /// It could not be evaluated, which was reported.
    Error,
}

/// Evaluates a condition, and its message where it does not hold.
pub fn verdict(condition: &Condition, scope: &dyn Scope, diagnostics: &mut Diagnostics) -> Verdict {
    let before = diagnostics.0.len();
    let value = evaluate(&condition.condition, scope, diagnostics);
    if diagnostics.0.len() > before {
        return Verdict::Error;
    }
    let at = condition.condition.span;
    let detail = match convert(value.bare(), &Type::Bool) {
        Ok(Value::Bool(true)) => return Verdict::Pass,
        Ok(Value::Bool(false)) => return Verdict::Fail(message(condition, scope, diagnostics)),
        Ok(value) if value.is_unknown() => return Verdict::Unknown,
        Ok(_) => "The condition must be true or false, but it is null.".to_owned(),
        Err(error) => format!("The condition must be true or false: {error}."),
    };
    diagnostics.push(codes::CONDITION.error(detail).at(at));
    Verdict::Error
}

/// The author's message; what is wrong with it, where it has no text.
fn message(condition: &Condition, scope: &dyn Scope, diagnostics: &mut Diagnostics) -> String {
    let mut found = Diagnostics::new();
    let value = evaluate(&condition.message, scope, &mut found);
    let failed = !found.is_empty();
    diagnostics.extend(found);
    let text = convert(&value.unmark_deep(), &Type::String);
    let known = text.ok().and_then(|text| text.as_str().map(|t| t.trim().to_owned()));
    let secret = !value.marks_deep().is_empty();
    match known {
        Some(_) if secret => {
            "The condition does not hold. Its message contains a sensitive value, so it is not \
             shown."
                .to_owned()
        }
        Some(text) => text,
        None if failed => "The condition does not hold; its message has errors.".to_owned(),
        None => "The condition does not hold; its message is null, unknown or no text.".to_owned(),
    }
}
