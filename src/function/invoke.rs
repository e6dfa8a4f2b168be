//! The call of a function by name: what is alike for all of them.

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::value::{Marks, Unknown, Value};

use super::call::{Call, Context, unknown};
use super::{Form, Function, FunctionError, lookup};

/// Why a call has no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InvokeError {
    /// There is no such function.
    #[error("there is no function named {0:?}")]
    Unknown(String),
    /// Arguments are missing, the first of them for the parameter `missing`.
    #[error("the function {} needs an argument for {missing:?}", function.name)]
    TooFew {
        /// The function.
        function: &'static Function,
        /// The name of the first parameter without an argument.
        missing: &'static str,
    },
    /// There are more arguments than parameters.
    #[error("the function {} takes only {} arguments", function.name, function.parameters.len())]
    TooMany {
        /// The function.
        function: &'static Function,
    },
    /// An argument is wrong.
    #[error("invalid value for {parameter:?}: {message}")]
    Argument {
        /// The argument, from zero.
        index: usize,
        /// The name of its parameter.
        parameter: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The arguments together have no result.
    #[error("{message}")]
    Failed {
        /// Why.
        message: String,
    },
}

/// Calls a function: counts and converts the arguments, refuses nulls, answers for unknown
/// arguments and takes marks over, unless the function does so itself.
///
/// # Errors
/// When there is no such function or no result.
pub fn invoke(context: &Context<'_>, name: &str, args: &[Value]) -> Result<Value, InvokeError> {
    let function = lookup(name).ok_or_else(|| InvokeError::Unknown(name.into()))?;
    if let Some(parameter) = function.parameters.get(args.len()) {
        return Err(InvokeError::TooFew { function, missing: parameter.name });
    }
    if function.rest.is_none() && args.len() > function.parameters.len() {
        return Err(InvokeError::TooMany { function });
    }
    let mut marks = Marks::NONE;
    let mut secret = false;
    let mut defer = false;
    let mut values = Vec::with_capacity(args.len());
    for (index, arg) in args.iter().enumerate() {
        let Some(parameter) = function.parameter(index) else { continue };
        let fail = |message| InvokeError::Argument { index, parameter: parameter.name, message };
        let own = arg.marks_deep();
        secret |= !own.is_empty();
        let converted = match parameter.form {
            Form::Any => arg.clone(),
            form => convert(arg, &form.ty()).map_err(|e| {
                let place =
                    if e.path.0.is_empty() { String::new() } else { format!("{}: ", e.path) };
                fail(format!("{place}{}", e.message))
            })?,
        };
        let value = if parameter.marked {
            converted
        } else {
            marks = marks | own;
            converted.unmark_deep()
        };
        if !parameter.null && value.is_null() {
            return Err(fail("the value must not be null".into()));
        }
        defer |= !parameter.unknown && value.is_unknown();
        values.push(value);
    }
    if defer {
        return Ok(not_null(unknown(&values, function.returns.ty()), function).mark(marks));
    }
    let result = (function.run)(&mut Call { context, secret }, &values);
    result.map(|value| not_null(value, function).mark(marks)).map_err(|error| {
        let FunctionError { argument, message } = error;
        let blamed = argument.and_then(|i| Some((i, function.parameter(i)?.name)));
        match blamed {
            Some((index, parameter)) => InvokeError::Argument { index, parameter, message },
            None => InvokeError::Failed { message },
        }
    })
}

/// A result of a fixed type is never null, even if it is unknown.
fn not_null(value: Value, function: &Function) -> Value {
    match &value {
        Value::Unknown(u) if function.returns != Form::Any && !u.not_null => {
            Value::Unknown(std::sync::Arc::new(Unknown { not_null: true, ..(**u).clone() }))
        }
        _ => value,
    }
}
