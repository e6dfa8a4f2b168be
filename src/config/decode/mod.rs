//! Decoding bodies by schema.

mod block;
mod names;
#[cfg(test)]
mod tests;

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Attribute, Diagnostics, Name, Presence, Span, Syntax, Type, Value};

use super::ast::Body;
use super::codes;
use super::eval::{Scope, evaluate_with};
pub use names::{check_ignored, check_reference, check_static};

/// The object that a body describes, in the types of the schema.
///
/// What is left out is null, blocks that are not there are empty lists or sets; `dynamic`
/// blocks are expanded. Where something is wrong the diagnostics say so and the part is unknown.
pub fn decode(
    body: &Body,
    schema: &[Attribute],
    scope: &dyn Scope,
    diagnostics: &mut Diagnostics,
) -> Value {
    names::check_static(body, schema, diagnostics);
    Decoder { scope, diagnostics }.body(body, schema, &mut Vec::new())
}

struct Decoder<'a> {
    scope: &'a dyn Scope,
    diagnostics: &'a mut Diagnostics,
}

/// The iterators of the `dynamic` blocks around, innermost last.
type Names = Vec<(Name, Value)>;

impl Decoder<'_> {
    fn body(&mut self, body: &Body, schema: &[Attribute], names: &mut Names) -> Value {
        let mut given: Vec<Option<usize>> = vec![None; schema.len()];
        let position = Positions::of(schema);
        for (i, attribute) in body.attributes.iter().enumerate() {
            if let Some(slot) = position.find(&attribute.name).and_then(|at| given.get_mut(at)) {
                *slot = Some(i);
            }
        }
        let entries = schema.iter().zip(given).map(|(attribute, given)| {
            let value = match attribute.syntax {
                Syntax::Attribute => {
                    let given = given.and_then(|i| body.attributes.get(i));
                    self.attribute(attribute, given, names)
                }
                Syntax::Block { min, max } => self.blocks(attribute, (min, max), body, names),
            };
            (Name::from(attribute.name), value)
        });
        Value::object(entries.collect::<Vec<_>>())
    }

    fn attribute(
        &mut self,
        schema: &Attribute,
        given: Option<&super::ast::Attribute>,
        names: &Names,
    ) -> Value {
        let ty = schema.shape.ty();
        let Some(given) = given else { return Value::Null(ty) };
        if !schema.presence.configurable() {
            return Value::unknown(ty);
        }
        let before = self.diagnostics.0.len();
        let value = evaluate_with(&given.expr, self.scope, names, self.diagnostics);
        if self.diagnostics.0.len() > before {
            return Value::unknown(ty);
        }
        if value.is_null() && schema.presence == Presence::Required {
            let detail =
                format!("The argument {:?} is required, but its value is null.", schema.name);
            self.diagnostics.push(codes::MISSING_ARGUMENT.error(detail).at(given.expr.span));
        }
        self.converted(&value, &ty, given.expr.span, schema.name)
    }

    fn converted(&mut self, value: &Value, ty: &Type, at: Span, name: &str) -> Value {
        convert(value, ty).unwrap_or_else(|error| {
            let path = if error.path.0.is_empty() {
                String::new()
            } else {
                format!(" at `{}`", error.path)
            };
            let detail = format!("The value of {name:?} is unsuitable{path}: {}.", error.message);
            self.diagnostics.push(codes::WRONG_TYPE.error(detail).at(at));
            Value::unknown(ty.clone())
        })
    }
}

/// Finds attributes of a schema by name.
pub(super) struct Positions(Vec<(&'static str, usize)>);

impl Positions {
    pub(super) fn of(schema: &[Attribute]) -> Self {
        let mut names: Vec<_> = schema.iter().enumerate().map(|(i, a)| (a.name, i)).collect();
        names.sort_unstable();
        Self(names)
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let found = self.0.binary_search_by(|(n, _)| (*n).cmp(name)).ok()?;
        self.0.get(found).map(|(_, i)| *i)
    }
}
