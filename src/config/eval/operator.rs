//! Operators.

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Span, Type, Value};

use super::{Env, Evaluator, unknown_from};
use crate::config::ast::{BinaryOp, Chain, Expr, UnaryOp};
use crate::config::codes;
use crate::function::equal::equals;

impl Evaluator<'_> {
    pub(super) fn unary(
        &mut self,
        op: UnaryOp,
        operand: &Expr,
        expr: &Expr,
        env: Env<'_>,
    ) -> Value {
        let ty = if op == UnaryOp::Negate { Type::Number } else { Type::Bool };
        let value = self.eval(operand, env);
        let Some(value) = self.operand(&value, &ty, operand.span, expr, env) else {
            return unknown_from(ty, &[]);
        };
        let (bare, marks) = value.unmark();
        let result = match (op, bare) {
            (UnaryOp::Negate, Value::Number(n)) => Value::Number(n.neg()),
            (UnaryOp::Not, Value::Bool(b)) => Value::Bool(!b),
            (_, Value::Unknown(_)) => unknown_from(ty, &[bare]),
            _ => {
                let detail = "The operand must not be null.".to_owned();
                self.fail(&codes::OPERATION_FAILED, expr.span, expr, env, detail)
            }
        };
        result.mark(marks)
    }

    pub(super) fn binary(&mut self, chain: &Chain, expr: &Expr, env: Env<'_>) -> Value {
        let mut left = self.eval(&chain.first, env);
        let mut span = chain.first.span;
        for (op, operand) in &chain.rest {
            let right = self.eval(operand, env);
            let sides =
                Sides { left: &left, right: &right, left_span: span, right_span: operand.span };
            span.end = operand.span.end;
            left = self.combine(*op, &sides, span, expr, env);
        }
        left
    }

    fn combine(
        &mut self,
        op: BinaryOp,
        sides: &Sides<'_>,
        span: Span,
        expr: &Expr,
        env: Env<'_>,
    ) -> Value {
        let (operands, result) = types(op);
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            let marks = sides.left.marks_deep() | sides.right.marks_deep();
            let equal = equals(sides.left, sides.right);
            let value = match equal {
                Some(equal) => Value::Bool(equal == (op == BinaryOp::Equal)),
                None => unknown_from(Type::Bool, &[sides.left, sides.right]),
            };
            return value.mark(marks);
        }
        let left = self.operand(sides.left, &operands, sides.left_span, expr, env);
        let right = self.operand(sides.right, &operands, sides.right_span, expr, env);
        let (Some(left), Some(right)) = (left, right) else { return unknown_from(result, &[]) };
        let marks = left.unmark().1 | right.unmark().1;
        let value = match (left.bare(), right.bare()) {
            (Value::Null(_), _) | (_, Value::Null(_)) => {
                let detail = "No operand of it may be null.".to_owned();
                self.fail(&codes::OPERATION_FAILED, span, expr, env, detail);
                unknown_from(result, &[])
            }
            (a @ Value::Unknown(_), b) | (a, b @ Value::Unknown(_)) => {
                unknown_from(result, &[a, b])
            }
            (a, b) => apply(op, a, b).unwrap_or_else(|message| {
                self.fail(&codes::OPERATION_FAILED, span, expr, env, sentence(&message));
                unknown_from(result, &[])
            }),
        };
        value.mark(marks)
    }

    /// An operand as the type the operator needs.
    fn operand(
        &mut self,
        value: &Value,
        ty: &Type,
        at: Span,
        expr: &Expr,
        env: Env<'_>,
    ) -> Option<Value> {
        match convert(value, ty) {
            Ok(value) => Some(value),
            Err(error) => {
                let detail = format!("The operand is unsuitable: {error}.");
                self.fail(&codes::INVALID_OPERAND, at, expr, env, detail);
                None
            }
        }
    }
}

/// The operands of a binary operator.
struct Sides<'v> {
    left: &'v Value,
    right: &'v Value,
    left_span: Span,
    right_span: Span,
}

/// The types of operands and result.
fn types(op: BinaryOp) -> (Type, Type) {
    match op {
        BinaryOp::Or | BinaryOp::And => (Type::Bool, Type::Bool),
        BinaryOp::Equal | BinaryOp::NotEqual => (Type::Dynamic, Type::Bool),
        BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
            (Type::Number, Type::Bool)
        }
        BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Modulo => (Type::Number, Type::Number),
    }
}

/// The result for known operands of the right type.
fn apply(op: BinaryOp, a: &Value, b: &Value) -> Result<Value, String> {
    if let (Value::Bool(a), Value::Bool(b)) = (a, b) {
        return Ok(Value::Bool(if op == BinaryOp::Or { *a || *b } else { *a && *b }));
    }
    let (Value::Number(a), Value::Number(b)) = (a, b) else {
        return Err("the operands are unsuitable".into());
    };
    let number = match op {
        BinaryOp::Less => return Ok(Value::Bool(a < b)),
        BinaryOp::LessEqual => return Ok(Value::Bool(a <= b)),
        BinaryOp::Greater => return Ok(Value::Bool(a > b)),
        BinaryOp::GreaterEqual => return Ok(Value::Bool(a >= b)),
        BinaryOp::Add => a.add(b),
        BinaryOp::Subtract => a.sub(b),
        BinaryOp::Multiply => a.mul(b),
        BinaryOp::Divide => a.div(b),
        BinaryOp::Modulo => a.rem(b),
        BinaryOp::Or | BinaryOp::And | BinaryOp::Equal | BinaryOp::NotEqual => {
            return Err("the operands are unsuitable".into());
        }
    };
    number.map(Value::Number).map_err(|error| error.to_string())
}

/// With a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}
