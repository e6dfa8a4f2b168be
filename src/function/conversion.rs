//! Functions that convert between types.

use lifeboat_sdk::value::convert::{convert, mismatch, possible};
use lifeboat_sdk::{Type, Value};

use super::{Call, Form, Function, FunctionError, Outcome, Parameter, any};

const VALUE: Parameter = any("value").null().unknown().marked();

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "tobool",
        &[VALUE],
        Form::Any,
        tobool,
        "As a bool; from text \"true\" or \"false\".",
    ),
    Function::new("tolist", &[VALUE], Form::Any, tolist, "A set or tuple as a list."),
    Function::new("tomap", &[VALUE], Form::Any, tomap, "An object as a map."),
    Function::new("tonumber", &[VALUE], Form::Any, tonumber, "As a number; from decimal text."),
    Function::new("toset", &[VALUE], Form::Any, toset, "A list or tuple as a set."),
    Function::new("tostring", &[VALUE], Form::Any, tostring, "A number or bool as text."),
];

fn tobool(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    to(call, &args[0], &Type::Bool)
}

fn tonumber(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    to(call, &args[0], &Type::Number)
}

fn tostring(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    to(call, &args[0], &Type::String)
}

fn tolist(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    to(call, &args[0], &Type::list(Type::Dynamic))
}

fn toset(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    to(call, &args[0], &Type::set(Type::Dynamic))
}

fn tomap(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    to(call, &args[0], &Type::map(Type::Dynamic))
}

fn to(call: &Call<'_>, value: &Value, ty: &Type) -> Outcome {
    convert(value, ty).map_err(|error| {
        let from = value.ty();
        let message = match (value.as_str(), ty) {
            _ if !possible(&from, ty) => {
                format!(
                    "a {} cannot become a {}: {}",
                    from.friendly(),
                    noun(ty),
                    mismatch(&from, ty)
                )
            }
            (Some(text), Type::Bool) => {
                format!("{} is neither \"true\" nor \"false\"", call.quote(text))
            }
            (Some(text), Type::Number) => {
                format!("{} is not a number in decimal digits", call.quote(text))
            }
            _ => error.message,
        };
        FunctionError::at(0, message)
    })
}

fn noun(ty: &Type) -> String {
    match ty {
        Type::List(_) => "list".into(),
        Type::Set(_) => "set".into(),
        Type::Map(_) => "map".into(),
        ty => ty.friendly(),
    }
}
