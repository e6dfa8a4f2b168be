//! `Objects`: what expressions see of resources: whole blocks, built once and shared.

use std::cell::RefCell;
use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Type, Value};

use super::Previous;
use crate::address::{Address, Key, ModulePath};
use crate::config::ResourceKey;
use crate::evaluation::{Expansion, Resources, address};

/// The planned values of resources so far.
#[derive(Debug, Default)]
pub struct Objects {
    /// Whole resources: address without key.
    wholes: BTreeMap<Address, Value>,
    /// Single objects of topology blocks, for templates.
    singles: BTreeMap<Address, Value>,
    /// `region.us-west-2`, `bucket.exports`: attributes by `kind.name`.
    blocks: BTreeMap<String, Value>,
}

impl Objects {
    /// With what blocks are to expressions.
    pub fn new(blocks: BTreeMap<String, Value>) -> Self {
        Self { blocks, ..Self::default() }
    }

    /// Sets a whole resource.
    pub fn set(&mut self, whole: Address, value: Value) {
        self.wholes.insert(whole, value);
    }

    /// Sets one object of a topology block and adds it to what the block is to expressions:
    /// `bucket.exports.aws_s3_bucket["us-east-1"]`.
    pub fn set_single(&mut self, at: &Address, value: Value) {
        self.singles.insert(at.clone(), value.clone());
        let Some(Key::Text(key)) = &at.key else { return };
        let block = self.blocks.entry(at.name.to_string()).or_insert_with(|| Value::object([]));
        let kind = block.get(&at.kind).cloned().unwrap_or_else(|| Value::object([]));
        *block = block.with(&at.kind, kind.with(key, value));
        // An instance of a block with `for_each` is also found inside the whole block.
        let instance = block.clone();
        if let Some((whole, inner)) = at.name.split_once('[') {
            let name = inner.trim_matches(['[', ']', '"']).to_owned();
            let whole = self.blocks.entry(whole.to_owned()).or_insert_with(|| Value::object([]));
            *whole = whole.with(&name, instance);
        }
    }

    /// What a block is to expressions: `bucket.exports`.
    pub fn block(&self, name: &str) -> Option<Value> {
        self.blocks.get(name).cloned()
    }

    fn whole(&self, module: &ModulePath, key: &ResourceKey) -> Value {
        let at = address(module, key, None);
        // What is not there was not planned because of an error that has been reported.
        self.wholes.get(&at).cloned().unwrap_or_else(|| Value::unknown(Type::Dynamic))
    }
}

/// [`Objects`] while expressions look at them.
pub(super) struct Shared(RefCell<Objects>);

impl Shared {
    pub(super) fn new(objects: Objects) -> Self {
        Self(RefCell::new(objects))
    }

    pub(super) fn into_inner(self) -> Objects {
        self.0.into_inner()
    }

    pub(super) fn insert(&self, whole: &Address, expansion: &Expansion, values: Vec<Value>) {
        self.0.borrow_mut().set(whole.clone(), expansion.gather(values));
    }

    pub(super) fn insert_single(&self, at: &Address, value: Value) {
        self.0.borrow_mut().set_single(at, value);
    }

    /// What state knows of a resource that takes no part.
    pub(super) fn insert_stored(
        &self,
        module: &ModulePath,
        key: &ResourceKey,
        previous: &BTreeMap<Address, Previous>,
    ) {
        let whole = address(module, key, None);
        let known = previous
            .range(whole.clone()..)
            .take_while(|(at, _)| at.whole() == whole)
            .map(|(at, p)| (at.key.clone(), p.document.clone()));
        self.0.borrow_mut().set(whole.clone(), gather(known));
    }
}

/// No `count` is larger.
const MOST: usize = 1_000_000;

/// Instances put together by what keys they have; indices come in order.
pub fn gather(instances: impl Iterator<Item = (Option<Key>, Value)>) -> Value {
    let mut tuple = Vec::new();
    let mut object = Vec::new();
    for (key, value) in instances {
        match key {
            None => return value,
            Some(Key::Index(index)) => {
                // What is missing in between has no value yet, and no other's.
                let index = usize::try_from(index).unwrap_or(usize::MAX).min(MOST);
                tuple.resize(tuple.len().max(index), Value::unknown(Type::Dynamic));
                tuple.push(value);
            }
            Some(Key::Text(name)) => object.push((name, value)),
        }
    }
    match (tuple.is_empty(), object.is_empty()) {
        (false, _) => Value::tuple(tuple),
        (true, false) => Value::object(object),
        (true, true) => Value::unknown(Type::Dynamic),
    }
}

impl Resources for Shared {
    fn resource(&self, module: &ModulePath, key: &ResourceKey) -> Result<Value, Box<Diagnostic>> {
        Ok(self.0.borrow().whole(module, key))
    }

    fn block(&self, kind: &str, name: &str) -> Result<Value, Box<Diagnostic>> {
        let value = self.0.borrow().block(&format!("{kind}.{name}"));
        Ok(value.unwrap_or_else(|| Value::unknown(Type::Dynamic)))
    }

    fn object(&self, at: &Address) -> Option<Value> {
        self.0.borrow().singles.get(at).cloned()
    }
}
