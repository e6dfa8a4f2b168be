//! Functions that are gone; they are known only to say what replaced them.

use lifeboat_sdk::Value;

use super::{Call, Form, Function, FunctionError, Outcome, any};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("list", &[], Form::Any, list, "Gone; use tolist([ … ]).")
        .rest(any("vals").null().unknown().marked()),
    Function::new("map", &[], Form::Any, map, "Gone; use tomap({ … }).")
        .rest(any("vals").null().unknown().marked()),
];

fn list(_: &mut Call<'_>, _: &[Value]) -> Outcome {
    Err(FunctionError::new("this function is gone; write tolist([ … ]) instead"))
}

fn map(_: &mut Call<'_>, _: &[Value]) -> Outcome {
    Err(FunctionError::new("this function is gone; write tomap({ … }) instead"))
}
