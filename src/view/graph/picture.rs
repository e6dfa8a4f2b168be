//! `Picture`: what is drawn: nodes in groups, and arrows to what they need.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::Name;

use crate::address::Mode;
use crate::desired::{Desired, Item};
use crate::graph::Graph;
use crate::plan::{Member, Plan, Step};
use crate::view::progress::action;

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Objects.
    Resource,
    /// Something that is only read.
    Data,
    /// A value, a module's call, an output, a check.
    Value,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name, which no other has.
    pub name: String,
    /// What stands on it: the name inside of its group.
    pub label: String,
    /// Its group.
    pub group: Option<usize>,
    /// What it stands for.
    pub kind: Kind,
}

/// Nodes that belong together: a module, a topology block, a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The group around it, which comes before it.
    pub parent: Option<usize>,
}

/// Nodes, groups and arrows; all in an order that depends on nothing but the files or the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The groups.
    pub groups: Vec<Group>,
    /// From what needs to what is needed.
    pub edges: Vec<(usize, usize)>,
    /// Those of them that form a cycle.
    pub cycle: BTreeSet<(usize, usize)>,
}

impl Picture {
    /// The resources of the files and what they need of each other, directly or through values; no
    /// arrow where others lead there.
    pub fn of_resources(desired: &Desired) -> Self {
        let mut picture = Self::default();
        let mut at: BTreeMap<usize, usize> = BTreeMap::new();
        for (position, item) in desired.items.iter().enumerate() {
            if matches!(item, Item::Resource(..) | Item::Synthetic(_)) {
                at.insert(position, picture.nodes.len());
                picture.add(desired, position);
            }
        }
        let mut graph = Graph::new(picture.nodes.len());
        for (position, node) in &at {
            for need in desired.reach.get(*position).into_iter().flat_map(|needs| needs.iter()) {
                at.get(need).into_iter().for_each(|need| graph.edge(*node, *need));
            }
        }
        picture.connect(&graph.reduced());
        picture
    }

    /// The same in the order in which they are removed: an arrow leads to what goes before.
    pub fn of_removal(desired: &Desired) -> Self {
        let mut picture = Self::of_resources(desired);
        for edge in &mut picture.edges {
            *edge = (edge.1, edge.0);
        }
        picture.edges.sort_unstable();
        picture
    }

    /// All that planning walks, values too; with a cycle, if there is one.
    pub fn of_items(desired: &Desired) -> Self {
        let mut picture = Self::default();
        (0..desired.items.len()).for_each(|position| picture.add(desired, position));
        picture.connect(&desired.graph);
        if let Err(cycle) = desired.graph.order() {
            let next = cycle.iter().cycle().skip(1);
            picture.cycle = cycle.iter().copied().zip(next.copied()).collect();
        }
        picture
    }

    /// The steps of a plan, by region.
    pub fn of_steps(plan: &Plan) -> Self {
        let mut picture = Self::default();
        for step in &plan.steps {
            let group = step.scope.as_ref().map(|scope| {
                let name = scope.location.to_string();
                picture.group(name, None)
            });
            let label = label(plan, step);
            let name = format!("{} {label}", step.id);
            picture.nodes.push(Node { name, label, group, kind: Kind::Resource });
        }
        let at: BTreeMap<_, _> = plan.steps.iter().enumerate().map(|(i, s)| (s.id, i)).collect();
        let mut graph = Graph::new(plan.steps.len());
        for (node, step) in plan.steps.iter().enumerate() {
            step.needs.iter().filter_map(|n| at.get(n)).for_each(|need| graph.edge(node, *need));
        }
        picture.connect(&graph.reduced());
        picture
    }

    fn connect(&mut self, graph: &Graph) {
        let needs = |node| graph.needs(node).map(move |need| (node, need));
        self.edges = (0..graph.len()).flat_map(needs).collect();
        self.edges.sort_unstable();
    }

    /// The group of that name.
    fn group(&mut self, name: String, parent: Option<usize>) -> usize {
        self.groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
            self.groups.push(Group { name, parent });
            self.groups.len() - 1
        })
    }

    /// The group of a module, inside of those of the modules around it.
    fn module(&mut self, path: &[Name]) -> Option<usize> {
        (1..=path.len()).fold(None, |parent, depth| {
            let names: Vec<String> = path[..depth].iter().map(|n| format!("module.{n}")).collect();
            Some(self.group(names.join("."), parent))
        })
    }

    fn add(&mut self, desired: &Desired, position: usize) {
        let name = desired.label(position);
        let (group, kind) = match &desired.items[position] {
            Item::Resource(path, key) => {
                let kind = if key.mode == Mode::Data { Kind::Data } else { Kind::Resource };
                (self.module(path), kind)
            }
            Item::Synthetic(index) => {
                let at = desired.synthetics.get(*index).map(|s| s.address.name.to_string());
                (at.map(|block| self.group(block, None)), Kind::Resource)
            }
            Item::Call(path, _)
            | Item::Variable(path, _)
            | Item::Local(path, _)
            | Item::Output(path, _)
            | Item::Check(path, _) => (self.module(path), Kind::Value),
        };
        let outer = group.and_then(|group| self.groups.get(group)).map(|group| &*group.name);
        let inside = outer.and_then(|outer| name.strip_prefix(outer)?.strip_prefix('.'));
        let label = inside.unwrap_or(&name).to_owned();
        self.nodes.push(Node { name, label, group, kind });
    }
}

/// What a step does, and to what.
fn label(plan: &Plan, step: &Step) -> String {
    let of = |member: &Member| {
        let address = plan.changes.get(member.change).map(|change| change.address.to_string());
        (action(member.operation), address.unwrap_or_default())
    };
    match step.members.as_slice() {
        [one] => {
            let (verb, address) = of(one);
            format!("{verb} {address}")
        }
        [first, rest @ ..] => {
            let (verb, address) = of(first);
            format!("{verb} {address} and {} more", rest.len())
        }
        [] => step.id.to_string(),
    }
}
