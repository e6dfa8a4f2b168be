//! What a region holds alone that was left without a fence: when it is looked for, and what it hinders.
//! Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::{Diagnostic, Name, Scope, Value};
use lifeboat_state::model::{Alone, State};

use super::ground::Ground;
use super::load::Loaded;
use super::roles::Roles;
use super::tasks::copy_of;
use crate::address::Address;
use crate::desired::Part;
use crate::desired::blocks::replication::copying;
use crate::plan::promotion::region_of;
use crate::plan::resolve::complete;
use crate::plan::survey::survey;
use crate::plan::{ObjectChange, Operand, Plan, PlanMode, Step, Task};

/// How long the listing of one copy may take.
const LIMIT: Duration = Duration::from_secs(600);

/// How many objects a region holds alone, as far as it was looked.
pub fn count(alone: &Alone) -> u64 {
    alone.found.values().map(|found| found.count).sum()
}

/// The same by region, of those that hold any.
pub(super) fn diverged(state: &State) -> BTreeMap<String, u64> {
    let all = state.promotions.alone.iter();
    let counted = all.map(|(region, of)| (region.clone(), count(of)));
    counted.filter(|(_, count)| *count > 0).collect()
}

/// Lets what regions hold alone that return be listed, after their fences.
pub(super) fn surveys(
    loaded: &Loaded,
    ground: &Ground,
    roles: &Roles,
    plan: &Plan,
    mut steps: Vec<Step>,
) -> Vec<Step> {
    let inputs = &plan.inputs;
    let whole = inputs.targets.is_empty() && inputs.excludes.is_empty();
    let by_hand = plan.fencing.is_some() || plan.retiring.is_some();
    if plan.mode != PlanMode::Normal || by_hand || !whole {
        return steps;
    }
    for (region, alone) in &roles.alone {
        if inputs.exclude_regions.contains(region) {
            continue;
        }
        // What did not answer is not fenced, or cannot be listed.
        let silent = |change: &ObjectChange| {
            let mute = change.deferred.is_some() || change.unread.is_some();
            mute.then(|| change.scope.clone()).flatten()
        };
        let silent: Vec<Scope> = plan.changes.iter().filter_map(silent).collect();
        let region = Name::from(region.as_str());
        let tasks = tasks(loaded, ground, roles, (&region, alone), &silent);
        steps = survey(steps, &plan.changes, &roles.parts, (&region, tasks));
    }
    steps
}

/// What has not been looked for yet in a region.
fn tasks(
    loaded: &Loaded,
    ground: &Ground,
    roles: &Roles,
    (region, alone): (&Name, &Alone),
    silent: &[Scope],
) -> Vec<Task> {
    let Some(topology) = &loaded.topology else { return Vec::new() };
    let here = |part: Part| {
        let mine = move |address: &&Address| region_of(address) == Some(&**region);
        let of = roles.parts.iter().filter(move |(_, is)| **is == part);
        of.map(|(address, _)| address).filter(mine)
    };
    let task = |address: &Address| {
        let about = address.to_string();
        let name = address.name.strip_prefix("replication.")?;
        let replication = topology.replications.iter().find(|one| *one.name == *name)?;
        // Where all write there is no copy, and of tags a listing tells nothing.
        let listed = !replication.two_way && replication.tags.is_empty();
        if !listed || alone.found.contains_key(&about) {
            return None;
        }
        let (copy, to) = copy_of(topology, address, &topology.primary)?;
        let bucket = format!("bucket.{}", replication.bucket);
        let source = here(Part::Writers).find(|fence| *fence.name == *bucket)?;
        let source = ground.previous.get(source)?;
        let scope = source.scope.clone().filter(|scope| !silent.contains(scope))?;
        let (_, kind) = loaded.catalogue.kinds.get(&*address.kind)?;
        // As the files have it: what is live there may be gone.
        let document = copying(topology, name, region, &topology.primary)?;
        let text = |text: &str| Value::string(text);
        Some(Task {
            about: about.into(),
            arguments: Value::object([
                ("name".into(), text(copy)),
                ("region".into(), text(to)),
                ("from".into(), text(region)),
            ]),
            limit: LIMIT,
            optional: false,
            on: Some(Operand {
                provider: source.provider.clone(),
                kind: address.kind.clone(),
                id: None,
                scope,
                document: complete(kind.schema().attributes, &document).ok()?,
            }),
        })
    };
    here(Part::Copies).filter_map(task).collect()
}

/// That a region holds something alone keeps it from becoming the primary: it would be served then,
/// and what the primary has under the same keys would not.
pub(super) fn target(state: &State, to: &str) -> Result<(), Box<Diagnostic>> {
    let alone = state.promotions.alone.get(to);
    let Some((alone, count)) = alone.map(|alone| (alone, count(alone))).filter(|(_, n)| *n > 0)
    else {
        return Ok(());
    };
    let detail = format!(
        "{to} holds {} alone, written there after epoch {} began without its fence ({}). As the primary \
         it would serve them in place of what {} has.",
        lifeboat_sdk::counted(usize::try_from(count).unwrap_or(usize::MAX), "object"),
        alone.epoch,
        alone.since,
        state.primary.as_deref().unwrap_or("the primary")
    );
    let help = format!(
        "`lifeboat status -json` lists them. `lifeboat apply -copy-diverged={to}` copies what the primary \
         has not; then `lifeboat apply -discard-diverged={to}` gives up the rest."
    );
    let summary = "The region holds objects that no other has";
    Err(Box::new(Diagnostic::error("promotion::diverged", summary, detail).help(help)))
}

/// Whether what a region holds alone can be copied or given up.
///
/// # Errors
/// Nothing is known of any.
pub(super) fn settles(state: Option<&State>, region: &str) -> Result<(), Box<Diagnostic>> {
    let found = state.and_then(|state| state.promotions.alone.get(region));
    if found.is_some_and(|alone| count(alone) > 0) {
        return Ok(());
    }
    let detail = format!("No object is known that only {region} holds.");
    let summary = "There is nothing to settle";
    let help = "`lifeboat status` tells which regions hold something alone.";
    Err(Box::new(Diagnostic::error("promotion::no_diverged", summary, detail).help(help)))
}
