//! Decoding bodies by schema.

use lifeboat_sdk::{Attribute, Diagnostics, Value};

use super::ast::Body;
use super::eval::Scope;

/// The object that a body describes, in the types of the schema.
///
/// What is left out is null, blocks that are not there are empty lists or sets; `dynamic`
/// blocks are expanded. Where something is wrong the diagnostics say so and the part is unknown.
pub fn decode(
    body: &Body,
    schema: &[Attribute],
    scope: &dyn Scope,
    diagnostics: &mut Diagnostics,
) -> Value {
    let _ = (body, schema, scope, diagnostics);
    Value::null()
}

/// The names in a body, without evaluating: unknown, missing, computed, too many.
pub fn check_static(body: &Body, schema: &[Attribute], diagnostics: &mut Diagnostics) {
    let _ = (body, schema, diagnostics);
}
