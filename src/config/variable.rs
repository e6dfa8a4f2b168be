//! Variables: their blocks and what values they take. Where values come from: [`super::input`].

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Diagnostics, Marks, Name, Span, Type, Value};

use super::codes;
use super::eval::Scope;
use super::eval::condition::{Verdict, verdict};
pub use super::input::{Given, resolve};
use super::module::Condition;

/// A `variable` block.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: Name,
    /// Its type; optional attributes are marked in it.
    pub ty: Type,
    /// The defaults of optional attributes.
    pub defaults: Defaults,
    /// Its default, converted.
    pub default: Option<Value>,
    /// Text for people.
    pub description: Option<String>,
    /// Never shown.
    pub sensitive: bool,
    /// Never stored.
    pub ephemeral: bool,
    /// Whether `null` may be given.
    pub nullable: bool,
    /// Whether `-var` and the environment give it as text, not as an expression.
    pub literal_input: bool,
    /// `validation` blocks.
    pub validations: Vec<Condition>,
    /// The block's header.
    pub span: Span,
}

/// The defaults that `optional(T, default)` gives, in the shape of the type.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// Those of this object, by attribute.
    pub values: Vec<(Name, Value)>,
    /// Those inside: by attribute, by position, or under the empty name for every element.
    pub children: Vec<(Name, Defaults)>,
}

impl Defaults {
    /// With the defaults of what lies inside.
    pub(super) fn of_child(name: &str, child: Self) -> Self {
        let mut all = Self::default();
        all.add_child(name, child);
        all
    }

    /// Adds the defaults of what lies inside, if there are any.
    pub(super) fn add_child(&mut self, name: &str, child: Self) {
        if !child.is_empty() {
            self.children.retain(|(n, _)| &**n != name);
            self.children.push((name.into(), child));
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.children.is_empty()
    }

    fn child(&self, name: &str) -> Option<&Self> {
        let find = |name: &str| self.children.iter().find(|(n, _)| &**n == name);
        find(name).or_else(|| find("")).map(|(_, child)| child)
    }

    /// The value with what it leaves out, or has as null, filled in. It is to be converted
    /// afterwards: collections may have become tuples and objects.
    #[must_use]
    pub fn apply(&self, value: &Value) -> Value {
        let (bare, marks) = value.unmark();
        if self.is_empty() {
            return value.clone();
        }
        let within = |name: &str, value: &Value| match self.child(name) {
            Some(child) => child.apply(value),
            None => value.clone(),
        };
        let filled = match bare {
            Value::List(_) | Value::Set(_) | Value::Tuple(_) => {
                let items = bare.items().unwrap_or_default().iter().enumerate();
                Value::tuple(items.map(|(i, item)| within(&i.to_string(), item)).collect())
            }
            Value::Map(_) | Value::Object(_) => {
                let entries = bare.entries().unwrap_or_default();
                let given = entries.iter().map(|(name, v)| (name.clone(), within(name, v)));
                let missing = self
                    .values
                    .iter()
                    .filter(|(name, _)| bare.get(name).is_none_or(Value::is_null));
                let missing = missing.map(|(name, default)| (name.clone(), within(name, default)));
                Value::object(given.chain(missing))
            }
            _ => return value.clone(),
        };
        filled.mark(marks)
    }
}

/// The value of a variable that is given `given`, or left out; problems are reported at the
/// place of what is given, else at `at`.
pub fn accept(
    declared: &Variable,
    given: Option<(Value, Span)>,
    at: Span,
    diagnostics: &mut Diagnostics,
) -> Value {
    let name = &declared.name;
    let value = match given {
        Some((value, span)) if !value.is_null() || declared.nullable => {
            convert(&declared.defaults.apply(&value), &declared.ty).map_err(|error| {
                let detail =
                    format!("The value does not have the type of the variable {name:?}: {error}.");
                codes::INVALID_VALUE.error(detail).at(span).label(declared.span, "declared here")
            })
        }
        given => declared.default.clone().ok_or_else(|| {
            let detail = match &given {
                Some(_) => format!("The variable {name:?} must not be null and has no default."),
                None => format!("The variable {name:?} has no default, so it needs a value."),
            };
            let code = if given.is_some() { &codes::INVALID_VALUE } else { &codes::NO_VALUE };
            code.error(detail).at(given.map_or(at, |(_, span)| span))
        }),
    };
    let value = value.unwrap_or_else(|diagnostic| {
        diagnostics.push(diagnostic);
        Value::unknown(declared.ty.clone())
    });
    declared.mark(value)
}

impl Variable {
    /// The value with the marks that the variable gives.
    pub fn mark(&self, value: Value) -> Value {
        let sensitive = if self.sensitive { Marks::SENSITIVE } else { Marks::NONE };
        let ephemeral = if self.ephemeral { Marks::EPHEMERAL } else { Marks::NONE };
        value.mark(sensitive | ephemeral)
    }
}

/// Evaluates the `validation` blocks of a variable; a failed one is reported at `at`, the place
/// of its value.
pub fn validate(variable: &Variable, scope: &dyn Scope, at: Span, diagnostics: &mut Diagnostics) {
    for validation in &variable.validations {
        if let Verdict::Fail(message) = verdict(validation, scope, diagnostics) {
            let detail = format!("{message}\n\nThe variable {:?} says so.", variable.name);
            let diagnostic = codes::VALIDATION.error(detail).at(at);
            diagnostics.push(diagnostic.label(validation.span, "the validation"));
        }
    }
}
