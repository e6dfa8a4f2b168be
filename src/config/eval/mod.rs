//! Evaluation of expressions, as HCL2 and Terraform 1.11 do it.
//!
//! Nesting is bounded by the parser, but deep: call it from [`super::on_big_stack`].

use lifeboat_sdk::{Diagnostic, Diagnostics, Type, Value};

use super::ast::Expr;
use super::reference::Reference;

/// What an expression sees around it.
pub trait Scope {
    /// The whole value of a target (see [`super::reference::Target`]), not of the steps after it.
    ///
    /// # Errors
    /// Why there is none; the place is filled in where it is missing.
    fn resolve(&self, reference: &Reference) -> Result<Value, Box<Diagnostic>>;

    /// What functions need besides their arguments.
    fn functions(&self) -> &FunctionContext;
}

/// Stands in for `crate::function::Context` until that exists.
pub struct FunctionContext;

/// The value of an expression; unknown, with a diagnostic, where it has none.
pub fn evaluate(expr: &Expr, scope: &dyn Scope, diagnostics: &mut Diagnostics) -> Value {
    let _ = (expr, scope, diagnostics);
    Value::unknown(Type::Dynamic)
}
