//! From the bodies of a folder's files to a [`Module`].

mod content;
mod depends;
mod refactor;
mod resource;
mod variable;

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostics, Name, Span};

use super::ast::{Block, Body};
use super::module::{Local, Module};
use super::reference::ResourceKey;
use super::syntax::is_name;
use super::top_level::{self, Role};
use super::{codes, suggest};
use crate::address::Mode;

/// Names that variables cannot have, because `module` blocks have arguments of that name.
const RESERVED_VARIABLES: &[&str] =
    &["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"];

/// Topology blocks by kind and name, and where they are.
pub(super) type Seen = BTreeMap<(Name, Option<Name>), Span>;

/// Adds what a file declares.
pub(super) fn add_file(
    module: &mut Module,
    seen: &mut Seen,
    body: Body,
    diagnostics: &mut Diagnostics,
) {
    for attribute in &body.attributes {
        let name = &attribute.name;
        let detail = format!("No argument stands outside of a block, but {name:?} does.");
        let diagnostic = codes::UNKNOWN_ARGUMENT.error(detail).at(attribute.name_span);
        let near = suggest::nearest(name, top_level::ALL.iter().map(|t| t.kind));
        diagnostics.push(suggest::with(diagnostic, near));
    }
    for block in body.blocks {
        let Some(kind) = top_level::find(&block.ident) else {
            unknown_block(&block, diagnostics);
            continue;
        };
        if kind.role == Role::Foreign {
            foreign(&block, diagnostics);
        } else if check_labels(&block, kind.labels, diagnostics) {
            if kind.role == Role::Topology {
                // Their labels may be any text: a region's is that of the cloud.
                add_topology(
                    module,
                    seen,
                    resource::topology_block(block, diagnostics),
                    diagnostics,
                );
            } else if check_names(&block, diagnostics) {
                add_block(module, block, diagnostics);
            }
        }
    }
}

fn unknown_block(block: &Block, diagnostics: &mut Diagnostics) {
    let known = top_level::ALL.iter().filter(|t| t.role != Role::Foreign).map(|t| t.kind);
    content::report_block(&block.ident, block.ident_span, false, known, diagnostics);
}

fn foreign(block: &Block, diagnostics: &mut Diagnostics) {
    let detail = format!("lifeboat has no {:?} blocks.", block.ident);
    let help = match &*block.ident {
        "terraform" => "Settings stand in a `lifeboat` block; providers are part of lifeboat.",
        _ => "Secrets are references: see the `secret` block.",
    };
    diagnostics.push(codes::UNSUPPORTED.error(detail).at(block.ident_span).help(help));
}

/// Whether a block has as many labels as it must.
fn check_labels(block: &Block, labels: &[&str], diagnostics: &mut Diagnostics) -> bool {
    let ident = &block.ident;
    if let Some(missing) = labels.get(block.labels.len()) {
        let shown: String = labels.iter().map(|l| format!(" \"{}\"", l.to_uppercase())).collect();
        let detail = format!("The {missing} is missing: `{ident}{shown} {{ … }}`.");
        diagnostics.push(codes::MISSING_LABEL.error(detail).at(block.body.missing));
        return false;
    }
    if let Some(extra) = block.labels.get(labels.len()) {
        let count = match labels {
            [] => "no label".to_owned(),
            [one] => format!("one label, the {one}"),
            many => format!("{} labels: {}", many.len(), many.join(" and ")),
        };
        let detail = format!("A {ident:?} block has {count}.");
        diagnostics.push(codes::EXTRA_LABEL.error(detail).at(extra.span));
        return false;
    }
    true
}

/// Whether the labels are identifiers.
fn check_names(block: &Block, diagnostics: &mut Diagnostics) -> bool {
    let mut ok = true;
    for label in &block.labels {
        if !is_name(&label.text) {
            let detail = "A name begins with a letter or underscore and holds letters, digits, \
                          underscores and dashes only.";
            diagnostics.push(codes::INVALID_NAME.error(detail).at(label.span));
            ok = false;
        }
    }
    ok
}

fn add_block(module: &mut Module, block: Block, diagnostics: &mut Diagnostics) {
    let span = block.header;
    let name = block.labels.first().map(|l| l.text.clone());
    match (&*block.ident, name) {
        ("variable", Some(name)) => add_variable(module, name, block, diagnostics),
        ("output", Some(name)) => {
            let output = variable::output(block, diagnostics);
            if let Some(output) = output {
                insert(&mut module.outputs, name, output, span, |o| o.span, diagnostics);
            }
        }
        ("module", Some(name)) => {
            if let Some(call) = resource::module_call(block, diagnostics) {
                insert(&mut module.calls, name, call, span, |c| c.span, diagnostics);
            }
        }
        ("check", Some(name)) => {
            let check = refactor::check(block, diagnostics);
            insert(&mut module.checks, name, check, span, |c| c.span, diagnostics);
        }
        ("provider", _) => add_provider(module, block, diagnostics),
        ("resource", _) => add_resource(module, Mode::Managed, block, diagnostics),
        ("data", _) => add_resource(module, Mode::Data, block, diagnostics),
        ("locals", _) => add_locals(module, block, diagnostics),
        ("moved", _) => module.moved.extend(refactor::moved(block, diagnostics)),
        ("removed", _) => module.removed.extend(refactor::removed(block, diagnostics)),
        ("import", _) => add_import(module, block, diagnostics),
        _ => refactor::settings(block, &mut module.settings, diagnostics),
    }
}

/// Inserts, or reports that the name is taken.
fn insert<K: Ord + std::fmt::Display, V>(
    map: &mut BTreeMap<K, V>,
    key: K,
    value: V,
    span: Span,
    place: fn(&V) -> Span,
    diagnostics: &mut Diagnostics,
) {
    if let Some(first) = map.get(&key) {
        diagnostics.push(duplicate(&key, span, place(first)));
    } else {
        map.insert(key, value);
    }
}

fn duplicate(name: &impl std::fmt::Display, span: Span, first: Span) -> lifeboat_sdk::Diagnostic {
    codes::DUPLICATE
        .error(format!("`{name}` is declared already."))
        .at(span)
        .label(first, "the first is here")
}

fn add_variable(module: &mut Module, name: Name, block: Block, diagnostics: &mut Diagnostics) {
    let span = block.header;
    if RESERVED_VARIABLES.contains(&&*name) {
        let at = block.labels.first().map_or(span, |l| l.span);
        let detail = format!("{name:?} is an argument of every `module` block.");
        diagnostics.push(codes::INVALID_NAME.error(detail).at(at));
        return;
    }
    let variable = variable::variable(&name, block, diagnostics);
    insert(&mut module.variables, name, variable, span, |v| v.span, diagnostics);
}

fn add_resource(module: &mut Module, mode: Mode, block: Block, diagnostics: &mut Diagnostics) {
    let span = block.header;
    if let Some(resource) = resource::resource(mode, block, diagnostics) {
        let key = ResourceKey { mode, kind: resource.kind.clone(), name: resource.name.clone() };
        insert(&mut module.resources, key, resource, span, |r| r.span, diagnostics);
    }
}

fn add_locals(module: &mut Module, block: Block, diagnostics: &mut Diagnostics) {
    for nested in &block.body.blocks {
        let none = std::iter::empty();
        content::report_block(&nested.ident, nested.ident_span, false, none, diagnostics);
    }
    for attribute in block.body.attributes {
        let span = attribute.name_span;
        let local = Local { expr: attribute.expr, span };
        insert(&mut module.locals, attribute.name, local, span, |l| l.span, diagnostics);
    }
}

fn add_provider(module: &mut Module, block: Block, diagnostics: &mut Diagnostics) {
    let Some(provider) = refactor::provider(block, diagnostics) else { return };
    let same =
        module.providers.iter().find(|p| p.name == provider.name && p.alias == provider.alias);
    if let Some(first) = same {
        diagnostics.push(duplicate(&provider.name, provider.span, first.span));
        return;
    }
    module.providers.push(provider);
}

fn add_import(module: &mut Module, block: Block, diagnostics: &mut Diagnostics) {
    if !module.path.is_empty() {
        let detail = "Objects are imported by blocks of the root module.";
        diagnostics.push(codes::UNSUPPORTED.error(detail).at(block.header));
        return;
    }
    module.imports.extend(refactor::import(block, diagnostics));
}

fn add_topology(
    module: &mut Module,
    seen: &mut Seen,
    block: super::module::TopologyBlock,
    diagnostics: &mut Diagnostics,
) {
    let (key, span) = ((block.kind().clone(), block.name().cloned()), block.block.header);
    if let Some(first) = seen.get(&key) {
        let label = format!("{}.{}", block.kind(), block.name().map_or("", |n| &**n));
        diagnostics.push(duplicate(&label, span, *first));
        return;
    }
    seen.insert(key, span);
    module.blocks.push(block);
}
