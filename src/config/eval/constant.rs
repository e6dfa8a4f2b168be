//! Expressions without references and functions: what files say before anything is evaluated.

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Type, Value};

use super::{FunctionContext, Scope, evaluate};
use crate::config::ast::{Expr, ExprKind};
use crate::config::codes;
use crate::config::reference::Reference;
use crate::config::walk::{self, Node};
use crate::function::{Entropy, FileError, FileKind, Files, Listed, TemplateError, Templates};

/// The value of an expression that must be constant; nothing after an error.
pub fn constant(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Value> {
    if let ExprKind::Literal(value) = &expr.kind {
        return Some(value.clone());
    }
    let mut wrong: Option<Diagnostic> = None;
    walk::expr(expr, &mut Vec::new(), &mut |node| {
        let (span, what) = match node {
            Node::Traversal(t) => (t.root_span, "Nothing may be referred to here"),
            Node::Call(call) => (call.name_span, "No function may be called here"),
        };
        if wrong.is_none() {
            let detail = format!("{what}: the value is read before anything is evaluated.");
            wrong = Some(codes::NOT_CONSTANT.error(detail).at(span));
        }
    });
    if let Some(wrong) = wrong {
        diagnostics.push(wrong);
        return None;
    }
    let errors = diagnostics.0.len();
    let value = evaluate(expr, &Nothing, diagnostics);
    (diagnostics.0.len() == errors && !value.is_unknown()).then_some(value)
}

/// The same as a type.
pub fn constant_as(expr: &Expr, ty: &Type, diagnostics: &mut Diagnostics) -> Option<Value> {
    let value = constant(expr, diagnostics)?;
    match convert(&value, ty) {
        Ok(value) => Some(value),
        Err(error) => {
            let detail = format!("The value is unsuitable: {error}.");
            diagnostics.push(codes::WRONG_TYPE.error(detail).at(expr.span));
            None
        }
    }
}

/// A scope in which there is nothing.
struct Nothing;

/// What functions see where there is nothing.
pub(in crate::config) const NOTHING: FunctionContext<'static> = FunctionContext {
    files: &Nothing,
    templates: &Nothing,
    entropy: &Nothing,
    now: jiff::Timestamp::UNIX_EPOCH,
    settled: false,
    in_template: false,
};

impl Scope for Nothing {
    fn resolve(&self, reference: &Reference) -> Result<Value, Box<Diagnostic>> {
        let detail = "Nothing may be referred to here.";
        Err(Box::new(codes::NOT_CONSTANT.error(detail).at(reference.span)))
    }

    fn functions(&self) -> &FunctionContext<'_> {
        &NOTHING
    }
}

impl Files for Nothing {
    fn read(&self, _path: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }

    fn kind(&self, _path: &str) -> Result<Option<FileKind>, FileError> {
        Ok(None)
    }

    fn list(&self, _folder: &str) -> Result<Vec<Listed>, FileError> {
        Err(FileError::NotFound)
    }

    fn current_folder(&self) -> String {
        String::new()
    }

    fn home(&self) -> Option<String> {
        None
    }
}

impl Templates for Nothing {
    fn render(
        &self,
        _name: &str,
        _text: &str,
        _variables: &[(Name, Value)],
    ) -> Result<Value, TemplateError> {
        Err(TemplateError::Failed("there are no templates here".into()))
    }
}

impl Entropy for Nothing {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}
