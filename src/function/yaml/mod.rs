//! Functions on YAML, as Terraform reads and writes it: YAML 1.1's words for bools, no folding
//! of numbers to doubles, objects and tuples.

mod read;
mod write;

use lifeboat_sdk::{Type, Value};

use super::call::{string_at, text, unknown};
use super::{Call, Form, Function, FunctionError, Outcome, any, string};

pub use read::from_yaml;
pub use write::to_yaml;

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("yamldecode", &[string("src")], Form::Any, yamldecode, "A value from YAML."),
    Function::new(
        "yamlencode",
        &[any("value").null().unknown()],
        Form::String,
        yamlencode,
        "A value in YAML.",
    ),
];

fn yamldecode(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    from_yaml(string_at(args, 0)?).map_err(FunctionError::new)
}

fn yamlencode(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if !args[0].is_wholly_known() {
        return Ok(unknown(args, Type::String));
    }
    Ok(text(&to_yaml(&args[0])))
}
