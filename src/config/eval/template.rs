//! Templates: text with interpolations and directives.

use std::sync::Arc;

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::value::{Unknown, Why};
use lifeboat_sdk::{Marks, Span, Type, Value};

use super::{Env, Evaluator, Frame};
use crate::config::ast::{Expr, ForPart, IfPart, Part};
use crate::config::codes;

/// A text that is being put together.
#[derive(Default)]
struct Text {
    text: String,
    marks: Marks,
    /// Why it is unknown from some point on.
    unknown: Option<Why>,
    failed: bool,
}

impl Text {
    fn push(&mut self, text: &str) {
        if self.unknown.is_none() && !self.failed {
            self.text.push_str(text);
        }
    }

    fn push_unknown(&mut self, why: Why) {
        self.unknown = Some(self.unknown.take().map_or(why.clone(), |w| w.max(why)));
    }

    /// Adds a text that was put together apart.
    fn append(&mut self, other: Self) {
        self.push(&other.text);
        self.marks = self.marks | other.marks;
        self.failed |= other.failed;
        if let Some(why) = other.unknown {
            self.push_unknown(why);
        }
    }
}

/// The longest text a template yields, in bytes.
const LONGEST: usize = 64 << 20;

impl Evaluator<'_> {
    pub(super) fn template(&mut self, parts: &[Part], expr: &Expr, env: Env<'_>) -> Value {
        let mut text = Text::default();
        self.parts(parts, &mut text, expr, env);
        let value = match text.unknown {
            None if text.failed => Value::unknown(Type::String),
            None => Value::nfc(&text.text),
            Some(why) => {
                let known = !text.failed && !text.text.is_empty();
                let prefix = known.then(|| Arc::from(text.text.as_str()));
                Value::Unknown(Unknown { ty: Type::String, not_null: true, prefix, why }.into())
            }
        };
        value.mark(text.marks)
    }

    fn parts(&mut self, parts: &[Part], text: &mut Text, expr: &Expr, env: Env<'_>) {
        for part in parts {
            match part {
                Part::Text(part, _) => text.push(part),
                Part::Interpolation(inner) => {
                    let value = self.eval(inner, env);
                    self.interpolate(&value, inner.span, text, expr, env);
                }
                Part::If(part) => self.if_part(part, text, expr, env),
                Part::For(part) => self.for_part(part, text, expr, env),
            }
            if text.text.len() > LONGEST && !text.failed {
                let detail = "The text would be longer than 64 MiB.".to_owned();
                self.fail(&codes::TEMPLATE_VALUE, expr.span, expr, env, detail);
                text.failed = true;
            }
        }
    }

    fn interpolate(&mut self, value: &Value, at: Span, text: &mut Text, expr: &Expr, env: Env<'_>) {
        let (bare, marks) = value.unmark();
        text.marks = text.marks | marks;
        if bare.is_null() {
            let detail = "The value is null, which has no text.".to_owned();
            self.fail(&codes::TEMPLATE_VALUE, at, expr, env, detail);
            text.failed = true;
            return;
        }
        if let Value::Unknown(u) = bare
            && (u.ty == Type::Dynamic || convert(bare, &Type::String).is_ok())
        {
            text.push_unknown(u.why.clone());
            return;
        }
        match convert(bare, &Type::String) {
            Ok(value) => text.push(value.as_str().unwrap_or_default()),
            Err(error) => {
                let detail = format!("The value has no text: {error}.");
                self.fail(&codes::TEMPLATE_VALUE, at, expr, env, detail);
                text.failed = true;
            }
        }
    }

    fn if_part(&mut self, part: &IfPart, text: &mut Text, expr: &Expr, env: Env<'_>) {
        let IfPart { condition, then, otherwise, .. } = part;
        let Some(condition) = self.condition(condition, expr, env) else {
            text.failed = true;
            return;
        };
        let (bare, marks) = condition.unmark();
        text.marks = text.marks | marks;
        match bare.as_bool() {
            Some(chosen) => {
                let parts = if chosen { then } else { otherwise };
                self.parts(parts, text, expr, env);
            }
            None => {
                for parts in [then, otherwise] {
                    let mut side = Text::default();
                    let ((), _) = self.apart(|e| e.parts(parts, &mut side, expr, env));
                    text.marks = text.marks | side.marks;
                    side.unknown.into_iter().for_each(|why| text.push_unknown(why));
                }
                text.push_unknown(bare.why_unknown().unwrap_or(Why::AfterApply));
            }
        }
    }

    fn for_part(&mut self, part: &ForPart, text: &mut Text, expr: &Expr, env: Env<'_>) {
        let ForPart { key: key_name, value: value_name, collection, content, .. } = part;
        let value = self.eval(collection, env);
        let Some(value) = self.iterable(&value, collection, expr, env) else {
            text.failed = true;
            return;
        };
        let (bare, marks) = value.unmark();
        text.marks = text.marks | marks;
        if bare.is_unknown() {
            text.push_unknown(bare.why_unknown().unwrap_or(Why::AfterApply));
            return;
        }
        for (key, value) in super::collection::elements(bare) {
            let inner = Frame { name: value_name, value: &value, env };
            let outer = Frame {
                name: key_name.as_deref().unwrap_or_default(),
                value: &key,
                env: env.with(&inner),
            };
            let env = if key_name.is_some() { env.with(&outer) } else { env.with(&inner) };
            let mut one = Text::default();
            self.parts(content, &mut one, expr, env);
            text.append(one);
            if text.failed && text.text.len() > LONGEST {
                return;
            }
        }
    }
}
