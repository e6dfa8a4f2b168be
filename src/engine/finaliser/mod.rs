//! The one [`Finalise`]: evaluates what was unknown with what has become known.

mod conditions;

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Value};

use super::context::Contexts;
use super::load::Loaded;
use crate::address::{Address, Mode, ModulePath};
use crate::config::ResourceKey;
use crate::config::decode::decode;
use crate::desired::Item;
use crate::diff::{Action, merge, propose};
use crate::evaluation::Environment;
use crate::evaluation::{Resources, address};
use crate::plan::resolve::{gather, synthetic_document, with_region};
use crate::plan::{Finalise, ObjectChange, Plan};
use crate::refresh::compare::disagreements;
use crate::registry::Providers;

/// Completes the documents of one plan.
pub struct Finaliser {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The files that it was made from.
    pub loaded: Arc<Loaded>,
    /// Kinds and default regions.
    pub providers: Providers,
    /// What functions need.
    pub contexts: Contexts,
}

/// Objects as they are now.
struct Objects<'o> {
    objects: &'o BTreeMap<Address, Value>,
    blocks: BTreeMap<String, Value>,
}

impl Resources for Objects<'_> {
    fn resource(&self, module: &ModulePath, key: &ResourceKey) -> Result<Value, Box<Diagnostic>> {
        let whole = address(module, key, None);
        let of = self.objects.range(whole.clone()..).take_while(|(at, _)| at.whole() == whole);
        Ok(gather(of.map(|(at, value)| (at.key.clone(), value.clone()))))
    }

    fn block(&self, kind: &str, name: &str) -> Result<Value, Box<Diagnostic>> {
        let block = format!("{kind}.{name}");
        let mut value = self.blocks.get(&block).cloned().unwrap_or_else(|| Value::object([]));
        for (at, object) in self.objects.iter().filter(|(at, _)| *at.name == block) {
            let Some(crate::address::Key::Text(key)) = &at.key else { continue };
            let of_kind = value.get(&at.kind).cloned().unwrap_or_else(|| Value::object([]));
            value = value.with(&at.kind, of_kind.with(key, object.clone()));
        }
        Ok(value)
    }

    fn object(&self, at: &Address) -> Option<Value> {
        self.objects.get(at).cloned()
    }
}

impl Finaliser {
    fn with<T>(
        &self,
        objects: &BTreeMap<Address, Value>,
        f: impl FnOnce(&Environment<'_>) -> T,
    ) -> Result<T, Diagnostics> {
        let blocks = self.loaded.topology.as_ref().map(|t| t.values()).unwrap_or_default();
        let now = Objects { objects, blocks };
        let (value, found) = self.contexts.with(|context| {
            let environment =
                Environment::new(&self.loaded.config, &self.loaded.variables, context, &now);
            let value = f(&environment);
            (value, environment.take())
        });
        if found.has_errors() { Err(found) } else { Ok(value) }
    }

    /// The configuration of an object, evaluated now.
    fn config(
        &self,
        change: &ObjectChange,
        objects: &BTreeMap<Address, Value>,
    ) -> Result<Value, Diagnostics> {
        let at = &change.address;
        let attributes = self.attributes(at);
        let synthetic = self.loaded.desired.synthetics.iter().find(|s| s.address == at.whole());
        if let Some(synthetic) = synthetic {
            let planned = at.key.as_ref().and_then(|key| synthetic.instances.get(key));
            let Some(planned) = planned else { return Err(lost(at).into()) };
            return self
                .with(objects, |environment| {
                    synthetic_document(attributes, &planned.document, environment)
                })?
                .map_err(|text| lost(at).help(text).into());
        }
        let Some(resource) = self.resource(at) else { return Err(lost(at).into()) };
        let mut found = Diagnostics::new();
        let value = self.with(objects, |environment| {
            let repetition = environment.repetition_of(at, resource);
            let scope = environment.scope(&at.module, &repetition, None);
            decode(&resource.body, attributes, &scope, &mut found)
        })?;
        if found.has_errors() { Err(found) } else { Ok(value) }
    }

    fn attributes(&self, at: &Address) -> &'static [lifeboat_sdk::Attribute] {
        let kinds = &self.loaded.catalogue;
        match at.mode {
            Mode::Managed => kinds.kinds.get(&*at.kind).map(|(_, k)| k.schema().attributes),
            Mode::Data => kinds.data.get(&*at.kind).map(|(_, d)| d.schema().attributes),
        }
        .unwrap_or(&[])
    }
}

impl Finalise for Finaliser {
    fn finalise(
        &self,
        change: usize,
        objects: &BTreeMap<Address, Value>,
    ) -> Result<Value, Diagnostics> {
        let Some(change) = self.plan.changes.get(change) else { return Err(Diagnostics::new()) };
        let at = &change.address;
        let config = self.config(change, objects)?;
        let attributes = self.attributes(at);
        if at.mode == Mode::Data {
            // What the query is not told stays null: the data source fills it in.
            return Ok(config);
        }
        let kind = self.providers.kind(&change.provider, &at.kind);
        let instance = self.providers.0.get(&change.provider);
        let (Some(kind), Some(instance)) = (kind, instance) else { return Err(lost(at).into()) };
        let config = with_region(kind, instance, config);
        let after = match (change.action, &change.before) {
            (Action::Update, Some(before)) => {
                let ignored = self.ignored(at);
                let proposal = propose::update(&**kind, before, &config, &ignored);
                if proposal.action == Action::Replace {
                    return Err(inconsistent(at, "the change would now need a replacement").into());
                }
                proposal.after
            }
            _ => propose::create(&**kind, &config).after,
        };
        let planned = change.after.as_ref().unwrap_or(&after);
        let paths = disagreements(attributes, planned, &after);
        if paths.is_empty() {
            return Ok(after);
        }
        let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
        Err(inconsistent(at, &format!("it differs in {}", paths.join(", "))).into())
    }

    fn before(&self, change: usize, objects: &BTreeMap<Address, Value>) -> Diagnostics {
        let Some(change) = self.plan.changes.get(change) else { return Diagnostics::new() };
        self.guarded(change, objects, |lifecycle| &lifecycle.preconditions, None)
    }

    fn after(&self, change: usize, objects: &BTreeMap<Address, Value>) -> Diagnostics {
        let Some(change) = self.plan.changes.get(change) else { return Diagnostics::new() };
        let Some(this) = objects.get(&change.address) else { return Diagnostics::new() };
        self.guarded(change, objects, |lifecycle| &lifecycle.postconditions, Some(this))
    }

    fn leftovers(&self, objects: &BTreeMap<Address, Value>) -> Diagnostics {
        self.unjudged(objects)
    }

    fn outputs(
        &self,
        objects: &BTreeMap<Address, Value>,
    ) -> Result<BTreeMap<Name, Value>, Diagnostics> {
        self.with(objects, |environment| {
            // In dependency order, so that no lookup goes deep.
            for position in &self.loaded.desired.order {
                match &self.loaded.desired.items[*position] {
                    Item::Local(path, name) => {
                        for module in environment.instances(path) {
                            environment.local(&module, name);
                        }
                    }
                    Item::Variable(path, name) => {
                        for module in environment.instances(path) {
                            environment.variable(&module, name);
                        }
                    }
                    _ => {}
                }
            }
            let root = ModulePath::root();
            let names = self.loaded.config.root.outputs.keys();
            names
                .map(|name| (name.clone(), environment.output(&root, name)))
                .filter(|(_, value)| !value.is_null())
                .collect()
        })
    }
}

impl Finaliser {
    fn ignored(&self, at: &Address) -> merge::Ignore {
        let resource = self.resource(at);
        resource.map_or(merge::Ignore::Nothing, |r| {
            crate::plan::resolve::ignored(&r.lifecycle.ignore_changes)
        })
    }
}

fn lost(at: &Address) -> Diagnostic {
    Diagnostic::error(
        "apply::lost_declaration",
        "The plan does not hold what it needs",
        format!("The declaration of {at} is not in the plan."),
    )
    .about(at)
    .help("Make the plan again.")
}

fn inconsistent(at: &Address, why: &str) -> Diagnostic {
    Diagnostic::error(
        "apply::inconsistent_plan",
        "The final plan differs from the one that was shown",
        format!("When its inputs became known, {at} came out otherwise than planned: {why}."),
    )
    .about(at)
    .help("Nothing was done to it. Plan again and read the new plan.")
}
