//! Functions on numbers.

use std::cmp::Ordering;

use lifeboat_sdk::value::number::NumberError;
use lifeboat_sdk::{Number, Type, Value};

use super::call::{integer_at, string_at, unknown};
use super::{Call, Form, Function, FunctionError, Outcome, any, number};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abs", &[number("num")], Form::Number, abs, "The distance from zero."),
    Function::new("ceil", &[number("num")], Form::Number, ceil, "The next whole number above."),
    Function::new("floor", &[number("num")], Form::Number, floor, "The next whole number below."),
    Function::new(
        "log",
        &[number("num"), number("base")],
        Form::Number,
        log,
        "The logarithm of a number to a base.",
    ),
    Function::new("max", &[], Form::Number, max, "The greatest of the numbers.")
        .rest(number("numbers")),
    Function::new("min", &[], Form::Number, min, "The smallest of the numbers.")
        .rest(number("numbers")),
    Function::new(
        "parseint",
        &[any("number"), number("base")],
        Form::Number,
        parseint,
        "Reads a whole number in a base from 2 to 62.",
    ),
    Function::new(
        "pow",
        &[number("num"), number("power")],
        Form::Number,
        pow,
        "A number raised to a power.",
    ),
    Function::new(
        "range",
        &[],
        Form::ListOfNumber,
        range,
        "Numbers from a start to before a limit.",
    )
    .rest(number("params")),
    Function::new("signum", &[number("num")], Form::Number, signum, "The sign: -1, 0 or 1."),
    Function::new(
        "sum",
        &[any("list")],
        Form::Number,
        sum,
        "The sum of the numbers in a list or set.",
    ),
];

fn number_at(args: &[Value], i: usize) -> Result<&Number, FunctionError> {
    let number = args.get(i).and_then(Value::as_number);
    number.ok_or_else(|| FunctionError::at(i, "a number is required"))
}

fn from(result: Result<Number, NumberError>) -> Outcome {
    result.map(Value::Number).map_err(|e| FunctionError::new(e.to_string()))
}

fn abs(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Number(number_at(args, 0)?.abs()))
}

fn ceil(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Number(number_at(args, 0)?.ceil()))
}

fn floor(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Number(number_at(args, 0)?.floor()))
}

fn log(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    from(number_at(args, 0)?.log(number_at(args, 1)?))
}

fn pow(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    from(number_at(args, 0)?.pow(number_at(args, 1)?))
}

fn signum(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::int(integer_at(args, 0)?.signum()))
}

fn max(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    extreme(args, Ordering::Greater)
}

fn min(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    extreme(args, Ordering::Less)
}

fn extreme(args: &[Value], wanted: Ordering) -> Outcome {
    let numbers = args.iter().filter_map(Value::as_number);
    let best = numbers.reduce(|best, n| if n.cmp(best) == wanted { n } else { best });
    let best = best.ok_or_else(|| FunctionError::new("at least one number is required"))?;
    Ok(Value::Number(best.clone()))
}

fn sum(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let wrong = |message| FunctionError::at(0, message);
    let items = args[0].items().ok_or_else(|| wrong("a list, set or tuple is required"))?;
    if items.is_empty() {
        return Err(wrong("an empty list has no sum"));
    }
    if !args[0].is_wholly_known() {
        return Ok(unknown(args, Type::Number));
    }
    let mut total: Option<Number> = None;
    for item in items {
        let number = lifeboat_sdk::value::convert::convert(item, &Type::Number).ok();
        let number = number.as_ref().and_then(Value::as_number);
        let number = number.ok_or_else(|| wrong("all elements must be numbers"))?;
        total = Some(match total {
            None => number.clone(),
            Some(total) => total.add(number).map_err(|e| FunctionError::new(e.to_string()))?,
        });
    }
    Ok(Value::Number(total.unwrap_or(Number::ZERO)))
}

fn parseint(call: &mut Call<'_>, args: &[Value]) -> Outcome {
    let text = string_at(args, 0)?;
    let base = args[1].as_i64().and_then(|base| u32::try_from(base).ok());
    let base = base.filter(|base| (2..=62).contains(base));
    let base =
        base.ok_or_else(|| FunctionError::at(1, "the base must be a whole number from 2 to 62"))?;
    Number::from_radix(text, base).map(Value::Number).ok_or_else(|| {
        FunctionError::at(0, format!("{} is no whole number in base {base}", call.quote(text)))
    })
}

fn range(_: &mut Call<'_>, args: &[Value]) -> Outcome {
    let minus_one = Number::from(-1i64);
    let (start, end, step) = match args {
        [_] | [_, _] => {
            let end = number_at(args, args.len() - 1)?.clone();
            let start =
                if args.len() == 2 { number_at(args, 0)?.clone() } else { Number::from(0i64) };
            let step = if end < start { minus_one } else { Number::from(1i64) };
            (start, end, step)
        }
        [_, _, _] => {
            (number_at(args, 0)?.clone(), number_at(args, 1)?.clone(), number_at(args, 2)?.clone())
        }
        _ => return Err(FunctionError::new("one, two or three numbers are required")),
    };
    if step.is_zero() && start != end {
        return Err(FunctionError::at(2, "the step must not be zero"));
    }
    let down = step.is_negative();
    if down && end > start {
        return Err(FunctionError::at(
            1,
            "the limit must be below the start if the step is negative",
        ));
    }
    if !down && end < start {
        return Err(FunctionError::at(
            1,
            "the limit must be above the start if the step is positive",
        ));
    }
    let mut numbers = Vec::new();
    let mut next = start;
    while if down { next > end } else { next < end } {
        if numbers.len() >= 1024 {
            return Err(FunctionError::new("the range would have more than 1,024 numbers"));
        }
        let following = next.add(&step).map_err(|e| FunctionError::new(e.to_string()))?;
        numbers.push(Value::Number(std::mem::replace(&mut next, following)));
    }
    Ok(Value::list(Type::Number, numbers))
}
