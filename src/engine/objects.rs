//! `Objects`: what expressions see of objects that are there.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Value};

use crate::address::{Address, ModulePath};
use crate::config::{Config, ResourceKey};
use crate::diff::Action;
use crate::evaluation::{Resources, address, module_at};
use crate::plan::resolve::{self, gather};
use crate::plan::{ObjectChange, Plan};

/// Which objects a plan was made with: no expression of it saw those that the files no longer
/// declare.
pub(super) struct Declared {
    /// What the plan removes or lets go of.
    leaving: BTreeSet<Address>,
    /// The resources of which it has an instance that stays.
    staying: BTreeSet<Address>,
    /// Whether it is about all objects.
    whole: bool,
}

impl Declared {
    pub(super) fn of(plan: &Plan) -> Self {
        let leaves = |c: &&ObjectChange| {
            c.deposed.is_none() && matches!(c.action, Action::Delete | Action::Forget)
        };
        let changes = || plan.changes.iter();
        let stays = changes().filter(|c| c.deposed.is_none() && !leaves(c));
        Self {
            leaving: changes().filter(leaves).map(|c| c.address.clone()).collect(),
            staying: stays.map(|c| c.address.whole()).collect(),
            whole: plan.inputs.targets.is_empty() && plan.inputs.excludes.is_empty(),
        }
    }

    /// The value of a resource of which there is to be no instance.
    fn nothing(&self, config: &Config, module: &ModulePath, key: &ResourceKey) -> Option<Value> {
        if !self.whole || self.staying.contains(&address(module, key, None)) {
            return None;
        }
        let block = module_at(config, &module.names())?.resources.get(key)?;
        match (&block.count, &block.for_each) {
            (Some(_), _) => Some(Value::tuple(Vec::new())),
            (None, Some(_)) => Some(Value::object([])),
            (None, None) => None,
        }
    }
}

/// Objects as they are now.
pub(super) struct Objects<'o> {
    /// By address.
    pub objects: &'o BTreeMap<Address, Value>,
    /// What topology blocks are to expressions besides.
    pub blocks: &'o BTreeMap<String, Value>,
    /// Inside an apply: what its plan was made with, and from which files.
    pub declared: Option<(&'o Declared, &'o Config)>,
}

impl Objects<'_> {
    fn seen(&self, at: &Address) -> bool {
        self.declared.is_none_or(|(declared, _)| !declared.leaving.contains(at))
    }
}

impl Resources for Objects<'_> {
    fn resource(&self, module: &ModulePath, key: &ResourceKey) -> Result<Value, Box<Diagnostic>> {
        let whole = address(module, key, None);
        let of = self.objects.range(whole.clone()..).take_while(|(at, _)| at.whole() == whole);
        let of = of.filter(|(at, _)| self.seen(at));
        let mut of = of.map(|(at, value)| (at.key.clone(), value.clone())).peekable();
        let declared = self.declared.filter(|_| of.peek().is_none());
        let nothing = declared.and_then(|(d, config)| d.nothing(config, module, key));
        Ok(nothing.unwrap_or_else(|| gather(of)))
    }

    fn block(&self, kind: &str, name: &str) -> Result<Value, Box<Diagnostic>> {
        let block = format!("{kind}.{name}");
        let keyed = format!("{block}[");
        let own = |name: &str| name == block || name.starts_with(&keyed);
        let bare = self.blocks.iter().filter(|(name, _)| own(name));
        let mut found =
            resolve::Objects::new(bare.map(|(n, value)| (n.clone(), value.clone())).collect());
        let seen = self.objects.iter().filter(|(at, _)| own(&at.name) && self.seen(at));
        for (at, object) in seen {
            found.set_single(at, object.clone());
        }
        Ok(found.block(&block).unwrap_or_else(|| Value::object([])))
    }

    fn object(&self, at: &Address) -> Option<Value> {
        self.objects.get(at).cloned()
    }
}
