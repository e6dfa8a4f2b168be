//! Nested blocks, written out and `dynamic`.

use lifeboat_sdk::value::Why;
use lifeboat_sdk::{Attribute, Marks, Name, Shape, Value};

use super::{Decoder, Names};
use crate::config::ast::{Block, Body};
use crate::config::eval::evaluate_with;
use crate::config::{codes, walk};

/// What a `dynamic` block yields.
#[derive(Default)]
struct Gathered {
    items: Vec<Value>,
    marks: Marks,
    /// Why the number of blocks is not known.
    unknown: Option<Why>,
    failed: bool,
}

impl Decoder<'_> {
    /// All blocks of one kind, as a list or set.
    pub(super) fn blocks(
        &mut self,
        schema: &Attribute,
        (min, max): (u32, u32),
        body: &Body,
        names: &mut Names,
    ) -> Value {
        let ty = schema.shape.ty();
        let Some(inner) = schema.shape.attributes() else { return Value::Null(ty) };
        let mut gathered = Gathered::default();
        for block in &body.blocks {
            if &*block.ident == schema.name {
                gathered.items.push(self.body(&block.body, inner, names));
            } else if is_dynamic(block, schema.name) {
                self.dynamic(block, inner, &mut gathered, names);
            }
        }
        if gathered.failed {
            return Value::unknown(ty);
        }
        let count = u32::try_from(gathered.items.len()).unwrap_or(u32::MAX);
        if gathered.unknown.is_none() && (count < min || (max > 0 && count > max)) {
            // With dynamic blocks the number is known only now.
            if body.blocks.iter().any(|b| is_dynamic(b, schema.name)) {
                let diagnostic = super::names::count_error(schema.name, count, min, max, body);
                self.diagnostics.push(diagnostic);
            }
        }
        let Gathered { items, marks, unknown, .. } = gathered;
        let value = match (unknown, &schema.shape) {
            (Some(why), _) => Value::unknown_because(ty, why),
            (None, Shape::Set(element)) => Value::set(element.ty(), items),
            (None, Shape::List(element)) => Value::list(element.ty(), items),
            (None, _) => items.into_iter().next().unwrap_or(Value::Null(ty)),
        };
        value.mark(marks)
    }

    fn dynamic(
        &mut self,
        block: &Block,
        schema: &[Attribute],
        into: &mut Gathered,
        names: &mut Names,
    ) {
        let (Some(name), Some(each), Some(content)) = (
            walk::iterator(block),
            block.body.attribute("for_each"),
            block.body.blocks.iter().find(|b| &*b.ident == "content"),
        ) else {
            // Reported with the names.
            into.failed = true;
            return;
        };
        let before = self.diagnostics.0.len();
        let value = evaluate_with(&each.expr, self.scope, names, self.diagnostics);
        if self.diagnostics.0.len() > before {
            into.failed = true;
            return;
        }
        let (bare, marks) = value.unmark();
        into.marks = into.marks | marks;
        if let Value::Unknown(u) = bare
            && !u.ty.is_primitive()
        {
            let why = u.why.clone();
            into.unknown = Some(into.unknown.take().map_or(why.clone(), |w| w.max(why)));
            return;
        }
        if bare.items().is_none() && bare.entries().is_none() {
            let what = if bare.is_null() { "null".into() } else { bare.ty().friendly() };
            let detail = format!("`for_each` walks a list, a set or a map, but it is {what}.");
            self.diagnostics.push(codes::INVALID_DYNAMIC.error(detail).at(each.expr.span));
            into.failed = true;
            return;
        }
        for (key, value) in crate::config::eval::elements(bare) {
            names.push((name.clone(), element(key, value)));
            let item = self.body(&content.body, schema, names);
            names.pop();
            into.items.push(item);
        }
    }
}

/// What the iterator of a `dynamic` block stands for.
fn element(key: Value, value: Value) -> Value {
    Value::object([(Name::from("key"), key), (Name::from("value"), value)])
}

/// Whether it is a `dynamic` block that yields blocks of that kind.
pub(super) fn is_dynamic(block: &Block, ident: &str) -> bool {
    &*block.ident == "dynamic" && block.labels.first().is_some_and(|l| &*l.text == ident)
}
