//! `condition ? a : b`

use lifeboat_sdk::value::convert::{convert, unify};
use lifeboat_sdk::value::{Unknown, Why};
use lifeboat_sdk::{Span, Type, Value};

use super::{Env, Evaluator};
use crate::config::ast::{Conditional, Expr};
use crate::config::codes;

impl Evaluator<'_> {
    /// Both sides are evaluated for their types; problems of the side not chosen do not count.
    pub(super) fn conditional(&mut self, c: &Conditional, expr: &Expr, env: Env<'_>) -> Value {
        let (then, then_found) = self.apart(|e| e.eval(&c.then, env));
        let (otherwise, otherwise_found) = self.apart(|e| e.eval(&c.otherwise, env));
        let Some(ty) = common_type(&then, &otherwise) else {
            let detail = format!(
                "Both results must have a type in common, but the one is {} and the other {}.",
                described(&then.ty()),
                described(&otherwise.ty())
            );
            let span = Span { end: c.otherwise.span.end, ..c.then.span };
            return self.fail(&codes::CONDITIONAL_TYPES, span, expr, env, detail);
        };
        let Some(condition) = self.condition(&c.condition, expr, env) else {
            return Value::unknown(ty);
        };
        let (bare, marks) = condition.unmark();
        let Some(chosen) = bare.as_bool() else {
            let why = bare.why_unknown().unwrap_or(Why::AfterApply);
            let inner = then.unmark().1 | otherwise.unmark().1;
            return undecided(&ty, &then, &otherwise, why).mark(marks | inner);
        };
        let (value, side, found) = if chosen {
            (then, &c.then, then_found)
        } else {
            (otherwise, &c.otherwise, otherwise_found)
        };
        self.keep(found);
        match convert(&value, &ty) {
            Ok(value) => value.mark(marks),
            Err(error) => {
                let detail = format!("The result is unsuitable: {error}.");
                self.fail(&codes::CONDITIONAL_TYPES, side.span, expr, env, detail).mark(marks)
            }
        }
    }

    /// The value of a condition as a bool, unknown or not; nothing after an error.
    pub(super) fn condition(
        &mut self,
        condition: &Expr,
        expr: &Expr,
        env: Env<'_>,
    ) -> Option<Value> {
        let value = self.eval(condition, env);
        if value.is_null() {
            let detail = "A condition must be true or false, but it is null.".to_owned();
            self.fail(&codes::CONDITION, condition.span, expr, env, detail);
            return None;
        }
        match convert(&value, &Type::Bool) {
            Ok(value) => Some(value),
            Err(error) => {
                let detail = format!("A condition must be true or false: {error}.");
                self.fail(&codes::CONDITION, condition.span, expr, env, detail);
                None
            }
        }
    }
}

/// The type that both results can have.
fn common_type(then: &Value, otherwise: &Value) -> Option<Type> {
    match (then, otherwise) {
        (Value::Null(Type::Dynamic), other) | (other, Value::Null(Type::Dynamic)) => {
            Some(other.ty())
        }
        _ => unify(&[then.ty(), otherwise.ty()]),
    }
}

/// The result of a condition that is not known.
fn undecided(ty: &Type, then: &Value, otherwise: &Value, why: Why) -> Value {
    let (then, otherwise) = (then.bare(), otherwise.bare());
    if then.is_null() && otherwise.is_null() {
        return Value::Null(ty.clone());
    }
    let never_null = |v: &Value| match v {
        Value::Unknown(u) => u.not_null,
        v => !v.is_null(),
    };
    let sides = [then, otherwise].into_iter().filter_map(Value::why_unknown);
    let why = sides.fold(why, Ord::max);
    if *ty == Type::Dynamic {
        return Value::unknown_because(Type::Dynamic, why);
    }
    let not_null = never_null(then) && never_null(otherwise);
    Value::Unknown(Unknown { ty: ty.clone(), not_null, prefix: None, why }.into())
}

fn described(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "of unknown type".into(),
        ty => format!("`{ty}`"),
    }
}
