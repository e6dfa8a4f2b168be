//! Functions on marks.

use lifeboat_sdk::value::Step;
use lifeboat_sdk::{Marks, Type, Value};

use super::call::unknown;
use super::{Call, Form, Function, Outcome, Parameter, any};

const VALUE: Parameter = any("value").null().unknown().marked();

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ephemeralasnull",
        &[VALUE],
        Form::Any,
        ephemeralasnull,
        "Replaces what is ephemeral by null.",
    ),
    Function::new(
        "issensitive",
        &[VALUE],
        Form::Bool,
        issensitive,
        "Whether the value itself is marked as sensitive.",
    ),
    Function::new(
        "nonsensitive",
        &[VALUE],
        Form::Any,
        nonsensitive,
        "The value without its mark as sensitive.",
    ),
    Function::new("sensitive", &[VALUE], Form::Any, sensitive, "Marks a value as sensitive."),
];

fn sensitive(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(args[0].clone().sensitive())
}

fn nonsensitive(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (value, marks) = args[0].unmark();
    Ok(value.clone().mark(marks.without(Marks::SENSITIVE)))
}

fn issensitive(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (value, marks) = args[0].unmark();
    if value.is_unknown() && !marks.contains(Marks::SENSITIVE) {
        return Ok(unknown(args, Type::Bool));
    }
    Ok(Value::Bool(marks.contains(Marks::SENSITIVE)))
}

fn ephemeralasnull(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(without_ephemeral(&args[0]))
}

fn without_ephemeral(value: &Value) -> Value {
    let (bare, marks) = value.unmark();
    if marks.contains(Marks::EPHEMERAL) {
        return Value::Null(bare.ty()).mark(marks.without(Marks::EPHEMERAL));
    }
    bare.map_children(&mut |_: Step, child| without_ephemeral(child)).mark(marks)
}
