//! Steps into values: attributes, indices, splats.

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Span, Type, Value};

use super::{Env, Evaluator, error_value, unknown_from};
use crate::config::ast::{Access, Expr, Step, StepKind};
use crate::config::{codes, suggest};

impl Evaluator<'_> {
    pub(super) fn access(&mut self, access: &Access, expr: &Expr, env: Env<'_>) -> Value {
        let before = self.found.errors;
        let source = self.eval(&access.source, env);
        if self.found.errors > before {
            return error_value();
        }
        self.steps(source, &access.steps, expr, env)
    }

    /// Goes into a value step by step, up to the first error.
    pub(super) fn steps(
        &mut self,
        value: Value,
        steps: &[Step],
        expr: &Expr,
        env: Env<'_>,
    ) -> Value {
        let before = self.found.errors;
        let mut value = value;
        for (i, step) in steps.iter().enumerate() {
            value = match &step.kind {
                StepKind::Attr(name) => self.attr(&value, name, step.span, expr, env),
                StepKind::Key(key) => self.index(&value, key, step.span, expr, env),
                StepKind::Index(key) => {
                    let key = self.eval(key, env);
                    self.index(&value, &key, step.span, expr, env)
                }
                StepKind::Splat(each) => {
                    let start = steps
                        .get(..i)
                        .and_then(<[Step]>::last)
                        .map_or(expr.span.start, |s| s.span.end);
                    let at = Span {
                        start: expr.span.start,
                        end: start.max(step.span.start),
                        ..step.span
                    };
                    self.splat(&value, each, at, expr, env)
                }
            };
            if self.found.errors > before {
                return error_value();
            }
        }
        value
    }

    /// `.name`
    fn attr(&mut self, value: &Value, name: &str, at: Span, expr: &Expr, env: Env<'_>) -> Value {
        let (bare, marks) = value.unmark();
        let found = match bare {
            Value::Object(_) | Value::Map(_) => bare.get(name).cloned(),
            Value::Unknown(u) => unknown_attr(&u.ty, name, bare),
            _ => None,
        };
        if let Some(found) = found {
            return found.mark(marks);
        }
        let ty = bare.ty();
        let (code, detail) = match bare {
            Value::Null(_) => (
                &codes::NULL_ACCESS,
                format!("The value is null, so it has no attribute {name:?}."),
            ),
            Value::Map(_) => {
                (&codes::NO_ELEMENT, format!("The map has no element with the key {name:?}."))
            }
            _ => (&codes::UNKNOWN_ATTRIBUTE, no_attribute(&ty, name)),
        };
        self.fail(code, at, expr, env, detail);
        let names = bare.entries().unwrap_or_default().iter().map(|(n, _)| &**n);
        let help = if marks.is_empty() { suggest::nearest(name, names) } else { None };
        self.help(help);
        error_value()
    }

    /// Adds the question whether `name` was meant to the last diagnostic.
    fn help(&mut self, name: Option<&str>) {
        if let (Some(name), Some(last)) = (name, self.found.diagnostics.0.last_mut()) {
            last.help.get_or_insert(format!("Did you mean {name:?}?"));
        }
    }

    /// `[key]`
    fn index(&mut self, value: &Value, key: &Value, at: Span, expr: &Expr, env: Env<'_>) -> Value {
        let (bare, marks) = value.unmark();
        let (key, key_marks) = key.unmark();
        let marks = marks | key_marks;
        let detail = match find(bare, key) {
            Ok(found) => return found.mark(marks),
            Err(detail) => detail,
        };
        let code = if bare.is_null() { &codes::NULL_ACCESS } else { &codes::NO_ELEMENT };
        let detail = if marks.is_empty() { detail } else { "There is no such element.".into() };
        self.fail(code, at, expr, env, detail);
        if let Some(name) = key.as_str().filter(|_| marks.is_empty()) {
            let names = bare.entries().unwrap_or_default().iter().map(|(n, _)| &**n);
            self.help(suggest::nearest(name, names));
        }
        error_value()
    }

    /// `[*]` and `.*`: the steps into each element. What is no list is one element, null none.
    fn splat(
        &mut self,
        value: &Value,
        each: &[Step],
        at: Span,
        expr: &Expr,
        env: Env<'_>,
    ) -> Value {
        let (bare, marks) = value.unmark();
        let ty = bare.ty();
        let sequence = matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_));
        if bare.is_null() {
            if !sequence {
                return Value::tuple(Vec::new()).mark(marks);
            }
            let detail = "The value is null, so it has no elements for a splat.".to_owned();
            return self.fail(&codes::NULL_ACCESS, at, expr, env, detail);
        }
        if let Value::Unknown(u) = bare {
            return self.unknown_splat(&u.ty, bare, each, expr, env).mark(marks);
        }
        if !sequence {
            let item = self.steps(value.clone(), each, expr, env);
            return Value::tuple(vec![item]);
        }
        let before = self.found.errors;
        let items = bare.items().unwrap_or_default();
        let results: Vec<Value> =
            items.iter().map(|item| self.steps(item.clone(), each, expr, env)).collect();
        if self.found.errors > before {
            return error_value().mark(marks);
        }
        let result = match &ty {
            Type::List(element) | Type::Set(element) => {
                let element = match results.first() {
                    Some(first) => first.ty(),
                    None => {
                        let (item, _) = self.apart(|e| {
                            e.steps(Value::unknown((**element).clone()), each, expr, env)
                        });
                        item.ty()
                    }
                };
                same_type(element, results)
            }
            _ => Value::tuple(results),
        };
        result.mark(marks)
    }

    /// A splat of what is not known, of known type where that can be told.
    fn unknown_splat(
        &mut self,
        ty: &Type,
        unknown: &Value,
        each: &[Step],
        expr: &Expr,
        env: Env<'_>,
    ) -> Value {
        let mut item = |ty: &Type| {
            let unknown = unknown_from(ty.clone(), &[unknown]);
            self.steps(unknown, each, expr, env).ty()
        };
        let result = match ty {
            Type::List(element) | Type::Set(element) => Type::list(item(element)),
            Type::Tuple(elements) => Type::tuple(elements.iter().map(item).collect()),
            _ => Type::Dynamic,
        };
        unknown_from(result, &[unknown])
    }
}

/// A list where all have one type, else a tuple: a splat over a list with open types.
fn same_type(element: Type, items: Vec<Value>) -> Value {
    if items.iter().all(|item| item.ty() == element) {
        return Value::list(element, items);
    }
    Value::tuple(items)
}

/// The attribute of an unknown value, of its type where that is known.
fn unknown_attr(ty: &Type, name: &str, unknown: &Value) -> Option<Value> {
    let ty = match ty {
        Type::Dynamic => Type::Dynamic,
        Type::Map(element) => (**element).clone(),
        ty => ty.field(name)?.ty.clone(),
    };
    let why = unknown.why_unknown()?;
    Some(Value::unknown_because(ty, why))
}

fn no_attribute(ty: &Type, name: &str) -> String {
    match ty {
        Type::Object(_) => format!("The object has no attribute {name:?}."),
        Type::List(t) | Type::Set(t) if matches!(**t, Type::Object(_)) => format!(
            "The value is a {}, which has no attributes. Did you mean the attribute of every \
             element, `[*].{name}`?",
            ty.friendly()
        ),
        Type::Tuple(_) | Type::List(_) => format!(
            "The value is a {}, which has no attributes. An element is chosen as in `[0].{name}`.",
            ty.friendly()
        ),
        ty => format!("The value is a {}, which has no attributes.", ty.friendly()),
    }
}

/// The element with a key; both without marks.
fn find(value: &Value, key: &Value) -> Result<Value, String> {
    if value.is_null() {
        return Err("The value is null, so it has no elements.".into());
    }
    if key.is_null() {
        return Err("The key of an element must not be null.".into());
    }
    let ty = value.ty();
    let wanted = match &ty {
        Type::Dynamic => return Ok(unknown_from(Type::Dynamic, &[value, key])),
        Type::List(_) | Type::Tuple(_) => Type::Number,
        Type::Map(_) | Type::Object(_) => Type::String,
        Type::Set(_) => {
            return Err(
                "The elements of a set have no keys. `tolist` or `for` gets at them.".into()
            );
        }
        ty => return Err(format!("The value is a {}, which has no elements.", ty.friendly())),
    };
    if matches!(key, Value::Unknown(u) if u.ty == Type::Dynamic) {
        return Ok(unknown_from(Type::Dynamic, &[value, key]));
    }
    let key = convert(key, &wanted).map_err(|error| format!("The key is unsuitable: {error}."))?;
    if value.is_unknown() || key.is_unknown() {
        return unknown_element(value, &key, &ty);
    }
    match &key {
        Value::Number(n) => {
            let items = value.items().unwrap_or_default();
            let found = n.as_usize().and_then(|i| items.get(i));
            found.cloned().ok_or_else(|| no_index(n, items.len()))
        }
        _ => {
            let name = key.as_str().unwrap_or_default();
            let what = if matches!(ty, Type::Map(_)) { "map" } else { "object" };
            let missing = || format!("The {what} has no element with the key {name:?}.");
            value.get(name).cloned().ok_or_else(missing)
        }
    }
}

fn no_index(n: &lifeboat_sdk::Number, len: usize) -> String {
    let count = match len {
        0 => "it is empty".to_owned(),
        1 => "it has one element, [0]".to_owned(),
        len => format!("it has {len} elements, [0] to [{}]", len - 1),
    };
    match () {
        () if n.is_negative() => "An index must not be negative.".into(),
        () if !n.is_integer() => "An index must be a whole number.".into(),
        () => format!("There is no element [{n}]: {count}."),
    }
}

/// The element of something unknown, or with an unknown key.
fn unknown_element(value: &Value, key: &Value, ty: &Type) -> Result<Value, String> {
    let element = match (ty, key) {
        (Type::List(t) | Type::Map(t), _) => (**t).clone(),
        (Type::Tuple(ts), Value::Number(n)) => {
            let found = n.as_usize().and_then(|i| ts.get(i));
            found.cloned().ok_or_else(|| no_index(n, ts.len()))?
        }
        (Type::Object(_), Value::String(name)) => {
            let missing = || format!("The object has no attribute {name:?}.");
            ty.field(name).ok_or_else(missing)?.ty.clone()
        }
        _ => Type::Dynamic,
    };
    let why = unknown_from(Type::Dynamic, &[value, key]).why_unknown();
    Ok(match why {
        Some(why) => Value::unknown_because(element, why),
        None => Value::unknown(element),
    })
}
