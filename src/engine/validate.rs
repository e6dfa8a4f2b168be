//! Checks that need no state and no provider: names and arguments of kinds, static values.

use lifeboat_sdk::{Diagnostic, Diagnostics};

use super::load::Loaded;
use crate::address::Mode;
use crate::config::decode::{check_ignored, check_reference, check_static};
use crate::config::reference::{body_references, references as of_expression};
use crate::config::suggest::nearest;
use crate::config::{Module, Reference, ResourceKey, Target};
use crate::function::Context;

/// Problems of the files that can be told without reading anything live.
pub fn check(loaded: &Loaded, _context: &Context<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    module(&loaded.config.root, loaded, &mut found);
    for block in &loaded.config.root.providers {
        if let Some(provider) = loaded.catalogue.providers.get(&*block.name) {
            check_static(&block.body, provider.schema().attributes, &mut found);
        }
    }
    found
}

/// Problems of expressions that are there whatever variables and objects turn out to be.
pub fn evaluate(loaded: &Loaded, context: &Context<'_>) -> Diagnostics {
    super::statics::evaluate(loaded, context)
}

fn module(module: &Module, loaded: &Loaded, found: &mut Diagnostics) {
    let catalogue = &loaded.catalogue;
    for (key, resource) in &module.resources {
        match schema(loaded, key) {
            Some(attributes) => {
                check_static(&resource.body, attributes, found);
                check_ignored(&resource.lifecycle, attributes, found);
            }
            None => {
                let names: Vec<&str> = match key.mode {
                    Mode::Managed => catalogue.kinds.keys().copied().collect(),
                    Mode::Data => catalogue.data.keys().copied().collect(),
                };
                let near = nearest(&key.kind, names);
                let mut problem = Diagnostic::error(
                    "plan::kind_unknown",
                    "Unknown resource type",
                    format!("There is no type {:?} in this version.", key.kind),
                )
                .at(resource.kind_span);
                if let Some(near) = near {
                    problem = problem.help(format!("Did you mean {near:?}?"));
                }
                found.push(problem);
            }
        }
    }
    for reference in references(module) {
        let Target::Resource(key) = &reference.target else { continue };
        if let Some(attributes) = schema(loaded, key) {
            found.0.extend(check_reference(reference, attributes));
        }
    }
    for child in module.children.values() {
        self::module(child, loaded, found);
    }
}

/// The attributes of the type of a resource or data source.
pub(super) fn schema(
    loaded: &Loaded,
    key: &ResourceKey,
) -> Option<&'static [lifeboat_sdk::Attribute]> {
    let catalogue = &loaded.catalogue;
    match key.mode {
        Mode::Managed => catalogue.kinds.get(&*key.kind).map(|(_, k)| k.schema().attributes),
        Mode::Data => catalogue.data.get(&*key.kind).map(|(_, d)| d.schema().attributes),
    }
}

/// All references of a module's blocks.
fn references(module: &Module) -> Vec<&Reference> {
    let mut all = Vec::new();
    for resource in module.resources.values() {
        all.extend(body_references(&resource.body));
    }
    for call in module.calls.values() {
        all.extend(body_references(&call.body));
    }
    all.extend(module.locals.values().flat_map(|l| of_expression(&l.expr)));
    all.extend(module.outputs.values().flat_map(|o| of_expression(&o.value)));
    all
}
