//! `variable` and `output` blocks, and conditions.

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Diagnostics, Name, Span, Type, Value};

use super::content::Content;
use crate::config::ast::{Block, Expr, ExprKind};
use crate::config::eval::constant;
use crate::config::module::{Condition, Output};
use crate::config::reference::{Target, references};
use crate::config::types;
use crate::config::variable::{Defaults, Variable};
use crate::config::{codes, walk};

pub(super) fn variable(name: &Name, block: Block, diagnostics: &mut Diagnostics) -> Variable {
    let mut content = Content::new(block.body, diagnostics);
    let description = content.text("description").map(|(text, _)| text);
    let sensitive = content.flag("sensitive").unwrap_or(false);
    let ephemeral = content.flag("ephemeral").unwrap_or(false);
    let nullable = content.flag("nullable").unwrap_or(true);
    let ty = content.expr("type");
    let (ty, defaults, literal_input) = match ty {
        None => (Type::Dynamic, Defaults::default(), true),
        Some(expr) => {
            let (ty, defaults) = types::parse(&expr, content.diagnostics);
            let literal = ty.is_primitive();
            (ty, defaults, literal)
        }
    };
    let default = content.expr("default").map(|expr| {
        let value = default_value(&expr, &ty, &defaults, nullable, content.diagnostics);
        // What is wrong with it was reported; a value is not missing.
        value.unwrap_or_else(|| Value::unknown(ty.clone()))
    });
    let validations = conditions(&mut content, "validation");
    for validation in &validations {
        check_validation(name, validation, content.diagnostics);
    }
    content.finish();
    Variable {
        name: name.clone(),
        ty,
        defaults,
        default,
        description,
        sensitive,
        ephemeral,
        nullable,
        literal_input,
        validations,
        span: block.header,
    }
}

fn default_value(
    expr: &Expr,
    ty: &Type,
    defaults: &Defaults,
    nullable: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let value = constant(expr, diagnostics)?;
    if value.is_null() && !nullable {
        let detail = "A variable with `nullable = false` has no default that is null.";
        diagnostics.push(codes::INVALID_DEFAULT.error(detail).at(expr.span));
        return None;
    }
    match convert(&defaults.apply(&value), ty) {
        Ok(value) => Some(value),
        Err(error) => {
            let detail = format!("The default does not have the variable's type: {error}.");
            diagnostics.push(codes::INVALID_DEFAULT.error(detail).at(expr.span));
            None
        }
    }
}

/// A validation must look at its variable.
fn check_validation(name: &Name, validation: &Condition, diagnostics: &mut Diagnostics) {
    let own = Target::Variable(name.clone());
    if references(&validation.condition).iter().any(|r| r.target == own) {
        return;
    }
    if !matches!(validation.condition.kind, ExprKind::Invalid) {
        let detail = format!("The condition says nothing of `var.{name}`, which it validates.");
        let at = validation.condition.span;
        diagnostics.push(codes::INVALID_CONDITION.error(detail).at(at));
    }
}

/// All blocks with `condition` and `error_message`.
pub(super) fn conditions(content: &mut Content<'_>, ident: &'static str) -> Vec<Condition> {
    let blocks = content.blocks(ident);
    blocks.into_iter().filter_map(|block| condition(block, content.diagnostics)).collect()
}

fn condition(block: Block, diagnostics: &mut Diagnostics) -> Option<Condition> {
    let span = block.header;
    let mut content = Content::new(block.body, diagnostics);
    let condition = content.required("condition");
    let message = content.required("error_message");
    content.finish();
    Some(Condition { condition: condition?.expr, message: message?.expr, span })
}

/// Conditions that nothing can change are mistakes.
pub(super) fn check_conditions(conditions: &[Condition], diagnostics: &mut Diagnostics) {
    for condition in conditions {
        let mut refers = false;
        walk::traversals(&condition.condition, &mut |_| refers = true);
        if !refers && !matches!(condition.condition.kind, ExprKind::Invalid) {
            let detail = "The condition refers to nothing, so it is always true or always false.";
            let at = condition.condition.span;
            diagnostics.push(codes::INVALID_CONDITION.error(detail).at(at));
        }
    }
}

pub(super) fn output(block: Block, diagnostics: &mut Diagnostics) -> Option<Output> {
    let span: Span = block.header;
    let mut content = Content::new(block.body, diagnostics);
    let value = content.required("value");
    let description = content.text("description").map(|(text, _)| text);
    let sensitive = content.flag("sensitive").unwrap_or(false);
    let ephemeral = content.flag("ephemeral").unwrap_or(false);
    let depends_on = content.depends_on();
    let preconditions = conditions(&mut content, "precondition");
    check_conditions(&preconditions, content.diagnostics);
    content.finish();
    let value = value?.expr;
    Some(Output { value, description, sensitive, ephemeral, depends_on, preconditions, span })
}
