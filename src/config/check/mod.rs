//! What can be said of a configuration before anything is evaluated: references that lead
//! nowhere, arguments of modules, targets of imports.

mod uses;

pub(crate) use uses::outside;

use std::collections::BTreeSet;

use lifeboat_sdk::{Diagnostics, Name};

use super::ast::Expr;
use super::module::{Condition, Import, Lifecycle, Module, ModuleCall, Resource};
use super::reference::{ResourceKey, Target};
use super::{codes, suggest};
use crate::address::Mode;
use uses::Uses;

/// Checks a module and its children: what is wrong, and what only planning calls wrong.
pub(super) fn check(module: &Module, diagnostics: &mut Diagnostics, planning: &mut Diagnostics) {
    Checker::new(module, diagnostics, planning).module();
    for child in module.children.values() {
        check(child, diagnostics, planning);
    }
}

/// Checks an expression that stands outside of the files, where an output of the module would.
pub fn check_expression(module: &Module, expr: &Expr, diagnostics: &mut Diagnostics) {
    // Nothing outside of the files can refer to itself, which is all that planning calls wrong.
    let mut planning = Diagnostics::new();
    Checker::new(module, diagnostics, &mut planning).expr(expr, &Around::default());
}

/// What an expression may refer to besides declarations.
#[derive(Clone, Default)]
struct Around {
    each: bool,
    count: bool,
    this: bool,
    /// What it belongs to, which it must not refer to.
    own: Option<Target>,
    /// The data source of the check around it.
    data: Option<ResourceKey>,
}

struct Checker<'a> {
    module: &'a Module,
    blocks: BTreeSet<(&'a str, &'a str)>,
    diagnostics: &'a mut Diagnostics,
    planning: &'a mut Diagnostics,
}

impl<'a> Checker<'a> {
    fn new(
        module: &'a Module,
        diagnostics: &'a mut Diagnostics,
        planning: &'a mut Diagnostics,
    ) -> Self {
        let named = module.blocks.iter().filter_map(|b| Some((&**b.kind(), &**b.name()?)));
        Self { module, blocks: named.collect(), diagnostics, planning }
    }

    fn module(&mut self) {
        let module = self.module;
        let plain = Around::default();
        for variable in module.variables.values() {
            self.conditions(&variable.validations, &plain);
        }
        for (name, local) in &module.locals {
            let own = Some(Target::Local(name.clone()));
            self.expr(&local.expr, &Around { own, ..plain.clone() });
        }
        for output in module.outputs.values() {
            self.expr(&output.value, &plain);
            self.depends(&output.depends_on, &plain);
            self.conditions(&output.preconditions, &plain);
        }
        for (key, resource) in &module.resources {
            self.resource(key, resource, &plain);
        }
        for (name, call) in &module.calls {
            self.call(name, call);
        }
        for check in module.checks.values() {
            let key = check.data.as_ref().map(|d| ResourceKey {
                mode: Mode::Data,
                kind: d.kind.clone(),
                name: d.name.clone(),
            });
            let around = Around { data: key.clone(), ..plain.clone() };
            if let (Some(key), Some(data)) = (key, &check.data) {
                self.resource(&key, data, &around);
            }
            self.conditions(&check.asserts, &around);
        }
        for block in &module.blocks {
            self.repetition(block.count.as_ref(), block.for_each.as_ref(), &plain);
            self.depends(&block.depends_on, &plain);
            let (each, count) = (block.for_each.is_some(), block.count.is_some());
            self.body(&block.block.body, &Around { each, count, ..plain.clone() });
        }
        for provider in &module.providers {
            self.body(&provider.body, &plain);
        }
        module.imports.iter().for_each(|import| self.import(import));
        self.removed();
    }

    fn conditions(&mut self, conditions: &[Condition], around: &Around) {
        for condition in conditions {
            self.expr(&condition.condition, around);
            self.expr(&condition.message, around);
        }
    }

    fn repetition(&mut self, count: Option<&Expr>, for_each: Option<&Expr>, around: &Around) {
        count.into_iter().chain(for_each).for_each(|expr| self.expr(expr, around));
    }

    fn resource(&mut self, key: &ResourceKey, resource: &Resource, outer: &Around) {
        let own = Some(Target::Resource(key.clone()));
        let around = Around { own, ..outer.clone() };
        self.repetition(resource.count.as_ref(), resource.for_each.as_ref(), &around);
        self.depends(&resource.depends_on, &around);
        let (each, count) = (resource.for_each.is_some(), resource.count.is_some());
        let around = Around { each, count, ..around };
        self.body(&resource.body, &around);
        let Lifecycle { replace_triggered_by, preconditions, postconditions, .. } =
            &resource.lifecycle;
        replace_triggered_by.iter().for_each(|expr| self.expr(expr, &around));
        self.conditions(preconditions, &around);
        // A postcondition may name its resource as well as say `self`.
        let after = Around { this: true, own: None, ..around };
        self.conditions(postconditions, &after);
    }

    fn call(&mut self, name: &Name, call: &ModuleCall) {
        let own = Some(Target::Module { name: name.clone(), output: None });
        let around = Around { own, ..Around::default() };
        self.repetition(call.count.as_ref(), call.for_each.as_ref(), &around);
        self.depends(&call.depends_on, &around);
        let (each, count) = (call.for_each.is_some(), call.count.is_some());
        // An argument may need an output that does not depend on it.
        self.body(&call.body, &Around { each, count, ..Around::default() });
        let Some(child) = self.module.children.get(name) else { return };
        for attribute in &call.body.attributes {
            if !child.variables.contains_key(&attribute.name) {
                let detail = format!("The module has no variable {:?}.", attribute.name);
                let diagnostic = codes::UNKNOWN_ARGUMENT.error(detail).at(attribute.name_span);
                let names = child.variables.keys().map(|n| &**n);
                let near = suggest::nearest(&attribute.name, names);
                self.diagnostics.push(suggest::with(diagnostic, near));
            }
        }
        let given: BTreeSet<&Name> = call.body.attributes.iter().map(|a| &a.name).collect();
        for variable in child.variables.values() {
            if variable.default.is_none() && !given.contains(&variable.name) {
                let detail = format!("The module needs a value for {:?}.", variable.name);
                let diagnostic = codes::MISSING_ARGUMENT.error(detail).at(call.body.missing);
                self.diagnostics.push(diagnostic.label(variable.span, "declared here"));
            }
        }
    }

    fn import(&mut self, import: &Import) {
        let around = Around { each: import.for_each.is_some(), ..Around::default() };
        self.repetition(None, import.for_each.as_ref(), &Around::default());
        self.expr(&import.id, &around);
        let keys = import.modules.iter().filter_map(|(_, key)| key.as_ref());
        // Whether its target is declared is for planning: the block may be written from what is live.
        keys.chain(&import.key).for_each(|key| self.expr(key, &around));
    }

    fn removed(&mut self) {
        for removed in &self.module.removed {
            let mut module = Some(self.module);
            for (name, _) in &removed.from.modules {
                module = module.and_then(|m| m.children.get(name));
            }
            let called = removed.from.modules.last();
            let declared = match &removed.from.resource {
                Some((key, _)) => module.and_then(|m| m.resources.get(key)).map(|r| r.span),
                None => module.and(called).map(|_| removed.span),
            };
            if let Some(at) = declared {
                let detail = "A `removed` block says that it is removed, but it is declared.";
                let diagnostic = codes::STILL_DECLARED.error(detail).at(at);
                self.diagnostics.push(diagnostic.label(removed.span, "removed here"));
            }
        }
    }
}
