//! The values that an expression uses, in words, for diagnostics.

use lifeboat_sdk::{Marks, Value};

use super::{Env, Evaluator};
use crate::config::ast::{Expr, Step, StepKind, Traversal};
use crate::config::walk;

/// So many values are told at most.
const MOST: usize = 8;

impl Evaluator<'_> {
    /// What the names in an expression stand for: `("var.x", "is \"a\"")`.
    pub(super) fn values(&self, expr: &Expr, env: Env<'_>) -> Vec<(String, String)> {
        let mut traversals: Vec<&Traversal> = Vec::new();
        walk::traversals(expr, &mut |t| traversals.push(t));
        let mut told: Vec<(String, String)> = Vec::new();
        for traversal in traversals.into_iter().take(4 * MOST) {
            let Some((label, value)) = self.longest(traversal, env) else { continue };
            if told.len() < MOST && told.iter().all(|(l, _)| *l != label) {
                told.push((label, describe(&value)));
            }
        }
        told
    }

    /// The value of as much of a traversal as has one, and how that part is written.
    fn longest(&self, t: &Traversal, env: Env<'_>) -> Option<(String, Value)> {
        let mut text = t.root.to_string();
        let (mut value, rest) = match env.get(&t.root) {
            Some(value) => (value.clone(), &*t.steps),
            None => {
                let reference = t.reference.as_ref()?;
                let value = self.scope.resolve(reference).ok()?;
                let head = t.steps.len().saturating_sub(reference.rest().len());
                t.steps.get(..head)?.iter().for_each(|step| write_step(&mut text, step));
                (value, reference.rest())
            }
        };
        for step in rest {
            let marks = value.unmark().1;
            let part = match &step.kind {
                StepKind::Attr(name) => value.get(name).cloned(),
                StepKind::Key(key) => match key.as_i64().and_then(|n| usize::try_from(n).ok()) {
                    Some(n) => value.items().and_then(|items| items.get(n)).cloned(),
                    None => key.as_str().and_then(|key| value.get(key)).cloned(),
                },
                StepKind::Index(_) | StepKind::Splat(_) => None,
            };
            let Some(part) = part else { break };
            value = part.mark(marks);
            write_step(&mut text, step);
        }
        Some((text, value))
    }
}

/// A literal step as it is written.
fn write_step(text: &mut String, step: &Step) {
    match &step.kind {
        StepKind::Attr(name) => {
            text.push('.');
            text.push_str(name);
        }
        StepKind::Key(key) => text.push_str(&format!("[{key:?}]")),
        StepKind::Index(_) | StepKind::Splat(_) => {}
    }
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
