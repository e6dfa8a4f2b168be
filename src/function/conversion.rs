//! Functions that convert between types.

use std::fmt::Write;

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
    Function::new("type", &[VALUE], Form::String, type_of, "The type of a value; for the console."),
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

fn type_of(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let mut text = String::new();
    write_type(&args[0].ty(), 0, &mut text);
    Ok(Value::string(text))
}

/// The type over several lines, as Terraform's console shows it.
fn write_type(ty: &Type, depth: usize, out: &mut String) {
    let indent = "    ".repeat(depth + 1);
    match ty {
        Type::List(t) | Type::Set(t) | Type::Map(t) => {
            out.push_str(&noun(ty));
            out.push('(');
            write_type(t, depth, out);
            out.push(')');
        }
        Type::Tuple(types) if !types.is_empty() => {
            out.push_str("tuple([\n");
            for ty in &**types {
                out.push_str(&indent);
                write_type(ty, depth + 1, out);
                out.push_str(",\n");
            }
            let _infallible = write!(out, "{}])", "    ".repeat(depth));
        }
        Type::Object(fields) if !fields.is_empty() => {
            out.push_str("object({\n");
            for field in &**fields {
                let _infallible = write!(out, "{indent}{}: ", field.name);
                write_type(&field.ty, depth + 1, out);
                out.push_str(",\n");
            }
            let _infallible = write!(out, "{}}})", "    ".repeat(depth));
        }
        Type::Dynamic => out.push_str("dynamic"),
        ty => {
            let _infallible = write!(out, "{ty}");
        }
    }
}
