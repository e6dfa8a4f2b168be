//! `import` blocks -> addresses and ids.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Value};

use super::load::{Loaded, NoObjects};
use crate::address::{Address, Key, ModulePath};
use crate::config::ast::Expr;
use crate::config::module::Import;
use crate::evaluation::{Environment, Repetition, address};
use crate::function::Context;
use crate::plan::resolve::Previous;

/// What the `import` blocks of the root module ask for; what state has already is done.
pub fn imports(
    loaded: &Loaded,
    context: &Context<'_>,
    previous: &BTreeMap<Address, Previous>,
    found: &mut Diagnostics,
) -> BTreeMap<Address, Name> {
    let environment = Environment::new(&loaded.config, &loaded.variables, context, &NoObjects);
    let mut out = BTreeMap::new();
    for import in &loaded.config.root.imports {
        let root = ModulePath::root();
        let expansion = environment.expand(&root, None, import.for_each.as_ref());
        for repetition in expansion.instances() {
            let Some((at, id)) = one(import, &environment, &repetition, found) else { continue };
            if !previous.contains_key(&at) {
                out.insert(at, id);
            }
        }
    }
    found.extend(environment.take());
    out
}

fn one(
    import: &Import,
    environment: &Environment<'_>,
    repetition: &Repetition,
    found: &mut Diagnostics,
) -> Option<(Address, Name)> {
    let root = ModulePath::root();
    let mut module = ModulePath::root();
    for (name, key) in &import.modules {
        let key = match key {
            Some(key) => Some(key_of(key, environment, repetition)?),
            None => None,
        };
        module = module.child(name, key);
    }
    let key = match &import.key {
        Some(key) => Some(key_of(key, environment, repetition)?),
        None => None,
    };
    let at = address(&module, &import.resource, key);
    let value = environment.evaluate(&root, repetition, None, &import.id);
    let why = match value.bare() {
        Value::String(id) if !id.is_empty() && value.marks_deep().is_empty() => {
            return Some((at, id.clone()));
        }
        Value::String(_) if value.marks_deep().is_empty() => "it is empty",
        Value::Null(_) => "it is null",
        Value::Unknown(_) => "it is known only after apply",
        _ if !value.marks_deep().is_empty() => "it is sensitive",
        _ => "it is not a text",
    };
    found.push(
        Diagnostic::error(
            "engine::import_id",
            "Invalid import id argument",
            format!("The id by which {at} is to be imported cannot be used: {why}."),
        )
        .at(import.id.span())
        .help("Write the id as the provider knows the object, as a text."),
    );
    None
}

/// The key of an instance.
fn key_of(expr: &Expr, environment: &Environment<'_>, repetition: &Repetition) -> Option<Key> {
    let value = environment.evaluate(&ModulePath::root(), repetition, None, expr);
    match value.bare() {
        Value::String(text) => Some(Key::Text(text.clone())),
        Value::Number(n) => n.as_i64().and_then(|n| u64::try_from(n).ok()).map(Key::Index),
        _ => None,
    }
}

/// Imports whose address the files do not declare.
pub fn undeclared(
    loaded: &Loaded,
    asked: &BTreeMap<Address, Name>,
    planned: &dyn Fn(&Address) -> bool,
    found: &mut Diagnostics,
) {
    for at in asked.keys().filter(|at| !planned(at)) {
        let block = loaded
            .config
            .root
            .imports
            .iter()
            .find(|import| import.resource.kind == at.kind && import.resource.name == at.name);
        let span = block.map(|import| import.to_span);
        found.push(
            Diagnostic::error(
                "engine::import_undeclared",
                "Configuration for import target does not exist",
                format!("{at} is to be imported, but the files do not declare it."),
            )
            .at_opt(span)
            .help(format!(
                "Add a `resource \"{}\" \"{}\"` block, or correct the address.",
                at.kind, at.name
            )),
        );
    }
}
