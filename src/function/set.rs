//! Functions on sets.

use lifeboat_sdk::value::convert::{convert, set_of, unify};
use lifeboat_sdk::{Marks, Type, Value};

use super::call::{items, unknown};
use super::{Call, Form, Function, FunctionError, Outcome, Parameter, any};

const FIRST: Parameter = Parameter::new("first_set", Form::SetOfAny).unknown();
const OTHERS: Parameter = Parameter::new("other_sets", Form::SetOfAny).unknown();

/// More combinations than this are refused.
const MAX_PRODUCT: usize = 1_000_000;

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("setintersection", &[FIRST], Form::Any, intersection, "What is in all sets.")
        .rest(OTHERS),
    Function::new("setproduct", &[], Form::Any, product, "All combinations of elements of sets.")
        .rest(any("sets").unknown().marked()),
    Function::new(
        "setsubtract",
        &[
            Parameter::new("a", Form::SetOfAny).unknown(),
            Parameter::new("b", Form::SetOfAny).unknown(),
        ],
        Form::Any,
        subtract,
        "What is in the first set, but not in the second.",
    ),
    Function::new("setunion", &[FIRST], Form::Any, union, "What is in any of the sets.")
        .rest(OTHERS),
];

/// The sets with the element type that they have in common; `Err` holds an answer in advance.
fn common(args: &[Value], partly: bool) -> Result<(Type, Vec<Value>), Outcome> {
    let mut types = Vec::new();
    for arg in args {
        match arg.ty() {
            Type::Set(t) if *t == Type::Dynamic && items(arg).is_empty() && !arg.is_unknown() => {}
            Type::Set(t) => types.push((*t).clone()),
            _ => {}
        }
    }
    let element = if types.is_empty() { Some(Type::Dynamic) } else { unify(&types) };
    let Some(element) = element else {
        return Err(Err(FunctionError::new("the sets must have compatible element types")));
    };
    let ty = Type::set(element.clone());
    let mut sets = Vec::with_capacity(args.len());
    for (i, arg) in args.iter().enumerate() {
        let set = convert(arg, &ty).map_err(|e| Err(FunctionError::at(i, e.message)))?;
        if set.is_unknown() || (!partly && !set.is_wholly_known()) {
            return Err(Ok(unknown(args, ty)));
        }
        sets.push(set);
    }
    Ok((element, sets))
}

fn union(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (element, sets) = match common(args, true) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    Ok(Value::set(element, sets.iter().flat_map(items).cloned().collect()))
}

fn has(set: &Value, item: &Value) -> bool {
    items(set).binary_search_by(|other| other.total_cmp(item)).is_ok()
}

fn intersection(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (element, sets) = match common(args, false) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let first = sets.first().map(items).unwrap_or_default().iter();
    let kept = first.filter(|item| sets[1..].iter().all(|set| has(set, item)));
    Ok(Value::set(element, kept.cloned().collect()))
}

fn subtract(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let (element, sets) = match common(args, false) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let [a, b] = &sets[..] else { return Err(FunctionError::new("two sets are required")) };
    let kept = items(a).iter().filter(|item| !has(b, item));
    Ok(Value::set(element, kept.cloned().collect()))
}

fn product(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    if args.len() < 2 {
        return Err(FunctionError::new("at least two sets are required"));
    }
    let mut marks = Marks::NONE;
    let mut elements = Vec::with_capacity(args.len());
    let mut ordered = true;
    let mut total = Some(1usize);
    for (i, arg) in args.iter().enumerate() {
        let (value, own) = arg.unmark();
        marks = marks | own;
        let element = match value.ty() {
            Type::Set(t) => {
                ordered = false;
                (*t).clone()
            }
            Type::List(t) => (*t).clone(),
            Type::Tuple(types) if types.is_empty() => Type::Dynamic,
            Type::Tuple(types) => unify(&types)
                .ok_or_else(|| FunctionError::at(i, "all elements must have the same type"))?,
            Type::Dynamic => return Ok(unknown(args, Type::Dynamic).mark(marks)),
            _ => return Err(FunctionError::at(i, "a set or list is required")),
        };
        elements.push(element);
        let countable =
            !value.is_unknown() && (!matches!(value, Value::Set(_)) || value.is_wholly_known());
        total = if countable { total.map(|n| n.saturating_mul(items(value).len())) } else { None };
    }
    let element = Type::tuple(elements.clone());
    let Some(total) = total else {
        let ty = if ordered { Type::list(element) } else { Type::set(element) };
        return Ok(unknown(args, ty).mark(marks));
    };
    if total.saturating_mul(args.len()) > MAX_PRODUCT {
        return Err(FunctionError::new("there would be more than a million combinations"));
    }
    let combinations = combine(args, &elements, total)?;
    Ok(if ordered { Value::list(element, combinations) } else { set_of(element, combinations) }
        .mark(marks))
}

/// All combinations, the last set changing fastest.
fn combine(args: &[Value], elements: &[Type], total: usize) -> Result<Vec<Value>, FunctionError> {
    let mut columns = Vec::with_capacity(args.len());
    for (i, (arg, element)) in args.iter().zip(elements).enumerate() {
        let column = items(arg).iter().map(|item| convert(item, element));
        let column = column.collect::<Result<Vec<_>, _>>();
        columns.push(column.map_err(|e| FunctionError::at(i, e.message))?);
    }
    let combination = |n: usize| {
        let mut rest = n;
        let mut parts: Vec<Value> = Vec::with_capacity(columns.len());
        for column in columns.iter().rev() {
            parts.push(column[rest % column.len()].clone());
            rest /= column.len();
        }
        parts.reverse();
        Value::tuple(parts)
    };
    Ok((0..total).map(combination).collect())
}
