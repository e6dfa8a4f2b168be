//! `import` blocks -> addresses and ids.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Value};

use super::asked::Asked;
use super::ground::Ground;
use super::load::{Loaded, NoObjects};
use crate::address::{Address, Key, ModulePath};
use crate::config::ast::Expr;
use crate::config::generate;
use crate::config::module::Import;
use crate::evaluation::{Environment, Repetition, address};
use crate::function::Context;
use crate::plan::resolve::{Previous, Resolved};
use crate::plan::{ObjectChange, PlanMode};

/// What is to be imported: by the command, or by the `import` blocks of the root module. Nothing
/// where it cannot be: that has been told.
pub fn wanted(
    loaded: &Loaded,
    context: &Context<'_>,
    asked: &Asked,
    previous: &BTreeMap<Address, Previous>,
    found: &mut Diagnostics,
) -> Option<BTreeMap<Address, Name>> {
    let Some((at, id)) = &asked.import else {
        return Some(blocks(loaded, context, previous, found));
    };
    if let Some(known) = previous.get(at).filter(|known| !known.only_deposed) {
        found.push(managed(at, at, known.id.as_deref()));
        return None;
    }
    if loaded.desired.declared(&loaded.config, at).is_none() {
        found.push(no_block(at, id));
        return None;
    }
    Some(BTreeMap::from([(at.clone(), id.clone())]))
}

/// What planning came to for what is to be imported. Of a plan of the command nothing else stays.
pub(super) fn judge(
    asked: &Asked,
    loaded: &Loaded,
    ground: &Ground,
    imports: &BTreeMap<Address, Name>,
    resolved: &mut Resolved,
    found: &mut Diagnostics,
) {
    let takes_in = matches!(asked.mode, PlanMode::Normal | PlanMode::Import);
    if takes_in && !resolved.diagnostics.has_errors() {
        let planned = |at: &Address| resolved.changes.iter().any(|c| c.address == *at);
        undeclared(loaded, imports, &planned, found);
    }
    if let Some((at, _)) = &asked.import {
        resolved.changes.retain(|change| change.address == *at);
        resolved.outputs.clear();
        known(&resolved.changes, &ground.previous, found);
    }
}

/// Whether state has what was found already, by another address.
fn known(
    changes: &[ObjectChange],
    previous: &BTreeMap<Address, Previous>,
    found: &mut Diagnostics,
) {
    for change in changes.iter().filter(|change| change.importing.is_some()) {
        let same = |at: &Address, it: &Previous| {
            at.kind == change.address.kind && it.id == change.id && it.scope == change.scope
        };
        let other = previous.iter().find(|(at, it)| it.scope.is_some() && same(at, it));
        if let Some((at, it)) = other {
            found.push(managed(&change.address, at, it.id.as_deref()));
        }
    }
}

fn managed(at: &Address, by: &Address, id: Option<&str>) -> Diagnostic {
    let id = id.filter(|id| !id.is_empty()).map(|id| format!(" ({id})")).unwrap_or_default();
    Diagnostic::error(
        "engine::import_managed",
        "The state has it already",
        format!("{at} cannot be imported: the state has {by}{id}."),
    )
    .about(at)
    .help(format!(
        "To import something else there, let lifeboat forget it first: lifeboat state rm '{by}'. \
         To give it another address: lifeboat state mv."
    ))
}

fn no_block(at: &Address, id: &str) -> Diagnostic {
    let mut help = format!(
        "Declare it first:\n\nresource \"{}\" \"{}\" {{\n  # its arguments\n}}",
        at.kind, at.name
    );
    if can_be_written(at) {
        help.push_str(&format!(
            "\n\nOr let lifeboat write it from what is live: add this and run `lifeboat plan \
             -generate-config-out=generated.dr.hcl`:\n\nimport {{\n  to = {at}\n  id = {}\n}}",
            generate::text(id)
        ));
    }
    Diagnostic::error(
        "engine::import_undeclared",
        "Configuration for import target does not exist",
        format!("{at} is to be imported, but the files do not declare it."),
    )
    .about(at)
    .help(help)
}

/// What the `import` blocks of the root module ask for; what state has already is done.
pub(super) fn blocks(
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
fn undeclared(
    loaded: &Loaded,
    asked: &BTreeMap<Address, Name>,
    planned: &dyn Fn(&Address) -> bool,
    found: &mut Diagnostics,
) {
    for at in asked.keys().filter(|at| !planned(at)) {
        let span = block_of(loaded, at).map(|import| import.to_span);
        let write = if can_be_written(at) {
            " `lifeboat plan -generate-config-out=generated.dr.hcl` writes one from what is live."
        } else {
            ""
        };
        found.push(
            Diagnostic::error(
                "engine::import_undeclared",
                "Configuration for import target does not exist",
                format!("{at} is to be imported, but the files do not declare it."),
            )
            .at_opt(span)
            .help(format!(
                "Add a `resource \"{}\" \"{}\"` block, or correct the address.{write}",
                at.kind, at.name
            )),
        );
    }
}

/// Whether a block for the address can be written from what is live: one object of the root module.
pub(super) fn can_be_written(at: &Address) -> bool {
    at.module.is_root() && at.key.is_none() && !at.of_block()
}

/// The `import` block whose address it is.
pub(super) fn block_of<'l>(loaded: &'l Loaded, at: &Address) -> Option<&'l Import> {
    let mut all = loaded.config.root.imports.iter();
    all.find(|import| import.resource.kind == at.kind && import.resource.name == at.name)
}
