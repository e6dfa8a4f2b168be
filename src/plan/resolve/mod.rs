//! Pass 1, resolve: expands, evaluates, normalises and compares block by block, because a
//! block's value needs the planned values of those before it.
//!
//! Pure: [`Resolver::advance`] answers what must be read before it can go on; the driver reads
//! it and calls [`Resolver::answer`].

mod data;
mod finish;
mod imported;
mod instance;
mod live;
mod lookup;
mod managed;
pub mod moves;
mod operated;
mod orphan;
pub mod place;
pub mod previous;
mod synthetic;
mod unread;
mod values;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Diagnostics, Failure, Name, Observation, Owner, RegionName, Value};

use super::order::Needs;
use super::{CheckResult, ObjectChange, OutputChange, PlanMode};
use crate::address::{Address, Mode, ModulePath};
use crate::config::eval::FunctionContext;
use crate::config::{Config, ResourceKey};
use crate::desired::{Desired, Item};
use crate::evaluation::Environment;
use crate::evaluation::{Expansion, address};
use crate::refresh::Request;
use crate::registry::{Catalogue, Providers};
pub use finish::{exposed, invalid};
pub use imported::id_and_region;
pub use live::restore_marks;
pub use managed::{findings, ignored, with_region};
pub use place::place;
pub use previous::Previous;
pub use synthetic::{complete, synthetic_document};
pub use values::{Objects, gather};

/// What planning starts from.
pub struct Input<'a> {
    /// The files.
    pub config: &'a Config,
    /// Their blocks in dependency order.
    pub desired: &'a Desired,
    /// Schemas and pure hooks.
    pub catalogue: &'a Catalogue,
    /// Configured providers: scopes and default regions.
    pub providers: &'a Providers,
    /// The objects of the previous state, moves applied.
    pub previous: &'a BTreeMap<Address, Previous>,
    /// What refresh found of them; what is missing was not asked for.
    pub observed: BTreeMap<Address, Observation<Value>>,
    /// Variables of the root module.
    pub variables: &'a BTreeMap<Name, Value>,
    /// Outputs of the previous state.
    pub previous_outputs: BTreeMap<Name, Value>,
    /// What functions need.
    pub functions: &'a FunctionContext<'a>,
    /// The primary, where there is a topology.
    pub primary: Option<RegionName>,
    /// Whether state has another primary.
    pub promoting: bool,
    /// Whether a region that was left, or is being left, cannot be fenced now.
    pub closed: bool,
    /// What fences a region that is being left, is fenced by hand, or still owes it.
    pub leaving: BTreeSet<Address>,
    /// What `region.NAME` and the like are to expressions, by `kind.name`.
    pub blocks: BTreeMap<String, Value>,
    /// Whom ownership tags name: the topology or the lineage.
    pub owner: Name,
    /// What was asked for.
    pub options: Options,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Normal, destroy or refresh only.
    pub mode: PlanMode,
    /// `-replace`
    pub replace: Vec<Address>,
    /// Resources that take part, by position in [`Desired::items`]; `None` for all.
    pub only: Option<BTreeSet<usize>>,
    /// Addresses that take part, for what is in state only; `None` for all.
    pub only_state: Option<BTreeSet<Address>>,
    /// Objects that an earlier run may have changed: nothing is planned for them.
    pub in_doubt: BTreeMap<Address, String>,
    /// What `import` blocks ask for: address and id.
    pub imports: BTreeMap<Address, Name>,
    /// What promotions left and is deleted now, by address and key; all else of it is kept.
    pub retired: BTreeSet<(Address, Name)>,
    /// `-exclude-region`: everything there is left as it is.
    pub left_regions: Vec<String>,
    /// Single objects that are left as they are: `-exclude` with a key.
    pub left: Vec<String>,
}

/// Something to be read before planning can go on.
#[derive(Clone, Debug)]
pub enum Need {
    /// A live object: is the name taken, or to be imported.
    Object(Box<Request>),
    /// A data source.
    Data {
        /// Its address.
        address: Address,
        /// The provider instance.
        provider: Name,
        /// The query.
        document: Value,
    },
}

/// What was read.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Of a live object.
    Object(Observation<Value>),
    /// Of a data source.
    Data(Result<Value, Failure>),
}

/// What planning came to, before steps are made of it.
#[derive(Debug, Default)]
pub struct Resolved {
    /// Every object.
    pub changes: Vec<ObjectChange>,
    /// Which objects need which.
    pub needs: Needs,
    /// Outputs of the root module.
    pub outputs: BTreeMap<Name, OutputChange>,
    /// Conditions.
    pub checks: Vec<CheckResult>,
    /// Problems.
    pub diagnostics: Diagnostics,
}

/// The walk.
pub struct Resolver<'a> {
    input: Input<'a>,
    /// What expressions see of resources.
    objects: Objects,
    /// Boxed: a half-full node of a map would keep room for eleven of them.
    changes: BTreeMap<Address, Box<ObjectChange>>,
    needs: Needs,
    checks: Vec<CheckResult>,
    outputs: BTreeMap<Name, OutputChange>,
    answers: BTreeMap<Address, Answer>,
    parked: Vec<Need>,
    done: Vec<bool>,
    diagnostics: Diagnostics,
    /// What could not be read, which is told at the end.
    unread: unread::Unread,
    /// Addresses that the files declare, also where planning them failed.
    seen: BTreeSet<Address>,
    /// Instances and whole resources that this plan makes.
    creating: BTreeSet<Address>,
    /// Those of them whose making is deferred.
    deferred_new: BTreeSet<Address>,
    /// Resources whose number of instances is not known.
    uncounted: BTreeSet<Address>,
    /// Deposed objects.
    leftovers: Vec<ObjectChange>,
    /// Identities seen twice are a mistake: kind, scope and id to address.
    claimed: RefCell<BTreeMap<(Name, String, Name), Address>>,
}

impl<'a> Resolver<'a> {
    /// Begins the walk.
    pub fn new(input: Input<'a>) -> Self {
        let done = vec![false; input.desired.items.len()];
        let objects = Objects::new(input.blocks.clone());
        Self {
            input,
            objects,
            changes: BTreeMap::new(),
            needs: Needs::default(),
            checks: Vec::new(),
            outputs: BTreeMap::new(),
            answers: BTreeMap::new(),
            parked: Vec::new(),
            done,
            diagnostics: Diagnostics::new(),
            unread: unread::Unread::default(),
            seen: BTreeSet::new(),
            creating: BTreeSet::new(),
            deferred_new: BTreeSet::new(),
            uncounted: BTreeSet::new(),
            leftovers: Vec::new(),
            claimed: RefCell::default(),
        }
    }

    /// Goes as far as it can; what it answers must be read, nothing means done.
    pub fn advance(&mut self) -> Vec<Need> {
        if self.input.options.mode == PlanMode::Destroy {
            return Vec::new();
        }
        self.parked.clear();
        // Values made in an earlier round may have been made without what is known now.
        let objects = std::mem::take(&mut self.objects);
        let desired = self.input.desired;
        let cell = values::Shared::new(objects);
        let (config, variables, functions) =
            (self.input.config, self.input.variables, self.input.functions);
        let environment = Environment::new(config, variables, functions, &cell);
        for position in &desired.order {
            let ready = desired.graph.needs(*position).all(|need| self.done[need]);
            if self.done[*position] || !ready {
                continue;
            }
            let before = self.parked.len();
            let (told, checked) = (self.diagnostics.0.len(), self.checks.len());
            self.item(*position, &environment, &cell);
            self.done[*position] = self.parked.len() == before;
            if !self.done[*position] {
                // It is walked again when its reads are answered, and tells it all then.
                self.diagnostics.0.truncate(told);
                self.checks.truncate(checked);
            }
        }
        self.diagnostics.extend(environment.take());
        drop(environment);
        self.objects = cell.into_inner();
        std::mem::take(&mut self.parked)
    }

    /// Takes what was read.
    pub fn answer(&mut self, address: Address, answer: Answer) {
        self.answers.insert(address, answer);
    }

    fn item(&mut self, position: usize, environment: &Environment<'_>, cell: &values::Shared) {
        match &self.input.desired.items[position].clone() {
            // Forcing the value reports its problems also where nobody uses it.
            Item::Variable(path, name) => {
                for module in environment.instances(path) {
                    let value = environment.variable(&module, name);
                    self.validate_variable(environment, &module, name, &value);
                }
            }
            Item::Local(path, name) => {
                for module in environment.instances(path) {
                    environment.local(&module, name);
                }
            }
            Item::Output(path, name) => {
                for module in environment.instances(path) {
                    environment.output(&module, name);
                    self.output(environment, &module, name);
                }
            }
            Item::Call(path, name) => {
                for module in environment.instances(path) {
                    environment.call(&module, name);
                }
            }
            Item::Resource(path, key) => {
                for module in environment.instances(path) {
                    self.resource(position, environment, cell, &module, key);
                }
            }
            Item::Synthetic(index) => self.synthetic(*index, environment, cell),
            Item::Check(path, name) => {
                for module in environment.instances(path) {
                    self.check(environment, &module, name);
                }
            }
        }
    }

    fn resource(
        &mut self,
        position: usize,
        environment: &Environment<'_>,
        cell: &values::Shared,
        module: &ModulePath,
        key: &ResourceKey,
    ) {
        let Some(resource) = environment.module(module).and_then(|m| m.resources.get(key)) else {
            return;
        };
        if !self.takes_part(position) {
            cell.insert_stored(module, key, self.input.previous);
            return;
        }
        let expansion =
            environment.expand(module, resource.count.as_ref(), resource.for_each.as_ref());
        if let Expansion::Unknown(_) = &expansion {
            self.defer_all(module, key);
        }
        let whole = address(module, key, None);
        let mut values = Vec::new();
        for repetition in expansion.instances() {
            let at = whole.instance(repetition.key());
            let site = instance::Site {
                position,
                module,
                resource,
                repetition: &repetition,
                address: &at,
                environment,
            };
            let value = match key.mode {
                Mode::Managed => self.managed(&site),
                Mode::Data => self.data(&site),
            };
            values.push(value);
        }
        cell.insert(&whole, &expansion, values);
    }

    /// Whether a resource takes part: `-target`, `-exclude`, and nothing but removal in a
    /// plan to destroy.
    fn takes_part(&self, position: usize) -> bool {
        self.input.options.only.as_ref().is_none_or(|only| only.contains(&position))
    }

    fn owner(&self, address: &Address) -> Owner {
        Owner { topology: self.input.owner.clone(), address: address.to_string().into() }
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}
