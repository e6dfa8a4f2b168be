//! What replication does not bring by itself, and when it is copied: where it begins to copy over data
//! that was there before, and until state has it that it is done. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use lifeboat_sdk::{Name, Replaces, Scope, Value};

use super::asked::Asked;
use super::load::Loaded;
use super::roles::Roles;
use super::tasks::copy_of;
use crate::address::Address;
use crate::desired::Part;
use crate::desired::blocks::replication::{copying, reach, source};
use crate::diff::Action;
use crate::plan::backfill::{Wanted, backfill};
use crate::plan::promotion::region_of;
use crate::plan::resolve::complete;
use crate::plan::{ObjectChange, Operand, Plan, PlanMode, Step, Task};
use crate::topology::Topology;
use crate::topology::replication::Replication;

/// How long the copying to one region may take.
const LIMIT: Duration = Duration::from_secs(6 * 60 * 60);

/// Lets be copied what is missing, and notes it in the plan.
pub(super) fn backfills(
    loaded: &Loaded,
    roles: &Roles,
    asked: &Asked,
    plan: &mut Plan,
    steps: Vec<Step>,
) -> Vec<Step> {
    let Some(topology) = &loaded.topology else { return steps };
    if plan.mode != PlanMode::Normal || plan.fencing.is_some() {
        return steps;
    }
    let silent = silent(&plan.changes);
    let mut wanted = Vec::new();
    for change in &plan.changes {
        if roles.parts.get(&change.address) != Some(&Part::Copies) {
            continue;
        }
        let Some((replication, from)) = copies(topology, change) else { continue };
        let begins = begins(plan, replication, change, from);
        for to in topology.regions.iter().map(|region| &region.name).filter(|to| ***to != *from) {
            let known =
                roles.backfills.get(&change.address.to_string()).and_then(|of| of.get(&**to));
            let discards = asked.discards.as_deref() == Some(&**to) && !replication.two_way;
            if !begins && known.is_none() && !discards {
                continue;
            }
            let given_up = discards || known.is_some_and(|known| known.given_up);
            let regions = plan.backfills.entry(change.address.to_string()).or_default();
            regions.insert(to.to_string(), given_up);
            if silent.contains(from) || silent.contains(&**to) {
                continue;
            }
            let replaces = if given_up { Replaces::All } else { Replaces::Older };
            let Some(scope) = change.scope.clone() else { continue };
            let on = (change.provider.clone(), scope);
            let task = task(loaded, &change.address, (from, to), on, replaces);
            wanted.extend(task.map(|task| Wanted {
                by: change.address.clone(),
                to: to.clone(),
                task,
            }));
        }
    }
    wanted.extend(diverged(loaded, roles, asked, plan));
    backfill(steps, &plan.changes, &roles.parts, wanted)
}

/// What a region holds alone, to be copied to the primary where that has nothing under the key.
fn diverged(loaded: &Loaded, roles: &Roles, asked: &Asked, plan: &Plan) -> Vec<Wanted> {
    let (Some(from), Some(topology)) = (&asked.copies, &loaded.topology) else { return Vec::new() };
    let found = roles.alone.get(from).into_iter().flat_map(|alone| &alone.found);
    let one = |(address, _): (&String, _)| {
        let by = Address::parse(address)?;
        // The bucket there answers, or there would be no listing of it; its policy tells where it is.
        let of = plan.changes.iter().find(|change| {
            region_of(&change.address) == Some(from)
                && roles.parts.get(&change.address) == Some(&Part::Writers)
                && change.unread.is_none()
                && change.deferred.is_none()
        })?;
        let on = (of.provider.clone(), of.scope.clone()?);
        let to = &topology.primary;
        let task = task(loaded, &by, (from, to), on, Replaces::Nothing)?;
        Some(Wanted { by, to: to.clone(), task })
    };
    found.filter(|(_, found)| found.count > 0).filter_map(one).collect()
}

/// The block whose rules an object has, where what was there before is copied too, and its region.
fn copies<'a>(
    topology: &'a Topology,
    change: &'a ObjectChange,
) -> Option<(&'a Replication, &'a str)> {
    let name = change.address.name.strip_prefix("replication.")?;
    let replication = topology.replications.iter().find(|one| *one.name == *name)?;
    let from = region_of(&change.address)?;
    let copies = replication.two_way || *topology.primary == *from;
    (copies && replication.existing_objects).then_some((replication, from))
}

/// Whether it begins to copy objects that were there before, or to where they are not.
fn begins(plan: &Plan, replication: &Replication, change: &ObjectChange, from: &str) -> bool {
    if change.deferred.is_some() || change.unread.is_some() {
        return false;
    }
    let Some(after) = &change.after else { return false };
    let other = match &change.before {
        None => change.action == Action::Create,
        Some(before) => change.action != Action::NoOp && reach(before) != reach(after),
    };
    let source = source(replication, from);
    let made = |change: &ObjectChange| {
        change.address == source && change.action == Action::Create && !change.operated
    };
    // What this plan makes is empty.
    other && !plan.changes.iter().any(made)
}

/// Regions in which something could not be read.
fn silent(changes: &[ObjectChange]) -> BTreeSet<String> {
    let mute = changes.iter().filter(|it| it.deferred.is_some() || it.unread.is_some());
    mute.filter_map(|change| region_of(&change.address)).map(str::to_owned).collect()
}

/// Copies from the bucket of one region to that of another.
fn task(
    loaded: &Loaded,
    address: &Address,
    (from, to): (&str, &str),
    (provider, scope): (Name, Scope),
    replaces: Replaces,
) -> Option<Task> {
    let topology = loaded.topology.as_ref()?;
    let block = address.name.strip_prefix("replication.")?;
    let (name, region) = copy_of(topology, address, to)?;
    let (_, kind) = loaded.catalogue.kinds.get(&*address.kind)?;
    let document = complete(kind.schema().attributes, &copying(topology, block, from, to)?).ok()?;
    let text = |text: &str| Value::string(text);
    Some(Task {
        about: format!("{} to {to}", address.name).into(),
        arguments: Value::object([
            ("address".into(), text(&address.to_string())),
            ("from".into(), text(from)),
            ("to".into(), text(to)),
            ("name".into(), text(name)),
            ("region".into(), text(region)),
            ("replaces".into(), text(replaces.word())),
        ]),
        limit: LIMIT,
        optional: false,
        on: Some(Operand { provider, kind: address.kind.clone(), id: None, scope, document }),
    })
}
