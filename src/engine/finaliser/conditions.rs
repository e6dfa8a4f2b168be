//! What authors demand of values, judged when apply has made them known.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostics, Value};

use super::Finaliser;
use crate::address::{Address, ModulePath};
use crate::config::ResourceKey;
use crate::config::module::{Condition, Lifecycle, Resource};
use crate::desired::{Item, Static};
use crate::diff::Action;
use crate::evaluation::Environment;
use crate::plan::ObjectChange;
use crate::plan::conditions::{Guarded, judge, within};
use crate::plan::resolve::invalid;

type Objects = BTreeMap<Address, Value>;

impl Finaliser {
    /// The conditions of an object that `pick` chooses; `this` where they may speak of it.
    pub(super) fn guarded(
        &self,
        change: &ObjectChange,
        objects: &Objects,
        pick: fn(&Lifecycle) -> &[Condition],
        this: Option<&Value>,
    ) -> Diagnostics {
        let at = &change.address;
        let Some(resource) = self.resource(at) else { return Diagnostics::new() };
        let conditions = pick(&resource.lifecycle);
        if conditions.is_empty() {
            return Diagnostics::new();
        }
        let judged = self.with(objects, |environment| {
            self.demanded(environment, at, resource, conditions, this)
        });
        judged.unwrap_or_else(|found| found)
    }

    /// What planning could not tell, of everything that no step judged.
    pub(super) fn unjudged(&self, objects: &Objects) -> Diagnostics {
        let open: BTreeSet<&str> =
            self.plan.checks.iter().filter(|c| c.passed.is_none()).map(|c| &*c.address).collect();
        if open.is_empty() {
            return Diagnostics::new();
        }
        let idle = |c: &&ObjectChange| {
            c.deposed.is_none()
                && c.action == Action::NoOp
                && open.contains(&*c.address.to_string())
        };
        let idle: Vec<&ObjectChange> = self.plan.changes.iter().filter(idle).collect();
        let judged = self.with(objects, |environment| {
            let mut found = Diagnostics::new();
            for position in &self.loaded.desired.order {
                self.item(environment, &self.loaded.desired.items[*position], &open, &mut found);
            }
            for change in &idle {
                let Some(resource) = self.resource(&change.address) else { continue };
                let Lifecycle { preconditions, postconditions, .. } = &resource.lifecycle;
                let at = &change.address;
                found.extend(self.demanded(environment, at, resource, preconditions, None));
                if let Some(this) = objects.get(at) {
                    found.extend(self.demanded(
                        environment,
                        at,
                        resource,
                        postconditions,
                        Some(this),
                    ));
                }
            }
            found
        });
        judged.unwrap_or_else(|found| found)
    }

    fn item(
        &self,
        environment: &Environment<'_>,
        item: &Item,
        open: &BTreeSet<&str>,
        found: &mut Diagnostics,
    ) {
        let instances = |path: &Static, what: String| {
            let instances = environment.instances(path).into_iter();
            instances.filter(move |module| open.contains(&*within(module, &what)))
        };
        let mut judge_in = |module: &ModulePath, guarded, conditions: &[Condition]| {
            judge(environment, module, &Default::default(), guarded, conditions, found);
        };
        match item {
            Item::Variable(path, name) => {
                for module in instances(path, format!("var.{name}")) {
                    let variable = environment.module(&module).and_then(|m| m.variables.get(name));
                    found.extend(
                        variable.map(|v| invalid(environment, &module, v)).unwrap_or_default(),
                    );
                }
            }
            Item::Output(path, name) => {
                for module in instances(path, format!("output.{name}")) {
                    let output = environment.module(&module).and_then(|m| m.outputs.get(name));
                    let conditions = output.map(|o| &*o.preconditions).unwrap_or_default();
                    judge_in(&module, Guarded::Output, conditions);
                }
            }
            Item::Check(path, name) => {
                for module in instances(path, format!("check.{name}")) {
                    let check = environment.module(&module).and_then(|m| m.checks.get(name));
                    let conditions = check.map(|c| &*c.asserts).unwrap_or_default();
                    judge_in(&module, Guarded::Check, conditions);
                }
            }
            Item::Call(..) | Item::Local(..) | Item::Resource(..) | Item::Synthetic(_) => {}
        }
    }

    /// The block of an object.
    pub(super) fn resource(&self, at: &Address) -> Option<&Resource> {
        let key = ResourceKey { mode: at.mode, kind: at.kind.clone(), name: at.name.clone() };
        let module = crate::evaluation::module_at(&self.loaded.config, &at.module.names());
        module.and_then(|m| m.resources.get(&key))
    }
}

impl Finaliser {
    fn demanded(
        &self,
        environment: &Environment<'_>,
        at: &Address,
        resource: &Resource,
        conditions: &[Condition],
        this: Option<&Value>,
    ) -> Diagnostics {
        let mut found = Diagnostics::new();
        let address = at.to_string();
        let guarded =
            this.map_or(Guarded::Before(&address), |value| Guarded::After(&address, value));
        let repetition = self.repetition(environment, at, resource);
        judge(environment, &at.module, &repetition, guarded, conditions, &mut found);
        found
    }
}
