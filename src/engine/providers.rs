//! Provider blocks -> configured providers.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Diagnostics, KnownDoc, Name, Value};

use super::load::{Loaded, NoObjects, Settings};
use crate::address::ModulePath;
use crate::config::decode::decode;
use crate::evaluation::Environment;
use crate::evaluation::Repetition;
use crate::function::Context;
use crate::registry::{Catalogue, Instance, Providers};

/// Configures every `provider` block of the root module, and with an empty configuration every
/// provider that is used without one.
pub fn configure(
    loaded: &Loaded,
    settings: &Settings,
    context: &Context<'_>,
    in_state: &BTreeSet<Name>,
) -> (Providers, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut providers = Providers::default();
    let environment = Environment::new(&loaded.config, &loaded.variables, context, &NoObjects);
    let root = ModulePath::root();
    let once = Repetition::default();
    for block in &loaded.config.root.providers {
        let Some(provider) = loaded.catalogue.providers.get(&*block.name) else {
            diagnostics.push(unknown(loaded, &block.name).at(block.span));
            continue;
        };
        let mut found = Diagnostics::new();
        let scope = environment.scope(&root, &once, None);
        let config = decode(&block.body, provider.schema().attributes, &scope, &mut found);
        let failed = found.has_errors();
        diagnostics.extend(found);
        if failed {
            continue;
        }
        let name = match &block.alias {
            Some(alias) => Name::from(format!("{}.{alias}", block.name)),
            None => block.name.clone(),
        };
        add(&mut providers, loaded, settings, name, &config, &mut diagnostics);
        if let Some(last) = diagnostics.0.last_mut()
            && last.code == "engine::provider"
            && last.span.is_none()
        {
            last.span = Some(block.span);
        }
    }
    diagnostics.extend(environment.take());
    for name in used(loaded, in_state) {
        if !providers.0.contains_key(&name)
            && let Some(provider) = loaded.catalogue.providers.get(&*name)
        {
            let empty = empty(provider.schema().attributes);
            add(&mut providers, loaded, settings, name, &empty, &mut diagnostics);
        }
    }
    (providers, diagnostics)
}

/// An object of nulls and empty blocks.
fn empty(attributes: &[lifeboat_sdk::Attribute]) -> Value {
    Value::object(attributes.iter().map(|a| {
        let value = match (&a.syntax, &a.shape) {
            (lifeboat_sdk::Syntax::Block { .. }, lifeboat_sdk::Shape::List(inner)) => {
                Value::list(inner.ty(), Vec::new())
            }
            (lifeboat_sdk::Syntax::Block { .. }, lifeboat_sdk::Shape::Set(inner)) => {
                Value::set(inner.ty(), Vec::new())
            }
            _ => Value::Null(a.shape.ty()),
        };
        (a.name.into(), value)
    }))
}

/// Providers that the files or the state use.
fn used(loaded: &Loaded, in_state: &BTreeSet<Name>) -> BTreeSet<Name> {
    fn walk(module: &crate::config::Module, loaded: &Loaded, out: &mut BTreeSet<Name>) {
        for key in module.resources.keys() {
            let owner = match key.mode {
                crate::address::Mode::Managed => {
                    loaded.catalogue.kinds.get(&*key.kind).map(|(owner, _)| *owner)
                }
                crate::address::Mode::Data => {
                    loaded.catalogue.data.get(&*key.kind).map(|(owner, _)| *owner)
                }
            };
            out.extend(owner.map(Name::from));
        }
        for child in module.children.values() {
            walk(child, loaded, out);
        }
    }
    let mut out = in_state.clone();
    walk(&loaded.config.root, loaded, &mut out);
    // What is to be imported may not be declared yet: its block can be written from what is live.
    let imported = loaded.config.root.imports.iter().map(|import| &import.resource.kind);
    let owners = imported.filter_map(|kind| loaded.catalogue.kinds.get(&**kind));
    out.extend(owners.map(|(owner, _)| Name::from(*owner)));
    out.extend(loaded.desired.synthetics.iter().map(|s| s.provider.clone()));
    out
}

fn unknown(loaded: &Loaded, name: &str) -> Diagnostic {
    let known = loaded.catalogue.providers.keys().copied();
    let near = crate::config::suggest::nearest(name, known.clone()).map(str::to_owned);
    let diagnostic = Diagnostic::error(
        "engine::provider_unknown",
        "Unknown provider",
        format!("There is no provider {name:?} in this version."),
    );
    match near {
        Some(near) => diagnostic.help(format!("Did you mean {near:?}?")),
        None => diagnostic.help(format!("There are: {}.", known.collect::<Vec<_>>().join(", "))),
    }
}

fn add(
    providers: &mut Providers,
    loaded: &Loaded,
    settings: &Settings,
    name: Name,
    config: &Value,
    diagnostics: &mut Diagnostics,
) {
    let base = name.split('.').next().unwrap_or(&name).to_owned();
    let Some(provider) = loaded.catalogue.providers.get(&*base) else { return };
    let known = match KnownDoc::new(config) {
        Ok(known) => known,
        Err(paths) => {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            diagnostics.push(unusable(format!("{name}: not known: {}.", paths.join(", "))));
            return;
        }
    };
    match provider.configure(&known, &settings.environment) {
        Ok(configured) => {
            providers.0.insert(name.clone(), Instance::new(name, provider.source(), configured));
        }
        Err(failure) => diagnostics.push(unusable(format!("{name}: {}.", failure.message))),
    }
}

/// Every provider with an empty configuration: from the environment alone, where there are no files.
pub fn bare(
    catalogue: &Catalogue,
    environment: &lifeboat_sdk::provider::Environment,
) -> (Providers, Diagnostics) {
    let mut providers = Providers::default();
    let mut diagnostics = Diagnostics::new();
    for (name, provider) in &catalogue.providers {
        // What is empty holds nothing that is unknown.
        let Ok(known) = KnownDoc::new(&empty(provider.schema().attributes)) else { continue };
        match provider.configure(&known, environment) {
            Ok(configured) => {
                let instance = Instance::new((*name).into(), provider.source(), configured);
                providers.0.insert((*name).into(), instance);
            }
            Err(failure) => diagnostics.push(unusable(format!("{name}: {}.", failure.message))),
        }
    }
    (providers, diagnostics)
}

fn unusable(text: String) -> Diagnostic {
    Diagnostic::error("engine::provider", "The provider cannot be configured", text)
        .help("Correct its `provider` block; values must be known before planning.")
}

/// The accounts of provider instances that are pinned or verified, by instance.
pub type Accounts = BTreeMap<Name, Name>;
