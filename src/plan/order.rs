//! Changes -> steps in order: creation after what is needed, removal before it, both orders of
//! replacement, batches. Pure.

use std::collections::BTreeMap;

use lifeboat_sdk::{Batch, Name, Plane};

use super::step::{Member, Operation, Phase, Step, StepId};
use super::withheld::Kept;
use super::{ObjectChange, PlanMode};
use crate::address::Address;
use crate::diff::Action;
use crate::graph::Graph;

/// What one object needs of others.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// As planned: what must be there before it is made or changed.
    pub planned: BTreeMap<Address, Vec<Address>>,
    /// As state has it: what must stay until it is removed, or needs it no more.
    pub stored: BTreeMap<Address, Vec<Address>>,
    /// What is made or changed before anything is done to it, its removal included.
    pub first: BTreeMap<Address, Vec<Address>>,
    /// What is removed only when all of something else is: that first.
    pub removals: Vec<(Vec<Address>, Vec<Address>)>,
}

impl Needs {
    fn planned(&self, address: &Address) -> &[Address] {
        self.planned.get(address).map_or(&[], Vec::as_slice)
    }

    fn stored(&self, address: &Address) -> &[Address] {
        self.stored.get(address).map_or(&[], Vec::as_slice)
    }
}

/// How a kind batches, by kind name.
pub type Batches = BTreeMap<Name, Batch>;

/// A step while the order is found out.
#[derive(Clone)]
struct Draft {
    members: Vec<Member>,
}

/// What of an object's life the order is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Make,
    Unmake,
    /// Of what is unmade: predecessors, whose successors are there by then.
    Depose,
}

struct Builder<'a> {
    changes: &'a [ObjectChange],
    graph: Graph,
    drafts: Vec<Draft>,
    /// Nodes that bring an object into being, or remove it.
    nodes: BTreeMap<(Part, Address), Vec<usize>>,
    /// Nodes that stand for all instances of a resource.
    joins: BTreeMap<(Part, Address), usize>,
}

/// Orders `changes` into steps; the predecessors of those that are `kept` stay.
///
/// # Errors
/// A cycle, as the changes on it.
pub fn steps(
    changes: &[ObjectChange],
    needs: &Needs,
    batches: &Batches,
    kept: &Kept,
    mode: PlanMode,
) -> Result<Vec<Step>, Vec<usize>> {
    let ordered = |late: bool| {
        let mut builder = Builder {
            changes,
            graph: Graph::default(),
            drafts: Vec::new(),
            nodes: BTreeMap::new(),
            joins: BTreeMap::new(),
        };
        for index in 0..changes.len() {
            builder.draft(index, kept, mode);
        }
        for (index, change) in changes.iter().enumerate() {
            for other in needs.planned(&change.address).iter().chain(&change.depends_on) {
                builder.follow(index, other);
            }
            for other in needs.stored(&change.address) {
                builder.outlive(index, other, late);
            }
            for other in needs.first.get(&change.address).into_iter().flatten() {
                builder.wait(index, other);
            }
        }
        for (first, then) in &needs.removals {
            builder.remove_after(first, then);
        }
        let order = builder.graph.order().map_err(|cycle| builder.changes_on(&cycle))?;
        drop(order);
        Ok(builder)
    };
    // Where what is removed cannot wait until nobody uses it any more, it does not wait.
    let mut builder = ordered(true).or_else(|_: Vec<usize>| ordered(false))?;
    builder.batch(needs, batches)?;
    let order = builder.graph.order().map_err(|cycle| builder.changes_on(&cycle))?;
    Ok(builder.finish(&order))
}

impl Builder<'_> {
    fn node(&mut self, index: usize, operation: Operation, depose: bool) -> usize {
        self.drafts.push(Draft { members: vec![Member { change: index, operation, depose }] });
        self.graph.add()
    }

    fn made(&mut self, index: usize, part: Part, node: usize) {
        let address = self.changes[index].address.clone();
        self.nodes.entry((part, address)).or_default().push(node);
    }

    fn draft(&mut self, index: usize, kept: &Kept, mode: PlanMode) {
        let change = &self.changes[index];
        if change.deferred.is_some() || mode == PlanMode::RefreshOnly {
            return;
        }
        let import = change.importing.is_some().then(|| self.node(index, Operation::Import, false));
        if let Some(node) = import {
            self.made(index, Part::Make, node);
        }
        let one = match change.action {
            Action::NoOp => return,
            Action::Create => Operation::Create,
            Action::Update => Operation::Update,
            Action::Read => Operation::Read,
            Action::Forget => Operation::Forget,
            Action::Delete if change.deposed.is_some() => Operation::DeleteDeposed,
            Action::Delete => Operation::Delete,
            Action::Replace => return self.replacement(index, kept),
        };
        let node = self.node(index, one, false);
        if let Some(import) = import {
            self.graph.edge(node, import);
        }
        let part = match one {
            Operation::Delete | Operation::DeleteDeposed | Operation::Forget => Part::Unmake,
            _ => Part::Make,
        };
        self.made(index, part, node);
        if one == Operation::DeleteDeposed {
            self.made(index, Part::Depose, node);
        }
    }

    fn replacement(&mut self, index: usize, kept: &Kept) {
        if self.changes[index].create_before_destroy {
            let create = self.node(index, Operation::Create, true);
            self.made(index, Part::Make, create);
            if kept.contains_key(&index) {
                return;
            }
            let delete = self.node(index, Operation::DeleteDeposed, false);
            self.graph.edge(delete, create);
            self.made(index, Part::Unmake, delete);
            self.made(index, Part::Depose, delete);
        } else {
            let delete = self.node(index, Operation::Delete, false);
            let create = self.node(index, Operation::Create, false);
            self.graph.edge(create, delete);
            self.made(index, Part::Unmake, delete);
            self.made(index, Part::Make, create);
        }
    }

    /// The nodes of an instance, or one node that stands for all instances of a resource.
    fn target(&mut self, part: Part, other: &Address) -> Vec<usize> {
        if let Some(nodes) = self.nodes.get(&(part, other.clone())) {
            return nodes.clone();
        }
        if other.key.is_some() {
            return Vec::new();
        }
        if let Some(join) = self.joins.get(&(part, other.clone())) {
            return vec![*join];
        }
        let all: Vec<usize> = self
            .nodes
            .range((part, other.clone())..)
            .take_while(|((p, a), _)| *p == part && a.whole() == *other)
            .flat_map(|(_, nodes)| nodes.clone())
            .collect();
        if all.is_empty() {
            return Vec::new();
        }
        self.drafts.push(Draft { members: Vec::new() });
        let join = self.graph.add();
        for node in &all {
            match part {
                Part::Make => self.graph.edge(join, *node),
                // A join of removals is waited *for by* the removals of what they needed:
                // its members come first as well.
                Part::Unmake | Part::Depose => self.graph.edge(*node, join),
            }
        }
        self.joins.insert((part, other.clone()), join);
        vec![join]
    }

    fn mine(&self, index: usize, part: Part) -> Vec<usize> {
        let address = &self.changes[index].address;
        self.nodes.get(&(part, address.clone())).cloned().unwrap_or_default()
    }

    fn is_own(&self, index: usize, other: &Address) -> bool {
        let address = &self.changes[index].address;
        *other == *address || other.whole() == *address
    }

    /// `changes[index]` is made or changed after `other`; what `other` replaces goes after that.
    fn follow(&mut self, index: usize, other: &Address) {
        let make = self.mine(index, Part::Make);
        if make.is_empty() || self.is_own(index, other) {
            return;
        }
        for node in self.target(Part::Make, other) {
            for m in &make {
                self.graph.edge(*m, node);
            }
        }
        for node in self.target(Part::Depose, other) {
            for m in &make {
                self.graph.edge(node, *m);
            }
        }
    }

    /// Nothing is done to `changes[index]` before `other` is made or changed.
    fn wait(&mut self, index: usize, other: &Address) {
        let parts = [Part::Make, Part::Unmake, Part::Depose];
        let mine: Vec<usize> = parts.iter().flat_map(|part| self.mine(index, *part)).collect();
        for node in self.target(Part::Make, other) {
            for own in &mine {
                self.graph.edge(*own, node);
            }
        }
    }

    /// All of `then` is removed after all of `first`.
    fn remove_after(&mut self, first: &[Address], then: &[Address]) {
        let removed = |all: &[Address]| -> Vec<usize> {
            let nodes = all.iter().filter_map(|at| self.nodes.get(&(Part::Unmake, at.clone())));
            nodes.flatten().copied().collect()
        };
        let (first, then) = (removed(first), removed(then));
        if first.is_empty() || then.is_empty() {
            return;
        }
        // One node stands between them: an edge for each pair would be too many.
        self.drafts.push(Draft { members: Vec::new() });
        let join = self.graph.add();
        first.iter().for_each(|node| self.graph.edge(join, *node));
        then.iter().for_each(|node| self.graph.edge(*node, join));
    }

    /// `other` is removed only after `changes[index]`, which used it, is gone; and, where it can
    /// be so `late`, after `changes[index]` uses it no more.
    fn outlive(&mut self, index: usize, other: &Address, late: bool) {
        let (make, unmake) = (self.mine(index, Part::Make), self.mine(index, Part::Unmake));
        if (make.is_empty() && unmake.is_empty()) || self.is_own(index, other) {
            return;
        }
        let successor_first = self.changes[index].create_before_destroy;
        let ends = self
            .nodes
            .range((Part::Unmake, other.clone())..)
            .take_while(|((part, at), _)| {
                *part == Part::Unmake && (at == other || at.whole() == *other)
            })
            .flat_map(|(_, nodes)| nodes)
            .all(|node| !self.is(*node, Operation::Delete) || !self.is_replaced(*node));
        let late = late && ends;
        let mut first = make;
        first.retain(|node| late && self.is(*node, Operation::Update));
        if late || !successor_first {
            first.extend(&unmake);
        }
        for node in self.target(Part::Unmake, other) {
            for first in &first {
                self.graph.edge(node, *first);
            }
        }
        for node in self.target(Part::Depose, other) {
            for first in &unmake {
                self.graph.edge(node, *first);
            }
        }
    }

    fn is(&self, node: usize, operation: Operation) -> bool {
        self.drafts[node].members.iter().any(|m| m.operation == operation)
    }

    fn is_replaced(&self, node: usize) -> bool {
        let of = |m: &Member| self.changes[m.change].action == Action::Replace;
        self.drafts[node].members.iter().any(of)
    }

    /// Puts nodes of one kind and key into one step, as far as none needs another.
    fn batch(&mut self, needs: &Needs, batches: &Batches) -> Result<(), Vec<usize>> {
        let mut groups: BTreeMap<(Name, Name, String), Vec<usize>> = BTreeMap::new();
        for (node, draft) in self.drafts.iter().enumerate() {
            let [member] = &*draft.members else { continue };
            let change = &self.changes[member.change];
            let writes = matches!(
                member.operation,
                Operation::Create
                    | Operation::Update
                    | Operation::Delete
                    | Operation::DeleteDeposed
            );
            let Some(batch) = batches.get(&change.address.kind).filter(|_| writes) else {
                continue;
            };
            let Some(key) = key_of(change, needs, batch) else { continue };
            let group = (change.provider.clone(), change.address.kind.clone(), key);
            groups.entry(group).or_default().push(node);
        }
        for ((_, kind, _), nodes) in groups.into_iter().filter(|(_, nodes)| nodes.len() > 1) {
            let Some(batch) = batches.get(&kind) else { continue };
            // Merging a group adds paths, which the next must see.
            let order = self.graph.order().map_err(|cycle| self.changes_on(&cycle))?;
            let depths = self.graph.depths(&order, &nodes);
            let mut layers: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            for node in order.iter().filter(|node| nodes.binary_search(node).is_ok()) {
                layers.entry(depths[*node]).or_default().push(*node);
            }
            for layer in layers.values() {
                self.merge_group(layer, *batch);
            }
        }
        Ok(())
    }

    fn merge_group(&mut self, nodes: &[usize], batch: Batch) {
        let mut head: Option<usize> = None;
        let mut room = 0;
        for node in nodes {
            let Some(member) = self.drafts[*node].members.first().cloned() else { continue };
            let weight = match member.operation {
                Operation::Update => batch.update_weight,
                _ => batch.weight,
            };
            match head {
                Some(first) if weight <= room => {
                    room -= weight;
                    self.drafts[first].members.push(member);
                    self.absorb(first, *node);
                }
                _ => {
                    head = Some(*node);
                    room = batch.limit.saturating_sub(weight);
                }
            }
        }
    }

    /// `node` becomes an empty step that waits for `first`, which takes over what it needs.
    fn absorb(&mut self, first: usize, node: usize) {
        self.drafts[node].members.clear();
        let needs: Vec<usize> = self.graph.needs(node).collect();
        for other in needs {
            self.graph.edge(first, other);
        }
        self.graph.edge(node, first);
    }

    fn changes_on(&self, cycle: &[usize]) -> Vec<usize> {
        cycle.iter().filter_map(|n| self.drafts[*n].members.first()).map(|m| m.change).collect()
    }

    fn finish(self, order: &[usize]) -> Vec<Step> {
        let weights = self.graph.weights(order);
        let mut ids = vec![StepId(0); self.graph.len()];
        for (position, node) in order.iter().enumerate() {
            ids[*node] = StepId(u32::try_from(position).unwrap_or(u32::MAX));
        }
        let mut steps = Vec::with_capacity(order.len());
        for node in order {
            let members = self.drafts[*node].members.clone();
            let scope = members.first().and_then(|m| self.changes[m.change].scope.clone());
            let plane = scope.as_ref().map(|s| match s.location {
                lifeboat_sdk::Location::Region(_) => Plane::Regional,
                lifeboat_sdk::Location::Global { .. } => Plane::Global,
            });
            let mut needs: Vec<StepId> = self.graph.needs(*node).map(|n| ids[n]).collect();
            needs.sort();
            steps.push(Step {
                id: ids[*node],
                phase: Phase::Change,
                members,
                leg: None,
                act: None,
                task: None,
                needs,
                scope,
                plane,
                weight: weights[*node],
            });
        }
        steps
    }
}

/// What a change's batch is known by: the key's value, or the one object of this plan that will
/// tell it.
fn key_of(change: &ObjectChange, needs: &Needs, batch: &Batch) -> Option<String> {
    let document = change.after.as_ref().or(change.before.as_ref())?;
    let key = document.get(batch.key)?;
    if let Some(known) = key.as_str() {
        return Some(known.to_owned());
    }
    let mut parents =
        needs.planned(&change.address).iter().filter(|need| &*need.kind == batch.parent);
    let parent = parents.next().filter(|_| key.is_unknown())?;
    parents.next().is_none().then(|| parent.to_string())
}
