//! The one [`Finalise`]: evaluates what was unknown with what has become known.

mod conditions;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Value};

use super::context::Contexts;
use super::load::Loaded;
use super::objects::{Declared, Objects};
use crate::address::{Address, Mode, ModulePath};
use crate::config::decode::decode;
use crate::config::module::Resource;
use crate::desired::{Item, STANDING};
use crate::diff::{Action, merge, propose};
use crate::evaluation::{Environment, Expansion, Repetition};
use crate::plan::resolve::{synthetic_document, with_region};
use crate::plan::{Finalise, ObjectChange, Plan};
use crate::refresh::compare::disagreements;
use crate::registry::Providers;

/// Completes the documents of one plan.
pub struct Finaliser {
    /// The plan.
    plan: Arc<Plan>,
    /// The files that it was made from.
    pub loaded: Arc<Loaded>,
    /// Kinds and default regions.
    providers: Providers,
    /// What functions need.
    contexts: Contexts,
    /// What the plan was made with.
    declared: Declared,
    fixed: Fixed,
}

/// What does not change in a run, made when it is first wanted.
#[derive(Default)]
struct Fixed {
    /// What topology blocks are to expressions.
    blocks: OnceLock<BTreeMap<String, Value>>,
    /// The instances of blocks, where their values are known.
    expansions: Mutex<BTreeMap<Address, Arc<Expansion>>>,
}

impl Finaliser {
    /// Of a plan and what it was made from.
    pub fn new(
        plan: Arc<Plan>,
        loaded: Arc<Loaded>,
        providers: Providers,
        contexts: Contexts,
    ) -> Self {
        let declared = Declared::of(&plan);
        Self { plan, loaded, providers, contexts, declared, fixed: Fixed::default() }
    }

    /// Which instance of its block an address is.
    fn repetition(
        &self,
        environment: &Environment<'_>,
        at: &Address,
        block: &Resource,
    ) -> Repetition {
        let whole = at.whole();
        let known = self.fixed.expansions.lock().ok().and_then(|e| e.get(&whole).cloned());
        let expansion = known.unwrap_or_else(|| {
            let count = (block.count.as_ref(), block.for_each.as_ref());
            let made = Arc::new(environment.expand(&at.module, count.0, count.1));
            if let (true, Ok(mut all)) = (made.is_settled(), self.fixed.expansions.lock()) {
                all.insert(whole, Arc::clone(&made));
            }
            made
        });
        expansion.instance(at.key.as_ref()).unwrap_or_default()
    }

    fn with<T>(
        &self,
        objects: &BTreeMap<Address, Value>,
        f: impl FnOnce(&Environment<'_>) -> T,
    ) -> Result<T, Diagnostics> {
        let topology = self.loaded.topology.as_ref();
        let blocks = self.fixed.blocks.get_or_init(|| {
            let mut blocks = topology.map(|t| t.values()).unwrap_or_default();
            let standing = self.plan.inputs.standing.clone();
            blocks.extend(standing.map(|standing| (format!(".{STANDING}"), standing)));
            blocks
        });
        let declared = Some((&self.declared, &self.loaded.config));
        let now = Objects { objects, blocks, declared };
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
        if let Some(synthetic) = self.loaded.desired.synthetic(&at.whole()) {
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
            let repetition = self.repetition(environment, at, resource);
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
