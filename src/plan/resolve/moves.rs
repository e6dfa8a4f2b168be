//! `moved` blocks and the moves that adding or removing `count` implies, on the previous state.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Diagnostics, Name};

use super::Previous;
use crate::address::{Address, Key, ModulePath, ModuleStep};
use crate::config::Config;
use crate::config::module::{Endpoint, Module, Moved};
use crate::evaluation::module_at;
use crate::graph::Graph;

/// The previous state with all moves carried out.
pub fn carry_out(
    config: &Config,
    mut previous: BTreeMap<Address, Previous>,
) -> (BTreeMap<Address, Previous>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut blocks = Vec::new();
    collect(&config.root, &mut blocks);
    if let Some(cycle) = cycle(&blocks) {
        diagnostics.push(cycle);
        return (previous, diagnostics);
    }
    // Each round follows one link of a chain; a chain is no longer than the number of blocks.
    for _ in 0..=blocks.len() {
        let mut moved = Vec::new();
        for address in previous.keys() {
            let found =
                blocks.iter().find_map(|(at, block)| Some((target(at, block, address)?, block)));
            if let Some((to, block)) = found {
                moved.push((address.clone(), to, block.span));
            }
        }
        if moved.is_empty() {
            break;
        }
        for (from, to, span) in moved {
            if previous.contains_key(&to) {
                diagnostics.push(blocked(&from, &to).at(span));
                continue;
            }
            relocate(&mut previous, &from, to);
        }
    }
    for (from, to) in implied(config, &previous) {
        relocate(&mut previous, &from, to);
    }
    rename_needs(&mut previous);
    (previous, diagnostics)
}

/// What moved is needed under its new name: removals are ordered by what state says.
fn rename_needs(previous: &mut BTreeMap<Address, Previous>) {
    let mut names: BTreeMap<Address, Address> = BTreeMap::new();
    let left: BTreeSet<Address> = previous.keys().map(Address::whole).collect();
    for (to, object) in previous.iter() {
        let Some(from) = &object.moved_from else { continue };
        names.insert(from.clone(), to.clone());
        if !left.contains(&from.whole()) {
            names.insert(from.whole(), to.whole());
        }
    }
    if names.is_empty() {
        return;
    }
    for need in previous.values_mut().flat_map(|object| &mut object.depends_on) {
        if let Some(now) = names.get(need) {
            need.clone_from(now);
        }
    }
}

fn relocate(previous: &mut BTreeMap<Address, Previous>, from: &Address, to: Address) {
    if let Some(mut object) = previous.remove(from) {
        object.moved_from.get_or_insert_with(|| from.clone());
        previous.insert(to, object);
    }
}

fn blocked(from: &Address, to: &Address) -> Diagnostic {
    Diagnostic::warning(
        "plan::move_blocked",
        "Unresolved resource instance address changes",
        format!("{from} should move to {to}, but there is an object at that address already."),
    )
    .help("Remove the moved block, or remove one of the objects from state.")
}

/// Moves that come back to where they began: no address is the last.
fn cycle(blocks: &[(Vec<Name>, &Moved)]) -> Option<Diagnostic> {
    let absolute = |at: &[Name], end: &Endpoint| {
        let around = at.iter().map(|name| (name.clone(), None));
        let modules: Vec<_> = around.chain(end.modules.iter().cloned()).collect();
        (modules, end.resource.clone())
    };
    let mut begin: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (i, (at, block)) in blocks.iter().enumerate() {
        begin.entry(absolute(at, &block.from)).or_default().push(i);
    }
    let mut graph = Graph::new(blocks.len());
    for (i, (at, block)) in blocks.iter().enumerate() {
        for next in begin.get(&absolute(at, &block.to)).into_iter().flatten() {
            graph.edge(i, *next);
        }
    }
    let cycle = graph.order().err()?;
    let first = blocks[*cycle.first()?].1;
    let at = |end: &Endpoint| {
        let modules = end.modules.iter().map(|(name, key)| match key {
            Some(key) => format!("module.{name}{key}"),
            None => format!("module.{name}"),
        });
        let resource = end.resource.iter().map(|(resource, key)| match key {
            Some(key) => format!("{resource}{key}"),
            None => resource.to_string(),
        });
        modules.chain(resource).collect::<Vec<_>>().join(".")
    };
    let path: Vec<String> = cycle.iter().map(|i| at(&blocks[*i].1.from)).collect();
    let detail = format!("{} -> {}: these moves have no end.", path.join(" -> "), path[0]);
    Some(
        Diagnostic::error("plan::move_cycle", "Cyclic dependency in move statements", detail)
            .at(first.span)
            .help("Remove one of the moved blocks."),
    )
}

fn collect<'c>(module: &'c Module, out: &mut Vec<(Vec<Name>, &'c Moved)>) {
    out.extend(module.moved.iter().map(|m| (module.path.clone(), m)));
    for child in module.children.values() {
        collect(child, out);
    }
}

/// Where a block standing in the static module `at` moves `address`, if it does.
fn target(at: &[Name], block: &Moved, address: &Address) -> Option<Address> {
    let steps = &address.module.0;
    let inside = steps.len() >= at.len() && steps.iter().zip(at).all(|(s, n)| s.name == *n);
    if !inside {
        return None;
    }
    let (home, rest) = steps.split_at(at.len());
    let matched = modules(&block.from, rest)?;
    let (Some((from, from_key)), Some((to, to_key))) = (&block.from.resource, &block.to.resource)
    else {
        return module_move(block, home, rest, matched, address);
    };
    if matched != rest.len() || address.mode != from.mode {
        return None;
    }
    let same = address.kind == from.kind && address.name == from.name;
    let whole = from_key.is_none() && to_key.is_none();
    if !same || !(whole || address.key == *from_key) {
        return None;
    }
    let key = if whole { address.key.clone() } else { to_key.clone() };
    let mut module = home.to_vec();
    module.extend(to_steps(&block.to, rest));
    let moved = Address {
        module: ModulePath(module),
        mode: to.mode,
        kind: to.kind.clone(),
        name: to.name.clone(),
        key,
    };
    (moved != *address).then_some(moved)
}

/// How many steps of `rest` the modules of an endpoint match.
fn modules(endpoint: &Endpoint, rest: &[ModuleStep]) -> Option<usize> {
    if endpoint.modules.len() > rest.len() {
        return None;
    }
    let all = endpoint
        .modules
        .iter()
        .zip(rest)
        .all(|((name, key), step)| *name == step.name && (key.is_none() || *key == step.key));
    all.then_some(endpoint.modules.len())
}

/// The steps of a `to` endpoint; keys that it leaves out stay as they were.
fn to_steps(to: &Endpoint, was: &[ModuleStep]) -> Vec<ModuleStep> {
    to.modules
        .iter()
        .enumerate()
        .map(|(i, (name, key))| ModuleStep {
            name: name.clone(),
            key: key.clone().or_else(|| was.get(i).and_then(|s| s.key.clone())),
        })
        .collect()
}

fn module_move(
    block: &Moved,
    home: &[ModuleStep],
    rest: &[ModuleStep],
    matched: usize,
    address: &Address,
) -> Option<Address> {
    if block.from.resource.is_some() || block.to.resource.is_some() || matched == 0 {
        return None;
    }
    // `module.a` to `module.a["k"]` means the instance without a key.
    let last = |e: &Endpoint| e.modules.last().and_then(|(_, key)| key.clone());
    let (from_key, to_key) = (last(&block.from), last(&block.to));
    let was = rest.get(matched - 1)?.key.clone();
    if (from_key.is_some() || to_key.is_some()) && was != from_key {
        return None;
    }
    let mut module = home.to_vec();
    let mut steps = to_steps(&block.to, rest);
    if let (Some(step), true) = (steps.last_mut(), from_key.is_some() || to_key.is_some()) {
        step.key = to_key;
    }
    module.extend(steps);
    module.extend(rest[matched..].iter().cloned());
    let moved = Address { module: ModulePath(module), ..address.clone() };
    (moved != *address).then_some(moved)
}

/// `x` becomes `x[0]` where `count` was added, and the other way round.
fn implied(config: &Config, previous: &BTreeMap<Address, Previous>) -> Vec<(Address, Address)> {
    let mut out = Vec::new();
    for address in previous.keys() {
        let Some(module) = module_at(config, &address.module.names()) else { continue };
        let key = crate::config::ResourceKey {
            mode: address.mode,
            kind: address.kind.clone(),
            name: address.name.clone(),
        };
        let Some(resource) = module.resources.get(&key) else { continue };
        let to = match (&address.key, &resource.count, &resource.for_each) {
            (None, Some(_), None) => address.instance(Some(Key::Index(0))),
            (Some(Key::Index(0)), None, None) => address.whole(),
            _ => continue,
        };
        if !previous.contains_key(&to) {
            out.push((address.clone(), to));
        }
    }
    out
}
