//! The values that an expression uses, in words, for diagnostics.

use lifeboat_sdk::{Marks, Value};

use super::{Env, Evaluator};
use crate::config::ast::{Expr, ExprKind, Step, StepKind, Traversal};
use crate::config::walk;

/// So many values are told at most.
const MOST: usize = 8;

impl Evaluator<'_> {
    /// What the names in an expression stand for: `("var.x", "is \"a\"")`.
    pub(super) fn values(&mut self, expr: &Expr, env: Env<'_>) -> Vec<(String, String)> {
        let mut traversals: Vec<&Traversal> = Vec::new();
        walk::traversals(expr, &mut |t| traversals.push(t));
        let mut told: Vec<(String, String)> = Vec::new();
        for traversal in traversals.into_iter().take(4 * MOST) {
            let label = label(traversal);
            if told.len() >= MOST || told.iter().any(|(l, _)| *l == label) {
                continue;
            }
            let kind = ExprKind::Traversal(Box::new(traversal.clone()));
            let whole = Expr { kind, span: traversal.root_span };
            let (value, found) = self.apart(|e| {
                // Nothing is explained while explaining.
                e.found.seen.clear();
                e.quiet(&whole, env)
            });
            if let Some(value) = value.filter(|_| found.errors == 0) {
                told.push((label, describe(&value)));
            }
        }
        told
    }

    /// The value of a traversal with literal steps only, without reporting anything.
    fn quiet(&mut self, whole: &Expr, env: Env<'_>) -> Option<Value> {
        let ExprKind::Traversal(t) = &whole.kind else { return None };
        let (value, steps) = match env.get(&t.root) {
            Some(value) => (value.clone(), &*t.steps),
            None => {
                let reference = t.reference.as_ref()?;
                (self.scope.resolve(reference).ok()?, reference.rest())
            }
        };
        steps.iter().try_fold(value, |value, step| {
            let marks = value.unmark().1;
            let part = match &step.kind {
                StepKind::Attr(name) => value.get(name).cloned(),
                StepKind::Key(key) => match key.as_i64().and_then(|n| usize::try_from(n).ok()) {
                    Some(n) => value.items()?.get(n).cloned(),
                    None => value.get(key.as_str()?).cloned(),
                },
                StepKind::Index(_) | StepKind::Splat(_) => None,
            };
            Some(part?.mark(marks))
        })
    }
}

/// As it is written, up to the first step that is no literal.
fn label(traversal: &Traversal) -> String {
    let mut text = traversal.root.to_string();
    let literal = |s: &&Step| matches!(s.kind, StepKind::Attr(_) | StepKind::Key(_));
    for step in traversal.steps.iter().take_while(literal) {
        match &step.kind {
            StepKind::Attr(name) => {
                text.push('.');
                text.push_str(name);
            }
            StepKind::Key(key) => text.push_str(&format!("[{key:?}]")),
            StepKind::Index(_) | StepKind::Splat(_) => {}
        }
    }
    text
}

/// A value in a few words, as Terraform puts it; secrets are not told.
pub(super) fn describe(value: &Value) -> String {
    const LONGEST: usize = 80;
    let marks = value.marks_deep();
    if marks.contains(Marks::SENSITIVE) || marks.contains(Marks::EPHEMERAL) {
        return "has a sensitive value".into();
    }
    match value.bare() {
        Value::Null(_) => "is null".into(),
        Value::Unknown(u) => match &u.ty {
            lifeboat_sdk::Type::Dynamic => "will be known only after apply".into(),
            ty => format!("is a {}, known only after apply", ty.friendly()),
        },
        Value::Bool(b) => format!("is {b}"),
        Value::Number(n) => format!("is {n}"),
        Value::String(text) if text.chars().count() <= LONGEST => format!("is {text:?}"),
        Value::String(text) => {
            let start: String = text.chars().take(LONGEST).collect();
            format!("is a string of {} characters that begins {start:?}", text.chars().count())
        }
        other => {
            let count = other.children().count();
            let (one, many) = match other {
                Value::Object(_) => ("attribute", "attributes"),
                _ => ("element", "elements"),
            };
            let noun = if count == 1 { one } else { many };
            format!("is {} with {count} {noun}", article(&other.ty().friendly()))
        }
    }
}

fn article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if an { "an" } else { "a" })
}
