//! Stage 3, config + topology -> desired: unevaluated blocks and the edges between them.
//!
//! Edges join blocks, not instances: an edge between instances exists only where the files name
//! one ([`crate::plan::resolve`] adds those), or two `for_each` blocks that refer to each other
//! would cost the square of their size.

pub mod blocks;
mod place;
pub mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Span};

use crate::address::Address;
use crate::config::ast::Expr;
use crate::config::module::{Condition, Module, Resource};
use crate::config::reference::{body_references, references};
use crate::config::{Config, Reference, ResourceKey, Target};
use crate::evaluation::module_at;
use crate::graph::Graph;
pub use template::{Follows, Part, Planned, STANDING, Synthetic, Template};

/// A module of the static tree: the names of its calls.
pub type Static = Vec<Name>;

/// One unevaluated block or value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// The number of instances of a called module; the parent and the call.
    Call(Static, Name),
    /// `variable`
    Variable(Static, Name),
    /// One of `locals`.
    Local(Static, Name),
    /// `resource` or `data`
    Resource(Static, ResourceKey),
    /// The objects of one kind of a topology block, by position in [`Desired::synthetics`].
    Synthetic(usize),
    /// `output`
    Output(Static, Name),
    /// `check`
    Check(Static, Name),
}

/// Everything declared, in dependency order.
#[derive(Debug, Default)]
pub struct Desired {
    /// What the topology blocks stand for.
    pub synthetics: Vec<Synthetic>,
    /// All items.
    pub items: Vec<Item>,
    /// Who needs whom.
    pub graph: Graph,
    /// The items, each after what it needs.
    pub order: Vec<usize>,
    /// For each item the resources it needs directly or through values, by position.
    pub reach: Vec<Arc<BTreeSet<usize>>>,
    index: BTreeMap<Item, usize>,
    /// Synthetics by address, and by the name of their block without a key.
    addresses: BTreeMap<Address, usize>,
    blocks: BTreeMap<Name, Vec<usize>>,
}

impl Desired {
    /// The position of an item.
    pub fn position(&self, item: &Item) -> Option<usize> {
        self.index.get(item).copied()
    }

    /// The objects of one kind of a topology block, by their address without a key.
    pub fn synthetic(&self, whole: &Address) -> Option<&Synthetic> {
        self.addresses.get(whole).and_then(|at| self.synthetics.get(*at))
    }

    /// Builds the graph of `config` and of what its topology stands for.
    pub fn of(config: &Config, synthetics: Vec<Synthetic>) -> (Self, Diagnostics) {
        let mut desired = Self::default();
        desired.collect(&config.root);
        for (position, synthetic) in synthetics.iter().enumerate() {
            desired.add(Item::Synthetic(position));
            desired.addresses.insert(synthetic.address.clone(), position);
            let name = &*synthetic.address.name;
            let block = name.split_once('[').map_or(name, |(block, _)| block);
            desired.blocks.entry(block.into()).or_default().push(position);
        }
        desired.synthetics = synthetics;
        desired.connect(config);
        let mut diagnostics = Diagnostics::new();
        match desired.graph.order() {
            Ok(order) => desired.order = order,
            Err(cycle) => diagnostics.push(desired.cycle(config, &cycle)),
        }
        desired.reach = desired.reached();
        (desired, diagnostics)
    }

    /// Resources that an expression of the root module needs, directly or through values.
    pub fn expression_reach(&self, config: &Config, expr: &Expr) -> BTreeSet<usize> {
        let edges = Edges { config, desired: self };
        let mut direct = BTreeSet::new();
        edges.exprs(&[], [expr], &mut direct);
        let mut all = BTreeSet::new();
        for position in direct {
            match self.items[position] {
                Item::Resource(..) | Item::Synthetic(_) => {
                    all.insert(position);
                }
                _ => all.extend(self.reach[position].iter().copied()),
            }
        }
        all
    }

    /// Resources that each item needs, through variables, locals, outputs and modules.
    fn reached(&self) -> Vec<Arc<BTreeSet<usize>>> {
        let mut reach: Vec<Arc<BTreeSet<usize>>> = vec![Arc::default(); self.items.len()];
        for item in &self.order {
            let mut own: Option<Arc<BTreeSet<usize>>> = None;
            for need in self.graph.needs(*item) {
                let single = matches!(self.items[need], Item::Resource(..) | Item::Synthetic(_));
                let theirs =
                    if single { Arc::new(BTreeSet::from([need])) } else { reach[need].clone() };
                own = Some(match own {
                    None => theirs,
                    Some(mine) if theirs.is_subset(&mine) => mine,
                    Some(mut mine) => {
                        Arc::make_mut(&mut mine).extend(theirs.iter().copied());
                        mine
                    }
                });
            }
            reach[*item] = own.unwrap_or_default();
        }
        reach
    }

    fn cycle(&self, config: &Config, cycle: &[usize]) -> Diagnostic {
        let names: Vec<String> = cycle.iter().map(|i| self.label(*i)).collect();
        let first = names.first().cloned().unwrap_or_default();
        let span = cycle.iter().find_map(|i| self.span(config, *i));
        Diagnostic::error(
            "desired::cycle",
            "References form a cycle",
            format!("Each of these needs the next: {} -> {first}.", names.join(" -> ")),
        )
        .at_opt(span)
        .help("Break the cycle: let one of them take its value from somewhere else.")
    }

    fn add(&mut self, item: Item) {
        let position = self.graph.add();
        self.index.insert(item.clone(), position);
        self.items.push(item);
    }

    fn collect(&mut self, module: &Module) {
        let path = &module.path;
        for name in module.variables.keys() {
            self.add(Item::Variable(path.clone(), name.clone()));
        }
        for name in module.locals.keys() {
            self.add(Item::Local(path.clone(), name.clone()));
        }
        for name in module.calls.keys() {
            self.add(Item::Call(path.clone(), name.clone()));
        }
        for key in module.resources.keys() {
            self.add(Item::Resource(path.clone(), key.clone()));
        }
        for name in module.outputs.keys() {
            self.add(Item::Output(path.clone(), name.clone()));
        }
        for name in module.checks.keys() {
            self.add(Item::Check(path.clone(), name.clone()));
        }
        for child in module.children.values() {
            self.collect(child);
        }
    }

    fn connect(&mut self, config: &Config) {
        let edges = Edges { config, desired: self };
        let needs: Vec<_> = self.items.iter().map(|item| edges.needs(item)).collect();
        for (position, needs) in needs.into_iter().enumerate() {
            for need in needs {
                self.graph.edge(position, need);
            }
        }
    }

    /// The item as people call it.
    pub fn label(&self, position: usize) -> String {
        let prefix = |module: &Static| -> String {
            module.iter().map(|name| format!("module.{name}.")).collect()
        };
        match &self.items[position] {
            Item::Call(m, name) => format!("{}module.{name}", prefix(m)),
            Item::Variable(m, name) => format!("{}var.{name}", prefix(m)),
            Item::Local(m, name) => format!("{}local.{name}", prefix(m)),
            Item::Output(m, name) => format!("{}output.{name}", prefix(m)),
            Item::Check(m, name) => format!("{}check.{name}", prefix(m)),
            Item::Synthetic(i) => self.synthetics[*i].address.to_string(),
            Item::Resource(m, key) => {
                let data = if key.mode == crate::address::Mode::Data { "data." } else { "" };
                format!("{}{data}{}.{}", prefix(m), key.kind, key.name)
            }
        }
    }

    fn span(&self, config: &Config, position: usize) -> Option<Span> {
        match &self.items[position] {
            Item::Call(m, name) => Some(module_at(config, m)?.calls.get(name)?.span),
            Item::Variable(m, name) => Some(module_at(config, m)?.variables.get(name)?.span),
            Item::Local(m, name) => Some(module_at(config, m)?.locals.get(name)?.span),
            Item::Output(m, name) => Some(module_at(config, m)?.outputs.get(name)?.span),
            Item::Check(m, name) => Some(module_at(config, m)?.checks.get(name)?.span),
            Item::Resource(m, key) => Some(module_at(config, m)?.resources.get(key)?.span),
            Item::Synthetic(i) => {
                self.synthetics[*i].instances.values().next().map(|planned| planned.span)
            }
        }
    }
}

/// Looks up what items need.
struct Edges<'d> {
    config: &'d Config,
    desired: &'d Desired,
}

impl Edges<'_> {
    /// What an item needs, as positions.
    fn needs(&self, item: &Item) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        let Some((path, module)) = self.home(item) else {
            if let Item::Synthetic(i) = item {
                self.synthetic(*i, &mut out);
            }
            return out;
        };
        // Nothing in a module can be evaluated before its instances are known.
        if let Some((name, parent)) = path.split_last() {
            out.extend(self.desired.position(&Item::Call(parent.to_vec(), name.clone())));
        }
        match item {
            Item::Call(_, name) => {
                if let Some(call) = module.calls.get(name) {
                    self.exprs(path, call.count.iter().chain(&call.for_each), &mut out);
                    self.all(path, &call.depends_on, &mut out);
                }
            }
            Item::Variable(_, name) => {
                if let Some(variable) = module.variables.get(name) {
                    self.conditions(
                        path,
                        &variable.validations,
                        self.desired.position(item),
                        &mut out,
                    );
                }
                if let Some((call, parent)) = path.split_last()
                    && let Some(caller) = module_at(self.config, parent)
                    && let Some(argument) =
                        caller.calls.get(call).and_then(|c| c.body.attribute(name))
                {
                    self.exprs(parent, [&argument.expr], &mut out);
                }
            }
            Item::Local(_, name) => {
                self.exprs(path, module.locals.get(name).map(|l| &l.expr), &mut out);
            }
            Item::Output(_, name) => {
                if let Some(output) = module.outputs.get(name) {
                    self.exprs(path, [&output.value], &mut out);
                    self.all(path, &output.depends_on, &mut out);
                    self.conditions(path, &output.preconditions, None, &mut out);
                }
            }
            Item::Check(_, name) => {
                if let Some(check) = module.checks.get(name) {
                    self.conditions(path, &check.asserts, None, &mut out);
                    if let Some(data) = &check.data {
                        self.refs(path, body_references(&data.body), &mut out);
                    }
                }
            }
            Item::Resource(_, key) => {
                if let Some(resource) = module.resources.get(key) {
                    self.resource(path, resource, &mut out);
                    if let Some(me) = self.desired.position(item) {
                        out.remove(&me);
                    }
                }
            }
            Item::Synthetic(_) => {}
        }
        out
    }

    fn home<'i>(&self, item: &'i Item) -> Option<(&'i Static, &Module)> {
        let path = match item {
            Item::Call(m, _)
            | Item::Variable(m, _)
            | Item::Local(m, _)
            | Item::Output(m, _)
            | Item::Check(m, _)
            | Item::Resource(m, _) => m,
            Item::Synthetic(_) => return None,
        };
        Some((path, module_at(self.config, path)?))
    }

    fn resource(&self, path: &[Name], resource: &Resource, out: &mut BTreeSet<usize>) {
        self.refs(path, body_references(&resource.body), out);
        self.exprs(path, resource.count.iter().chain(&resource.for_each), out);
        self.all(path, &resource.depends_on, out);
        self.exprs(path, &resource.lifecycle.replace_triggered_by, out);
        self.conditions(path, &resource.lifecycle.preconditions, None, out);
        // A postcondition may look at `self` only; what else it names must be there too.
        self.conditions(path, &resource.lifecycle.postconditions, None, out);
        // What a child module inherits through `depends_on` of its call.
        for (depth, name) in path.iter().enumerate() {
            let parent = &path[..depth];
            let call = module_at(self.config, parent).and_then(|m| m.calls.get(name));
            if let Some(call) = call {
                self.all(parent, &call.depends_on, out);
            }
        }
    }

    fn synthetic(&self, position: usize, out: &mut BTreeSet<usize>) {
        let synthetic = &self.desired.synthetics[position];
        for planned in synthetic.instances.values() {
            for at in planned.after.iter().map(Address::whole) {
                let key =
                    ResourceKey { mode: at.mode, kind: at.kind.clone(), name: at.name.clone() };
                let resource = Item::Resource(at.module.names(), key);
                out.extend(self.synthetic_at(&at).or_else(|| self.desired.position(&resource)));
            }
            for (_, template) in &planned.document {
                template.visit(&mut |part| match part {
                    Template::Ref(address, _) => out.extend(self.synthetic_at(&address.whole())),
                    Template::Expr(expr) => self.exprs(&[], [&**expr], out),
                    _ => {}
                });
            }
        }
        out.remove(&self.desired.position(&Item::Synthetic(position)).unwrap_or(usize::MAX));
    }

    fn synthetic_at(&self, address: &Address) -> Option<usize> {
        let at = self.desired.addresses.get(address)?;
        self.desired.position(&Item::Synthetic(*at))
    }

    fn exprs<'e>(
        &self,
        path: &[Name],
        exprs: impl IntoIterator<Item = &'e Expr>,
        out: &mut BTreeSet<usize>,
    ) {
        for expr in exprs {
            self.refs(path, references(expr), out);
        }
    }

    fn all(&self, path: &[Name], references: &[Reference], out: &mut BTreeSet<usize>) {
        self.refs(path, references.iter().collect(), out);
    }

    fn conditions(
        &self,
        path: &[Name],
        conditions: &[Condition],
        me: Option<usize>,
        out: &mut BTreeSet<usize>,
    ) {
        for condition in conditions {
            self.exprs(path, [&condition.condition, &condition.message], out);
        }
        if let Some(me) = me {
            out.remove(&me);
        }
    }

    fn refs(&self, path: &[Name], references: Vec<&Reference>, out: &mut BTreeSet<usize>) {
        for reference in references {
            match &reference.target {
                Target::Variable(name) => {
                    out.extend(self.desired.position(&Item::Variable(path.to_vec(), name.clone())));
                }
                Target::Local(name) => {
                    out.extend(self.desired.position(&Item::Local(path.to_vec(), name.clone())));
                }
                Target::Resource(key) => {
                    out.extend(self.desired.position(&Item::Resource(path.to_vec(), key.clone())));
                }
                Target::Module { name, output } => self.module(path, name, output.as_ref(), out),
                Target::Block { kind, name } => self.block(kind, name, out),
                Target::Each | Target::Count | Target::Path | Target::Terraform | Target::This => {}
            }
        }
    }

    fn module(&self, path: &[Name], name: &Name, output: Option<&Name>, out: &mut BTreeSet<usize>) {
        out.extend(self.desired.position(&Item::Call(path.to_vec(), name.clone())));
        let mut child = path.to_vec();
        child.push(name.clone());
        let Some(module) = module_at(self.config, &child) else { return };
        for other in module.outputs.keys() {
            if output.is_none_or(|o| o == other) {
                out.extend(self.desired.position(&Item::Output(child.clone(), other.clone())));
            }
        }
        // `depends_on = [module.m]` and a whole module mean everything in it.
        if output.is_none() {
            let inside = self.desired.index.range(Item::Resource(child.clone(), first_key())..);
            out.extend(
                inside
                    .take_while(
                        |(item, _)| matches!(item, Item::Resource(m, _) if m.starts_with(&child)),
                    )
                    .map(|(_, at)| *at),
            );
        }
    }

    fn block(&self, kind: &Name, name: &Name, out: &mut BTreeSet<usize>) {
        let block = format!("{kind}.{name}");
        let of = self.desired.blocks.get(block.as_str()).into_iter().flatten();
        out.extend(of.filter_map(|at| self.desired.position(&Item::Synthetic(*at))));
    }
}

/// The smallest key, where a range over a module's resources begins.
fn first_key() -> ResourceKey {
    ResourceKey { mode: crate::address::Mode::Managed, kind: "".into(), name: "".into() }
}
