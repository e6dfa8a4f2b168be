//! Objects and `for`.

use std::collections::BTreeMap;

use lifeboat_sdk::value::convert::convert;
use lifeboat_sdk::{Marks, Name, Type, Value};

use super::{Env, Evaluator, Frame, error_value, unknown_from};
use crate::config::ast::{Expr, For, Item};
use crate::config::codes;

impl Evaluator<'_> {
    pub(super) fn object(&mut self, items: &[Item], expr: &Expr, env: Env<'_>) -> Value {
        let mut entries: Vec<(Name, Value)> = Vec::with_capacity(items.len());
        let mut marks = Marks::NONE;
        let mut unknown = None;
        for item in items {
            let before = self.found.errors;
            let key = self.eval(&item.key, env);
            let failed = self.found.errors > before;
            let value = self.eval(&item.value, env);
            if failed {
                unknown.get_or_insert_with(error_value);
                continue;
            }
            match self.object_key(&key, item, expr, env) {
                Some(Value::String(name)) => entries.push((name, value)),
                Some(other) => {
                    unknown.get_or_insert(other);
                }
                None => {
                    unknown.get_or_insert_with(error_value);
                }
            }
            marks = marks | key.unmark().1;
        }
        match unknown {
            Some(unknown) => unknown_from(Type::Dynamic, &[&unknown]).mark(marks),
            None => Value::object(entries).mark(marks),
        }
    }

    /// A key as a string without marks, or unknown.
    fn object_key(&mut self, key: &Value, item: &Item, expr: &Expr, env: Env<'_>) -> Option<Value> {
        let key = key.bare();
        if key.is_null() {
            let detail = "A key must not be null.".to_owned();
            self.fail(&codes::INVALID_KEY, item.key.span, expr, env, detail);
            return None;
        }
        match convert(key, &Type::String) {
            Ok(key) => Some(key),
            Err(error) => {
                let detail = format!("The value cannot be a key: {error}.");
                self.fail(&codes::INVALID_KEY, item.key.span, expr, env, detail);
                None
            }
        }
    }

    /// A value whose elements can be walked, or unknown; nothing after an error.
    pub(super) fn iterable(
        &mut self,
        value: &Value,
        collection: &Expr,
        expr: &Expr,
        env: Env<'_>,
    ) -> Option<Value> {
        let bare = value.bare();
        let detail = match bare {
            Value::Null(_) => "The value is null, which has no elements.".to_owned(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                format!("The value is a {}, which has no elements.", bare.ty().friendly())
            }
            Value::Unknown(u) if u.ty.is_primitive() => {
                format!("The value is a {}, which has no elements.", u.ty.friendly())
            }
            _ => return Some(value.clone()),
        };
        self.fail(&codes::NOT_ITERABLE, collection.span, expr, env, detail);
        None
    }

    pub(super) fn for_expr(&mut self, parts: &For, expr: &Expr, env: Env<'_>) -> Value {
        let value = self.eval(&parts.collection, env);
        let Some(value) = self.iterable(&value, &parts.collection, expr, env) else {
            return error_value();
        };
        let (bare, marks) = value.unmark();
        if bare.is_unknown() {
            return unknown_from(Type::Dynamic, &[bare]).mark(marks);
        }
        if !self.check_condition(parts, expr, env) {
            return error_value().mark(marks);
        }
        let mut result = Built { marks, ..Built::default() };
        for (key, value) in elements(bare) {
            let inner = Frame { name: &parts.value_name, value: &value, env };
            let name = parts.key_name.as_deref();
            let outer =
                Frame { name: name.unwrap_or_default(), value: &key, env: env.with(&inner) };
            let env = if name.is_some() { env.with(&outer) } else { env.with(&inner) };
            self.element(parts, &mut result, expr, env);
        }
        result.finish(parts)
    }

    /// Tries the condition with elements that are unknown, to say once what is wrong with it.
    fn check_condition(&mut self, parts: &For, expr: &Expr, env: Env<'_>) -> bool {
        let Some(condition) = &parts.condition else { return true };
        let unknown = error_value();
        let inner = Frame { name: &parts.value_name, value: &unknown, env };
        let name = parts.key_name.as_deref();
        let outer =
            Frame { name: name.unwrap_or_default(), value: &unknown, env: env.with(&inner) };
        let env = if name.is_some() { env.with(&outer) } else { env.with(&inner) };
        let before = self.found.errors;
        self.condition(condition, expr, env).is_some() && self.found.errors == before
    }

    fn element(&mut self, parts: &For, result: &mut Built, expr: &Expr, env: Env<'_>) {
        if let Some(condition) = &parts.condition {
            let Some(include) = self.condition(condition, expr, env) else {
                return result.spoil(&error_value());
            };
            let (bare, marks) = include.unmark();
            match bare.as_bool() {
                Some(true) => result.marks = result.marks | marks,
                Some(false) => {
                    result.marks = result.marks | marks;
                    return;
                }
                None => return result.spoil(bare),
            }
        }
        let Some(key) = &parts.key else {
            let value = self.eval(&parts.value, env);
            result.tuple.push(value);
            return;
        };
        let before = self.found.errors;
        let raw = self.eval(key, env);
        if self.found.errors > before {
            return result.spoil(&raw);
        }
        let (bare, marks) = raw.unmark();
        let name = match convert(bare, &Type::String) {
            Ok(Value::String(name)) => name,
            Ok(other) if other.is_unknown() => return result.spoil(&other),
            Ok(_) => {
                let detail = "A key must not be null.".to_owned();
                self.fail(&codes::INVALID_KEY, key.span, expr, env, detail);
                return result.spoil(&error_value());
            }
            Err(error) => {
                let detail = format!("The value cannot be a key: {error}.");
                self.fail(&codes::INVALID_KEY, key.span, expr, env, detail);
                return result.spoil(&error_value());
            }
        };
        result.marks = result.marks | marks;
        let value = self.eval(&parts.value, env);
        let values = result.object.entry(name.clone()).or_default();
        if !parts.group && !values.is_empty() {
            let shown = if marks.is_empty() { format!(" {name:?}") } else { String::new() };
            let detail = format!(
                "Two elements have the same key{shown}. Write `...` after the value to gather \
                 all values of a key."
            );
            self.fail(&codes::DUPLICATE_KEY, key.span, expr, env, detail);
            return;
        }
        values.push(value);
    }
}

/// The result of a `for` while it is built.
#[derive(Default)]
struct Built {
    marks: Marks,
    tuple: Vec<Value>,
    object: BTreeMap<Name, Vec<Value>>,
    /// Something unknown that makes the whole result unknown.
    unknown: Option<Value>,
}

impl Built {
    fn spoil(&mut self, unknown: &Value) {
        let all = self.unknown.iter().chain([unknown]).collect::<Vec<_>>();
        self.unknown = Some(unknown_from(Type::Dynamic, &all));
    }

    fn finish(self, parts: &For) -> Value {
        let value = match self.unknown {
            Some(unknown) => unknown,
            None if parts.key.is_none() => Value::tuple(self.tuple),
            None => Value::object(self.object.into_iter().map(|(name, mut values)| {
                let last = if parts.group { None } else { values.pop() };
                (name, last.unwrap_or_else(|| Value::tuple(values)))
            })),
        };
        value.mark(self.marks)
    }
}

/// The elements of a known collection with their keys.
pub(in crate::config) fn elements(value: &Value) -> impl Iterator<Item = (Value, Value)> {
    let is_set = matches!(value, Value::Set(_));
    let items = value.items().unwrap_or_default().iter().enumerate().map(move |(i, item)| {
        let index = || Value::int(i64::try_from(i).unwrap_or(i64::MAX));
        (if is_set { item.clone() } else { index() }, item.clone())
    });
    let entries = value.entries().unwrap_or_default().iter();
    items.chain(entries.map(|(name, item)| (Value::String(name.clone()), item.clone())))
}
