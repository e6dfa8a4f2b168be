//! `format` and `formatlist`: verbs as in Go, but for the language's own types.

mod verb;

use lifeboat_sdk::value::Unknown;
use lifeboat_sdk::{Type, Value};
use std::sync::Arc;

use super::call::{check_length, items, string_at, text, unknown};
use super::{Call, Form, Function, FunctionError, Outcome, any, string};
use verb::{Verb, parse};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "format",
        &[string("format")],
        Form::String,
        format_one,
        "A text with values in place of verbs such as %s and %d.",
    )
    .rest(any("args").null().unknown()),
    Function::new(
        "formatlist",
        &[string("format")],
        Form::ListOfString,
        format_list,
        "Like format, once for each element of the lists.",
    )
    .rest(any("args").null().unknown()),
];

/// A part of a format string.
enum Part<'a> {
    Text(&'a str),
    Verb(Verb<'a>),
}

fn format_one(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let format = string_at(args, 0)?;
    if !args.iter().all(Value::is_wholly_known) {
        let prefix = format.find('%').map(|at| &format[..at]).filter(|prefix| !prefix.is_empty());
        let Value::Unknown(u) = unknown(args, Type::String) else { return Ok(Value::null()) };
        // What follows could still combine with the last character of the prefix.
        let prefix = prefix.and_then(|prefix| prefix.char_indices().next_back()).map(|(i, _)| i);
        let prefix = prefix.filter(|end| *end > 0).map(|end| Arc::from(&format[..end]));
        return Ok(Value::Unknown(Arc::new(Unknown { prefix, ..(*u).clone() })));
    }
    let rest: Vec<&Value> = args[1..].iter().collect();
    Ok(text(&render(&parse(format)?, &rest)?))
}

fn format_list(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let parts = parse(string_at(args, 0)?)?;
    let mut length: Option<(usize, usize)> = None;
    let mut open = false;
    for (i, arg) in args.iter().enumerate().skip(1) {
        let this = match (arg, arg.ty()) {
            (Value::Null(_), _) => continue,
            (_, Type::Tuple(types)) => types.len(),
            (Value::Set(_), _) if !arg.is_wholly_known() => {
                open = true;
                continue;
            }
            (Value::List(s) | Value::Set(s), _) => s.items.len(),
            (Value::Unknown(_), Type::List(_) | Type::Set(_) | Type::Dynamic) => {
                open = true;
                continue;
            }
            _ => continue,
        };
        open |= arg.is_unknown();
        match length {
            Some((wanted, by)) if wanted != this => {
                let message =
                    format!("there are {this} elements, but {wanted} in argument {}", by + 1);
                return Err(FunctionError::at(i, message));
            }
            _ => length = length.or(Some((this, i))),
        }
    }
    if open {
        return Ok(unknown(args, Type::list(Type::String)));
    }
    let count = length.map_or(1, |(count, _)| count);
    let mut lines = Vec::with_capacity(count);
    for n in 0..count {
        let row: Vec<&Value> = args[1..]
            .iter()
            .map(|arg| if arg.items().is_some() { items(arg).get(n).unwrap_or(arg) } else { arg })
            .collect();
        if !row.iter().all(|value| value.is_wholly_known()) {
            lines.push(unknown(args, Type::String));
            continue;
        }
        let line = render(&parts, &row)
            .map_err(|e| FunctionError { message: format!("for element {n}: {}", e.message), ..e });
        lines.push(text(&line?));
    }
    Ok(Value::list(Type::String, lines))
}

/// Fills the verbs in; all values must be used.
fn render(parts: &[Part<'_>], values: &[&Value]) -> Result<String, FunctionError> {
    let mut out = String::new();
    let mut used = 0;
    let mut next = 0;
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Verb(verb) => {
                let index = verb.argument.unwrap_or(next);
                let value = values.get(index).ok_or_else(|| {
                    let message = format!("{:?} needs argument {}", verb.raw, index + 2);
                    FunctionError::new(message)
                })?;
                out.push_str(&verb.apply(value)?);
                next = index + 1;
                used = used.max(next);
            }
        }
        check_length(out.len())?;
    }
    if used < values.len() {
        return Err(FunctionError::at(used + 1, "the format has no verb for this argument"));
    }
    Ok(out)
}
