//! What the role records say of a state: whether it is behind them, and whether they still name its
//! primary. Pure.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostic, Observation, Value};
use lifeboat_state::model::State;

use super::asked::Asked;
use crate::address::Address;
use crate::desired::Part;
use crate::desired::blocks::is_fenced;
use crate::diff::Action;
use crate::plan::promotion::{Parts, few, region_of};
use crate::plan::{ByHand, ObjectChange, Plan, PlanMode};
use crate::refresh::record::RoleRecord;

/// The role records decide who is the primary: a state that they are ahead of is not this
/// topology's newest.
///
/// # Errors
/// A record has a later epoch, or is of another state.
pub(super) fn behind(
    state: Option<&State>,
    records: &[(&Address, RoleRecord)],
) -> Result<(), Box<Diagnostic>> {
    let Some(state) = state else { return Ok(()) };
    let newest = records.iter().max_by_key(|(_, record)| record.epoch);
    let Some((address, record)) = newest else { return Ok(()) };
    if record.epoch <= state.epoch && record.lineage == state.lineage {
        return Ok(());
    }
    let detail = format!(
        "The role record {address} says that {} is the primary since epoch {} (lineage {}); the state \
         here is at epoch {} (lineage {}). Somebody promoted it from elsewhere, and what this state \
         says of the roles holds no more.",
        record.primary, record.epoch, record.lineage, state.epoch, state.lineage
    );
    let summary = "The state is behind the role records";
    let help = newest_of(&record.primary, state.topology.as_deref(), account(state));
    let help = match claimed(state, record) {
        Some(to) => {
            format!("{help} If people did it by hand, with no state: `lifeboat adopt {to}`.")
        }
        None => help,
    };
    let behind = Diagnostic::error("promotion::behind", summary, detail);
    Err(Box::new(behind.about(address).help(help)))
}

/// Whether a record is ahead of a state by one promotion of its own lineage, as who does by hand what a plan
/// says leaves it: to which region.
fn claimed<'r>(state: &State, record: &'r RoleRecord) -> Option<&'r str> {
    let next = record.lineage == state.lineage && record.epoch == state.epoch + 1;
    next.then_some(&*record.primary)
}

/// Whether what people did by hand is being taken over, and the records that they moved name the region that
/// is agreed on: its promotion has its claim behind it. Who only looks what is live is not asked which.
pub(super) fn follow(
    asked: &Asked,
    state: Option<&State>,
    records: &[(&Address, RoleRecord)],
    to: Option<&str>,
) -> bool {
    let Some(state) = state else { return false };
    let looks = asked.acting && asked.mode == PlanMode::RefreshOnly;
    if !looks && asked.by_hand != Some(ByHand::Adopted) {
        return false;
    }
    let ahead: Vec<&RoleRecord> = records
        .iter()
        .map(|(_, record)| record)
        .filter(|record| record.epoch > state.epoch || record.lineage != state.lineage)
        .collect();
    let named = ahead.first().map(|record| &*record.primary);
    let same = |record: &&RoleRecord| claimed(state, record).is_some_and(|it| Some(it) == named);
    named.is_some() && ahead.iter().all(same) && (looks || named == to)
}

/// How the newest state is got: from the bundle that the region keeps beside its record. What is not known
/// of its name is left to be filled in.
pub(super) fn newest_of(region: &str, topology: Option<&str>, account: Option<&str>) -> String {
    let (topology, account) = (topology.unwrap_or("TOPOLOGY"), account.unwrap_or("ACCOUNT"));
    format!(
        "Nothing can be changed from this state. Use the one with which that was done, or make it from what \
         {region} keeps, in an empty folder: `lifeboat init -from-region={region} -topology={topology} \
         -account={account}`."
    )
}

/// The account of a state that knows one only.
fn account(state: &State) -> Option<&str> {
    let mut all = state.identities.values();
    all.next().filter(|_| all.next().is_none()).map(String::as_str)
}

/// A fence in the primary that this state knows nothing of may be that of a promotion from elsewhere, and
/// so may a fence that is gone in another region: neither is put right unless more than half of all records
/// can be read and name no later primary. The first must be denied by all of them: who placed it may have
/// claimed with one record, by what somebody attested of the other regions.
///
/// # Errors
/// It is so, and they cannot.
pub(super) fn unconfirmed(
    asked: &Asked,
    parts: &Parts,
    state: Option<&State>,
    plan: &Plan,
    observed: &BTreeMap<Address, Observation<Value>>,
) -> Result<(), Box<Diagnostic>> {
    let Some((state, primary)) = state.zip(state.and_then(|state| state.primary.as_deref())) else {
        return Ok(());
    };
    let fenced = |change: &ObjectChange| change.after.as_ref().is_some_and(is_fenced);
    // Who asks which region acts as the primary is told that instead.
    let there = |region: Option<&str>| region == Some(primary) || !asked.acting;
    let turned = |change: &&ObjectChange| {
        let turns = match parts.get(&change.address) {
            Some(Part::Writers | Part::Reach) => true,
            Some(Part::Database) => fenced(change) == (region_of(&change.address) == Some(primary)),
            _ => false,
        };
        turns && there(region_of(&change.address)) && change.action == Action::Update
    };
    let turned = plan.drift.iter().filter(turned).map(|change| &change.address);
    let records = read(parts, observed);
    for fence in turned {
        overtaken(parts, state, (primary, fence), &records, &silent(parts, observed))?;
    }
    Ok(())
}

/// Whether the primary may have lost its role to another region, whose fence this is.
///
/// # Errors
/// It may.
pub(super) fn overtaken(
    parts: &Parts,
    state: &State,
    (primary, fence): (&str, &Address),
    records: &[(&Address, RoleRecord)],
    silent: &[&Address],
) -> Result<(), Box<Diagnostic>> {
    let opens = region_of(fence) == Some(primary);
    let few = doubted(parts, state, primary, records).is_some();
    let others = records.iter().any(|(_, record)| !denies(record, state, primary));
    if !few && !(opens && (others || !silent.is_empty())) {
        return Ok(());
    }
    let all = parts.values().filter(|part| **part == Part::Record).count();
    let agree = records.iter().filter(|(_, record)| denies(record, state, primary)).count();
    let detail = format!(
        "{fence} was changed outside of this state, and {agree} of {all} role records could be read that \
         name no later primary than {primary} in epoch {}. Somebody may have promoted another region: \
         nothing is changed.",
        state.epoch
    );
    let quiet: Vec<&str> = silent.iter().filter_map(|record| region_of(record)).collect();
    let again = match &*quiet {
        [] => "Run it again when more of the regions answer.".to_owned(),
        [one] => format!("Run it again when {one} answers."),
        more => format!("Run it again when {} answer.", more.join(" and ")),
    };
    let help = match region_of(fence).filter(|region| *region != primary) {
        Some(other) => {
            format!("{again} If people promoted {other} by hand: `lifeboat adopt {other}`.")
        }
        None => again,
    };
    let summary = "It is not known whether the region is still the primary";
    let found = Diagnostic::error("promotion::unconfirmed", summary, detail);
    Err(Box::new(found.about(fence).help(help)))
}

/// Whether a record says that a region is the primary in the epoch of state, or was not moved in it: no
/// later claim has reached it.
fn denies(record: &RoleRecord, state: &State, region: &str) -> bool {
    record.epoch < state.epoch || record.epoch == state.epoch && record.primary == *region
}

/// How many of how many role records say that a region is the primary in the epoch of state, or were not
/// moved in it, where those are not more than half.
pub(super) fn doubted(
    parts: &Parts,
    state: &State,
    region: &str,
    records: &[(&Address, RoleRecord)],
) -> Option<(usize, usize)> {
    let all = parts.values().filter(|part| **part == Part::Record).count();
    let agree = records.iter().filter(|(_, record)| denies(record, state, region)).count();
    few(agree, all).then_some((agree, all))
}

/// The role records that could not be read, or say nothing that can be understood. One that is not there
/// says that nobody claimed its region.
fn silent<'p>(
    parts: &'p Parts,
    observed: &BTreeMap<Address, Observation<Value>>,
) -> Vec<&'p Address> {
    let records = parts.iter().filter(|(_, part)| **part == Part::Record).map(|(at, _)| at);
    let told: Vec<&Address> = read(parts, observed).into_iter().map(|(at, _)| at).collect();
    let absent = |at: &Address| matches!(observed.get(at), Some(Observation::Absent(_)));
    records.filter(|at| !told.contains(at) && !absent(at)).collect()
}

/// The role records that could be read.
pub(super) fn read<'p>(
    parts: &'p Parts,
    observed: &BTreeMap<Address, Observation<Value>>,
) -> Vec<(&'p Address, RoleRecord)> {
    let records = parts.iter().filter(|(_, part)| **part == Part::Record);
    let found = records.filter_map(|(address, _)| match observed.get(address) {
        Some(Observation::Present(present)) => {
            let text = present.object.get("content").and_then(Value::as_str)?;
            Some((address, RoleRecord::parse(text).ok()?))
        }
        _ => None,
    });
    found.collect()
}
