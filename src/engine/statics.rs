//! Evaluation before anything is known: what is wrong whatever variables and objects turn out
//! to be.

use std::collections::BTreeMap;

use lifeboat_sdk::schema::object_type;
use lifeboat_sdk::value::Why;
use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Path, Type, Value};

use super::load::Loaded;
use super::validate::schema;
use crate::address::{Address, ModulePath};
use crate::config::module::{Condition, Module};
use crate::config::{ResourceKey, decode};
use crate::evaluation::{Environment, Repetition, Resources, address};
use crate::function::Context;
use crate::plan::resolve::{exposed, findings, place, synthetic_document};

/// Unknown, without being an error where a number of instances is wanted.
fn later(ty: Type) -> Value {
    Value::unknown_because(ty, Why::Deferred("validate".into()))
}

/// Objects of known types with unknown content.
struct Unplanned<'a>(&'a Loaded);

impl Resources for Unplanned<'_> {
    fn resource(&self, module: &ModulePath, key: &ResourceKey) -> Result<Value, Box<Diagnostic>> {
        let declared = crate::evaluation::module_at(&self.0.config, &module.names());
        let single = declared
            .and_then(|m| m.resources.get(key))
            .is_some_and(|r| r.count.is_none() && r.for_each.is_none());
        let attributes = schema(self.0, key).filter(|_| single);
        Ok(later(attributes.map_or(Type::Dynamic, object_type)))
    }

    fn block(&self, _kind: &str, _name: &str) -> Result<Value, Box<Diagnostic>> {
        Ok(later(Type::Dynamic))
    }

    fn object(&self, _address: &Address) -> Option<Value> {
        None
    }
}

/// Evaluates all blocks of all modules with unknown variables and objects.
pub(super) fn evaluate(loaded: &Loaded, context: &Context<'_>) -> Diagnostics {
    let declared = &loaded.config.root.variables;
    let variables: BTreeMap<Name, Value> =
        declared.iter().map(|(name, v)| (name.clone(), v.mark(later(v.ty.clone())))).collect();
    let objects = Unplanned(loaded);
    let environment = Environment::new(&loaded.config, &variables, context, &objects);
    let mut walk = Walk { loaded, environment: &environment, found: Diagnostics::new() };
    walk.module(&ModulePath::root(), &loaded.config.root);
    walk.blocks();
    let mut found = walk.found;
    found.extend(environment.take());
    found
}

struct Walk<'a, 'e> {
    loaded: &'a Loaded,
    environment: &'a Environment<'e>,
    found: Diagnostics,
}

impl Walk<'_, '_> {
    fn module(&mut self, path: &ModulePath, module: &Module) {
        for name in module.locals.keys() {
            self.environment.local(path, name);
        }
        for (name, output) in &module.outputs {
            let value = self.environment.output(path, name);
            if path.is_root() {
                self.found.0.extend(exposed(name, output, &value));
            }
            self.conditions(path, &Repetition::default(), None, &output.preconditions);
        }
        for (key, resource) in &module.resources {
            self.resource(path, key, resource);
        }
        for check in module.checks.values() {
            self.conditions(path, &Repetition::default(), None, &check.asserts);
        }
        for (name, child) in &module.children {
            let call = self.environment.call(path, name);
            let Some(first) = call.instances().into_iter().next() else { continue };
            let inner = path.child(name, first.key());
            for variable in child.variables.keys() {
                self.environment.variable(&inner, variable);
            }
            self.module(&inner, child);
        }
    }

    /// The first instance of a block; of more than one the others are alike.
    fn resource(
        &mut self,
        path: &ModulePath,
        key: &ResourceKey,
        resource: &crate::config::module::Resource,
    ) {
        let (count, each) = (resource.count.as_ref(), resource.for_each.as_ref());
        let instances = self.environment.expand(path, count, each).instances();
        let Some(repetition) = instances.first() else { return };
        let Some(attributes) = schema(self.loaded, key) else { return };
        let mut found = Diagnostics::new();
        let scope = self.environment.scope(path, repetition, None);
        let document = decode(&resource.body, attributes, &scope, &mut found);
        if !found.has_errors()
            && let Some((_, kind)) = self.loaded.catalogue.kinds.get(&*key.kind)
        {
            let at = |part: &Path| place(&resource.body, part).unwrap_or(resource.span);
            let address = address(path, key, repetition.key());
            found.extend(findings(&**kind, &document, &address, &at));
        }
        self.found.extend(found);
        let this = later(object_type(attributes));
        self.conditions(path, repetition, None, &resource.lifecycle.preconditions);
        self.conditions(path, repetition, Some(&this), &resource.lifecycle.postconditions);
    }

    /// What topology blocks stand for.
    fn blocks(&mut self) {
        for synthetic in &self.loaded.desired.synthetics {
            let Some((_, kind)) = self.loaded.catalogue.kinds.get(&*synthetic.address.kind) else {
                continue;
            };
            let attributes = kind.schema().attributes;
            for (key, planned) in &synthetic.instances {
                let document = synthetic_document(attributes, &planned.document, self.environment);
                let Ok(document) = document else { continue };
                let address = synthetic.address.instance(Some(key.clone()));
                let found = findings(&**kind, &document, &address, &|_| planned.span);
                self.found.extend(found);
            }
        }
    }

    fn conditions(
        &self,
        path: &ModulePath,
        repetition: &Repetition,
        this: Option<&Value>,
        conditions: &[Condition],
    ) {
        for condition in conditions {
            self.environment.evaluate(path, repetition, this, &condition.condition);
        }
    }
}
