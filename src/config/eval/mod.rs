//! Evaluation of expressions, as HCL2 and Terraform 1.11 do it.
//!
//! Nesting is bounded by the parser, but deep: call it from [`super::on_big_stack`].

mod access;
mod call;
mod collection;
pub mod condition;
mod conditional;
mod constant;
mod explain;
mod operator;
mod render;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::value::{Unknown, Why};
use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Span, Type, Value};

use super::ast::{Expr, ExprKind, Traversal};
use super::codes::{self, Code};
use super::reference::{self, Reference};
pub use crate::function::Context as FunctionContext;
pub(super) use collection::elements;
#[cfg(test)]
pub(super) use constant::NOTHING;
pub use constant::{constant, constant_as};
pub use render::Renderer;

/// What an expression sees around it.
pub trait Scope {
    /// The whole value of a target (see [`super::reference::Target`]), not of the steps after it.
    ///
    /// # Errors
    /// Why there is none; the place is filled in where it is missing.
    fn resolve(&self, reference: &Reference) -> Result<Value, Box<Diagnostic>>;

    /// What functions need besides their arguments.
    fn functions(&self) -> &FunctionContext<'_>;
}

/// The value of an expression; unknown, with a diagnostic, where it has none.
pub fn evaluate(expr: &Expr, scope: &dyn Scope, diagnostics: &mut Diagnostics) -> Value {
    evaluate_with(expr, scope, &[], diagnostics)
}

/// The value of an expression in which some names stand for values, as in `dynamic` blocks.
pub fn evaluate_with(
    expr: &Expr,
    scope: &dyn Scope,
    names: &[(Name, Value)],
    diagnostics: &mut Diagnostics,
) -> Value {
    fn nest(names: &[(Name, Value)], env: Env<'_>, e: &mut Evaluator<'_>, expr: &Expr) -> Value {
        match names.split_first() {
            None => e.eval(expr, env),
            Some(((name, value), rest)) => {
                nest(rest, env.with(&Frame { name, value, env }), e, expr)
            }
        }
    }
    let mut evaluator = Evaluator { scope, found: Found::default() };
    let value = nest(names, Env::default(), &mut evaluator, expr);
    diagnostics.extend(evaluator.found.diagnostics);
    value
}

/// The value of an expression as a type; unknown, with a diagnostic, where it has none.
pub fn evaluate_as(
    expr: &Expr,
    ty: &Type,
    scope: &dyn Scope,
    diagnostics: &mut Diagnostics,
) -> Value {
    let value = evaluate(expr, scope, diagnostics);
    convert(&value, ty).unwrap_or_else(|error| {
        let detail = format!("The value is unsuitable: {error}.");
        diagnostics.push(codes::WRONG_TYPE.error(detail).at(expr.span));
        Value::unknown(ty.clone())
    })
}

/// Names of `for` and `dynamic`, innermost first.
#[derive(Clone, Copy, Default)]
struct Env<'e>(Option<&'e Frame<'e>>);

struct Frame<'e> {
    name: &'e str,
    value: &'e Value,
    env: Env<'e>,
}

impl<'e> Env<'e> {
    fn with(self, frame: &'e Frame<'e>) -> Self {
        Self(Some(frame))
    }

    fn get(self, name: &str) -> Option<&'e Value> {
        let mut frame = self.0;
        while let Some(f) = frame {
            if f.name == name {
                return Some(f.value);
            }
            frame = f.env.0;
        }
        None
    }
}

/// The problems of an evaluation; the same problem at the same place counts once.
#[derive(Default)]
struct Found {
    diagnostics: Diagnostics,
    seen: BTreeSet<(Span, &'static str)>,
    /// How many were found, repetitions too.
    errors: usize,
}

struct Evaluator<'a> {
    scope: &'a dyn Scope,
    found: Found,
}

impl Evaluator<'_> {
    fn eval(&mut self, expr: &Expr, env: Env<'_>) -> Value {
        match &expr.kind {
            ExprKind::Literal(value) => value.clone(),
            ExprKind::OddNumber(value) => (**value).clone(),
            ExprKind::Template(parts) => self.template(parts, expr, env),
            ExprKind::Wrap(inner) | ExprKind::Paren(inner) => self.eval(inner, env),
            ExprKind::Traversal(traversal) => self.traversal(traversal, expr, env),
            ExprKind::Access(access) => self.access(access, expr, env),
            ExprKind::Call(call) => self.call(call, expr, env),
            ExprKind::Unary(op, operand) => self.unary(*op, operand, expr, env),
            ExprKind::Binary(chain) => self.binary(chain, expr, env),
            ExprKind::Conditional(parts) => self.conditional(parts, expr, env),
            ExprKind::Tuple(items) => {
                Value::tuple(items.iter().map(|item| self.eval(item, env)).collect())
            }
            ExprKind::Object(items) => self.object(items, expr, env),
            ExprKind::For(parts) => self.for_expr(parts, expr, env),
            ExprKind::Invalid => {
                // The syntax error was reported; nothing that depends on it is.
                self.found.errors += 1;
                error_value()
            }
        }
    }

    fn traversal(&mut self, traversal: &Traversal, expr: &Expr, env: Env<'_>) -> Value {
        if let Some(value) = env.get(&traversal.root) {
            let value = value.clone();
            return self.steps(value, &traversal.steps, expr, env);
        }
        let Some(reference) = &traversal.reference else {
            let (root, span) = (&traversal.root, traversal.root_span);
            if let Err(diagnostic) = reference::parse(root, span, &traversal.steps) {
                self.push(*diagnostic);
            }
            return error_value();
        };
        match self.scope.resolve(reference) {
            Ok(value) => self.steps(value, reference.rest(), expr, env),
            Err(mut diagnostic) => {
                diagnostic.span.get_or_insert(reference.span);
                self.push(*diagnostic);
                error_value()
            }
        }
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.found.errors += 1;
        let place = diagnostic.span.map(|span| (span, diagnostic.code));
        if place.is_none_or(|place| self.found.seen.insert(place)) {
            self.found.diagnostics.push(diagnostic);
        }
    }

    /// Reports an error at `at` in `expr`, with the values that `expr` uses.
    fn fail(&mut self, code: &Code, at: Span, expr: &Expr, env: Env<'_>, detail: String) -> Value {
        let mut diagnostic = code.error(detail).at(at).within(expr.span);
        if !self.found.seen.contains(&(at, code.code)) {
            diagnostic.values = self.values(expr, env);
        }
        self.push(diagnostic);
        error_value()
    }

    /// Evaluates apart: the problems are returned and not kept.
    fn apart<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> (T, Found) {
        let outer = std::mem::take(&mut self.found);
        let value = f(self);
        (value, std::mem::replace(&mut self.found, outer))
    }

    /// Keeps problems that were found apart.
    fn keep(&mut self, found: Found) {
        let repeated = found.errors.saturating_sub(found.diagnostics.0.len());
        for diagnostic in found.diagnostics.0 {
            self.push(diagnostic);
        }
        self.found.errors += repeated;
    }
}

/// What stands for the value of what is wrong.
pub(super) fn unknown() -> Value {
    Value::unknown(Type::Dynamic)
}

use unknown as error_value;

/// An unknown value that is not null, for the reasons that others are unknown.
fn unknown_from(ty: Type, sources: &[&Value]) -> Value {
    let why = sources.iter().filter_map(|v| v.why_unknown()).max().unwrap_or(Why::AfterApply);
    let not_null = ty != Type::Dynamic;
    Value::Unknown(Arc::new(Unknown { ty, not_null, prefix: None, why }))
}
