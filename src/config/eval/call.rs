//! Calls of functions, and `try` and `can`, which take expressions that may fail.

use lifeboat_sdk::{Span, Type, Value};

use super::operator::sentence;
use super::{Env, Evaluator, Found, error_value, unknown_from};
use crate::config::ast::{Call, Expr, ExprKind};
use crate::config::{codes, suggest};
use crate::function::{self, InvokeError};

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &Call, expr: &Expr, env: Env<'_>) -> Value {
        match call.name.strip_prefix("core::").unwrap_or(&call.name) {
            "try" => self.try_(call, expr, env),
            "can" => self.can(call, expr, env),
            "templatestring" if !direct(call.args.first()) => {
                let at = call.args.first().map_or(call.name_span, |arg| arg.span);
                let detail = "The template must be a reference to a text that stands elsewhere, \
                              such as `local.template`."
                    .to_owned();
                self.fail(&codes::INVALID_ARGUMENT, at, expr, env, detail)
            }
            name => self.function(name, call, expr, env),
        }
    }

    fn function(&mut self, name: &str, call: &Call, expr: &Expr, env: Env<'_>) -> Value {
        let Some(function) = function::lookup(name) else {
            return self.unknown_function(call, expr, env);
        };
        let (args, places) = match self.expanded(call, expr, env) {
            Ok(expanded) => expanded,
            Err(value) => return value,
        };
        let too_many = function.rest.is_none() && places.len() > function.parameters.len();
        if places.len() < function.parameters.len() || too_many {
            let at = match places.get(function.parameters.len()) {
                Some(place) => *place,
                None => call.close,
            };
            let few = if too_many { "only" } else { "more arguments:" };
            let detail = format!("The function takes {few} `{}`.", function.signature());
            return self.fail(&codes::ARGUMENT_COUNT, at, expr, env, detail);
        }
        let Some(args) = self.arguments(call, args, env) else { return error_value() };
        match function::invoke(self.scope.functions(), name, &args) {
            Ok(value) => value,
            Err(error) => self.call_failed(error, call, &places, expr, env),
        }
    }

    fn unknown_function(&mut self, call: &Call, expr: &Expr, env: Env<'_>) -> Value {
        let name = &call.name;
        let detail = match name.split_once("::") {
            Some((namespace, _)) => {
                format!(
                    "There is no function {name:?}: nothing declares the namespace {namespace:?}."
                )
            }
            None => format!("There is no function {name:?}."),
        };
        self.fail(&codes::UNKNOWN_FUNCTION, call.name_span, expr, env, detail);
        if let (Some(near), Some(last)) =
            (suggest::nearest(name, function::names()), self.found.diagnostics.0.last_mut())
        {
            last.help.get_or_insert(format!("Did you mean {near:?}?"));
        }
        error_value()
    }

    /// The elements of the argument with `...`, and the places of all arguments; else the value
    /// of the whole call.
    fn expanded(
        &mut self,
        call: &Call,
        expr: &Expr,
        env: Env<'_>,
    ) -> Result<(Vec<Value>, Vec<Span>), Value> {
        let mut places: Vec<Span> = call.args.iter().map(|arg| arg.span).collect();
        if !call.expand {
            return Ok((Vec::new(), places));
        }
        let Some(last) = call.args.last() else { return Ok((Vec::new(), places)) };
        places.pop();
        let before = self.found.errors;
        let value = self.eval(last, env);
        if self.found.errors > before {
            return Err(error_value());
        }
        let (bare, marks) = value.unmark();
        if let Value::Unknown(u) = bare
            && matches!(u.ty, Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_))
        {
            // How many arguments there are is not known.
            return Err(Value::unknown_because(Type::Dynamic, u.why.clone()).mark(marks));
        }
        match bare.items() {
            Some(items) => {
                places.extend(std::iter::repeat_n(last.span, items.len()));
                Ok((items.iter().map(|item| item.clone().mark(marks)).collect(), places))
            }
            None => {
                let detail = if bare.is_null() {
                    "The argument with `...` must not be null.".to_owned()
                } else {
                    "The argument with `...` must be a list, a set or a tuple.".to_owned()
                };
                Err(self.fail(&codes::INVALID_ARGUMENT, last.span, expr, env, detail))
            }
        }
    }

    /// The values of all arguments; nothing after an error in one.
    fn arguments(&mut self, call: &Call, expanded: Vec<Value>, env: Env<'_>) -> Option<Vec<Value>> {
        let before = self.found.errors;
        let plain = call.args.len() - usize::from(call.expand);
        let plain = call.args.get(..plain).unwrap_or_default();
        let mut args: Vec<Value> = plain.iter().map(|arg| self.eval(arg, env)).collect();
        args.extend(expanded);
        (self.found.errors == before).then_some(args)
    }

    fn call_failed(
        &mut self,
        error: InvokeError,
        call: &Call,
        places: &[Span],
        expr: &Expr,
        env: Env<'_>,
    ) -> Value {
        let name = &call.name;
        match error {
            InvokeError::Argument { index, parameter, message } => {
                let at = places.get(index).copied().unwrap_or(call.name_span);
                let detail =
                    format!("The value for {parameter:?} of `{name}` is unsuitable: {message}.");
                self.fail(&codes::INVALID_ARGUMENT, at, expr, env, detail)
            }
            other => {
                let detail = format!("`{name}` failed. {}", sentence(&other.to_string()));
                self.fail(&codes::CALL_FAILED, call.name_span, expr, env, detail)
            }
        }
    }

    /// `try(a, b…)`: the first that has a value.
    fn try_(&mut self, call: &Call, expr: &Expr, env: Env<'_>) -> Value {
        let mut problems: Vec<Found> = Vec::new();
        for arg in &call.args {
            let (value, found) = self.apart(|e| e.eval(arg, env));
            if found.errors > 0 {
                problems.push(found);
                continue;
            }
            if let Some(why) = value.why_unknown() {
                // It might fail once it is known.
                return Value::unknown_because(Type::Dynamic, why).mark(value.marks_deep());
            }
            return value;
        }
        let mut detail = "`try` failed: none of its expressions has a value.".to_owned();
        for (i, found) in problems.iter().enumerate() {
            if let Some(first) = found.diagnostics.0.first() {
                detail.push_str(&format!("\n{}. {}: {}", i + 1, first.summary, first.detail));
            }
        }
        if call.args.is_empty() {
            detail = "`try` needs at least one expression.".to_owned();
        }
        self.fail(&codes::CALL_FAILED, call.name_span, expr, env, detail)
    }

    /// `can(a)`: whether it has a value.
    fn can(&mut self, call: &Call, expr: &Expr, env: Env<'_>) -> Value {
        let [arg] = call.args.as_slice() else {
            let at = call.args.get(1).map_or(call.close, |arg| arg.span);
            let detail = "The function takes `can(expression)`.".to_owned();
            return self.fail(&codes::ARGUMENT_COUNT, at, expr, env, detail);
        };
        let (value, found) = self.apart(|e| e.eval(arg, env));
        match () {
            () if found.errors > 0 => Value::Bool(false),
            () if value.is_wholly_known() => Value::Bool(true),
            () => unknown_from(Type::Bool, &[&value]),
        }
    }
}

/// Whether a template is a reference and not made on the spot.
fn direct(arg: Option<&Expr>) -> bool {
    arg.is_some_and(|arg| matches!(arg.unwrapped().kind, ExprKind::Traversal(_)))
}
