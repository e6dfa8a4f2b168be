//! `fence` and `unfence`: whether a fence may be placed or taken away by hand, what it is, and in
//! which order. Pure.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Diagnostics, Name, Observation, Value};
use lifeboat_state::model::{Owed, State};

use super::asked::Asked;
use super::evacuation;
use super::load::Loaded;
use super::records::doubted;
use super::roles::Course;
use crate::address::Address;
use crate::config::suggest;
use crate::desired::Part;
use crate::plan::order::Needs;
use crate::plan::promotion::{Parts, few, region_of};
use crate::plan::{Fencing, ObjectChange, Plan, PlanMode, Wish};
use crate::refresh::record::RoleRecord;

/// Whether what is wanted of fences may be, as far as files and state tell.
///
/// # Errors
/// There is no such region or nothing to fence; or what is to be opened must stay closed.
pub(super) fn judge(
    loaded: &Loaded,
    state: Option<&State>,
    asked: &Asked,
) -> Result<(), Box<Diagnostic>> {
    let Some(wish) = &asked.fencing else { return Ok(()) };
    let Some(region) = wish.region() else { return Ok(()) };
    let Some(topology) = &loaded.topology else {
        let detail = "The files declare no topology, so there is no region.";
        let refused = refused("fence::region", NO_REGION, detail);
        return Err(refused.help("Run it where the topology block is.").into());
    };
    if topology.region(region).is_none() {
        let known: Vec<&str> = topology.regions.iter().map(|r| &*r.name).collect();
        let detail = format!("\"{region}\" is no region of the topology {}.", topology.name);
        let refused = refused("fence::region", NO_REGION, detail);
        let near = suggest::nearest(region, known.iter().copied());
        let help = format!("Its regions are {}.", known.join(", "));
        return Err(Box::new(match near {
            Some(_) => suggest::with(refused, near),
            None => refused.help(help),
        }));
    }
    let Some(state) = state else {
        let detail =
            format!("Nothing has been applied yet, so there is nothing in {region} to do that to.");
        let refused = refused("fence::region", NO_REGION, detail);
        return Err(refused.help("Run `lifeboat apply` first.").into());
    };
    match wish {
        Wish::Open(region) => opens(state, region),
        Wish::Leave(_) | Wish::Return(_) => evacuation::judge(topology, state, asked),
        Wish::Close(_) | Wish::Owed | Wish::Back => Ok(()),
    }
}

const NO_REGION: &str = "The region cannot be fenced, opened or evacuated";

/// Whether a region may be opened, as far as state tells.
fn opens(state: &State, region: &str) -> Result<(), Box<Diagnostic>> {
    let summary = "The fence stays";
    if let Some((address, owed)) = state.promotions.owed.first_key_value() {
        let detail = format!(
            "{} owes the fence {address} since {}: nothing is opened before it is placed.",
            owed.region, owed.since
        );
        let help = "Run `lifeboat fence -owed -wait`, which places it when the region answers.";
        return Err(refused("fence::owed", summary, detail).help(help).into());
    }
    let primary = state.primary.as_deref().unwrap_or_default();
    if state.promotions.fenced.contains_key(region) || primary == region {
        return Ok(());
    }
    let detail = format!(
        "{region} is not fenced by hand: it takes no writes because {primary} is the primary (epoch {}), \
         and only the primary takes writes.",
        state.epoch
    );
    let help = format!("To let {region} take them in its place: `lifeboat promote {region}`.");
    Err(refused("fence::not_primary", summary, detail).help(help).into())
}

/// That a region is fenced by hand hinders nobody from leaving it, and everybody from going there.
pub(super) fn target(state: &State, to: &str) -> Result<(), Box<Diagnostic>> {
    let Some(since) = state.promotions.fenced.get(to) else { return Ok(()) };
    let detail = format!("{to} is fenced by hand since {since}: somebody wants no writes there.");
    let help = format!("If that is over: `lifeboat unfence {to}`. Then promote it.");
    let summary = "The region is fenced by hand";
    Err(refused("promotion::target_fenced", summary, detail).help(help).into())
}

/// Opening the primary lets it take writes: more than half of all role records must say that it is
/// the primary still, whatever this state says.
///
/// # Errors
/// They do not, or cannot be read.
pub(super) fn confirmed(
    asked: &Asked,
    parts: &Parts,
    state: Option<&State>,
    records: &[(&Address, RoleRecord)],
) -> Result<(), Box<Diagnostic>> {
    let (Some(Wish::Open(region)), Some(state)) = (&asked.fencing, state) else { return Ok(()) };
    if state.primary.as_deref() != Some(&**region) {
        return Ok(());
    }
    let Some((agree, all)) = doubted(parts, state, region, records) else { return Ok(()) };
    let detail = format!(
        "{agree} of {all} role records could be read that name no later primary than {region} in epoch {}. \
         Another region may take the writes by now.",
        state.epoch
    );
    let help = "Run it again when more of the regions answer.";
    Err(refused("fence::unconfirmed", "The fence stays", detail).help(help).into())
}

fn refused(code: &'static str, summary: &'static str, detail: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, summary, detail)
}

/// Whether this is a fence that is placed by hand for the first time: what cannot be placed of it is
/// owed.
fn begins(asked: &Asked, state: Option<&State>, address: &Address) -> bool {
    let Some(Wish::Close(region)) = &asked.fencing else { return false };
    let fenced = state.is_some_and(|state| state.promotions.fenced.contains_key(&**region));
    !fenced && region_of(address) == Some(&**region)
}

/// Which regions are fenced by hand once a plan is carried out, and since when: what role records tell.
pub(super) fn told(
    course: &Course,
    state: Option<&State>,
    asked: &Asked,
    now: &str,
) -> BTreeMap<String, String> {
    let mut fenced = state.map(|state| state.promotions.fenced.clone()).unwrap_or_default();
    match &asked.fencing {
        Some(Wish::Close(region)) => {
            fenced.entry(region.to_string()).or_insert_with(|| now.to_owned());
        }
        Some(Wish::Open(region)) => drop(fenced.remove(&**region)),
        Some(Wish::Owed | Wish::Leave(_) | Wish::Return(_) | Wish::Back) | None => {}
    }
    if let Course::Promotion { from } = course {
        // From the claim on it is fenced by its role.
        fenced.remove(&**from);
    }
    if asked.mode == PlanMode::Destroy {
        fenced.clear();
    }
    fenced
}

/// The fences of regions that are fenced by hand, or shall be.
fn by_hand(parts: &Parts, state: Option<&State>, asked: &Asked) -> BTreeSet<Address> {
    let marked = state.map(|state| &state.promotions.fenced);
    let closed = |region: &str| match &asked.fencing {
        Some(Wish::Close(of)) if **of == *region => true,
        Some(Wish::Open(of)) if **of == *region => false,
        _ => marked.is_some_and(|marked| marked.contains_key(region)),
    };
    let fences = parts.iter().filter(|(_, part)| part.fences());
    let fences = fences.filter(|(address, _)| region_of(address).is_some_and(closed));
    fences.map(|(address, _)| address.clone()).collect()
}

/// The fences of a region that was left, or is being left, that cannot be placed now: nobody answers
/// there, or asks. In a promotion also those of further regions: they may have been promoted with another state.
pub(super) fn unfenced(
    parts: &Parts,
    (course, primary): (&Course, Option<&str>),
    state: Option<&State>,
    asked: &Asked,
    observed: &BTreeMap<Address, Observation<Value>>,
) -> Vec<Address> {
    let owes = |at: &Address| {
        state.is_some_and(|state| state.promotions.owed.contains_key(&at.to_string()))
    };
    let silent = |at: &Address| match observed.get(at) {
        Some(Observation::Unreadable(_)) => true,
        Some(Observation::Present(_) | Observation::Absent(_)) => false,
        // What is left out of a plan stays owed.
        None => owes(at),
    };
    let mut all = owing(parts, course, state, asked);
    if *course != Course::Ordinary {
        let fences = parts.iter().filter(|(_, part)| part.fences()).map(|(address, _)| address);
        all.extend(fences.filter(|at| region_of(at) != primary).cloned());
    }
    all.into_iter().filter(silent).collect()
}

/// Whether the primary takes no copies: another region may take writes that nobody copied in time. What
/// runs there can write nothing where its data takes no writes. In a promotion where somebody attests
/// that the region cannot write, a fence that is still readable may be owed in the end, too
/// ([`Promotion::may_owe`](crate::plan::Promotion::may_owe)).
pub(super) fn closes(
    (parts, course, primary): (&Parts, &Course, Option<&str>),
    unfenced: &[Address],
    records: &[(&Address, RoleRecord)],
) -> bool {
    let elsewhere = |fence: &&Address| region_of(fence) != primary;
    let mut data = unfenced.iter().filter(elsewhere);
    if data.any(|fence| parts.get(fence) == Some(&Part::Writers)) {
        return true;
    }
    let Course::Promotion { from } = course else { return false };
    let of = |region: Option<&str>| unfenced.iter().any(|fence| region_of(fence) == region);
    let all = parts.values().filter(|part| **part == Part::Record).count();
    let moved = records.iter().filter(|(at, _)| !of(region_of(at))).count();
    of(Some(&**from)) || few(moved, all)
}

/// The fences that stay or come: those of a region that is being left, those that are still owed, and
/// those of regions that are fenced by hand. With them what sends traffic to regions that are evacuated.
pub(super) fn leaving(
    parts: &Parts,
    course: &Course,
    state: Option<&State>,
    asked: &Asked,
) -> BTreeSet<Address> {
    let mut all = owing(parts, course, state, asked);
    all.extend(by_hand(parts, state, asked));
    all.extend(evacuation::leaving(parts, state, asked));
    all
}

/// The fences of a region that is being left, and those that are still owed.
fn owing(
    parts: &Parts,
    course: &Course,
    state: Option<&State>,
    asked: &Asked,
) -> BTreeSet<Address> {
    let fences = parts.iter().filter(|(_, part)| part.fences());
    let left = fences.filter(|(address, _)| {
        let leaves = match course {
            Course::Promotion { from } => region_of(address) == Some(from),
            Course::Ordinary => false,
        };
        let owed = |state: &State| state.promotions.owed.contains_key(&address.to_string());
        leaves || begins(asked, state, address) || state.is_some_and(owed)
    });
    left.map(|(address, _)| address.clone()).collect()
}

/// Leaves of a plan what is wanted of fences; opening must be whole.
pub(super) fn only(
    wish: &Wish,
    plan: &mut Plan,
    parts: &Parts,
    owed: &BTreeMap<String, Owed>,
) -> (Fencing, Diagnostics) {
    let mut fencing = Fencing::keep(wish.clone(), &mut plan.changes, parts, owed);
    let mut found = Diagnostics::new();
    match wish {
        Wish::Close(region) => {
            fencing.marks = !plan.fenced.contains_key(&**region);
            let of = |address: &Address| region_of(address) == Some(&**region);
            if !parts.iter().any(|(address, part)| part.fences() && of(address)) {
                let detail = format!(
                    "Nothing of the topology in {region} keeps writes out: it has no bucket with one \
                     writer and no service with one."
                );
                let refused = refused("fence::nothing", "There is nothing to fence", detail);
                let help = "Stop what writes there by hand, or declare it in a service block.";
                found.push(refused.help(help));
            }
        }
        Wish::Open(region) => {
            fencing.marks = plan.fenced.contains_key(&**region);
            let fence = |address: &Address| parts.get(address).is_some_and(|part| part.fences());
            if let Some(silent) = plan.deferred().find(|change| fence(&change.address)) {
                let why = silent.deferred.as_ref().map(ToString::to_string).unwrap_or_default();
                let detail = format!("{} cannot be changed now: {why}.", silent.address);
                let help = format!("Run it again when {region} answers.");
                let refused = refused("fence::unreachable", "The fence stays", detail);
                found.push(refused.about(&silent.address).help(help));
            }
        }
        Wish::Leave(region) => {
            fencing.marks = !plan.evacuated.contains_key(&**region);
            found.extend(evacuation::whole(plan, parts));
        }
        Wish::Return(region) => {
            fencing.marks = plan.evacuated.contains_key(&**region);
            found.extend(evacuation::whole(plan, parts));
        }
        Wish::Back => found.extend(evacuation::whole(plan, parts)),
        Wish::Owed => {}
    }
    (fencing, found)
}

/// What runs is stopped before the data of its region is closed, because what is shut down still
/// writes; and where a region is opened it starts after its data.
pub(super) fn in_order(
    parts: &Parts,
    leaving: &BTreeSet<Address>,
    opens: Option<&Name>,
    changes: &[ObjectChange],
    needs: &mut Needs,
) {
    let of = |address: &Address| {
        let part = parts.get(address).copied().filter(|part| part.fences())?;
        Some((part, region_of(address)?.to_owned()))
    };
    let mut fences: BTreeMap<String, (Vec<&Address>, Vec<&Address>)> = BTreeMap::new();
    for address in changes.iter().map(|change| &change.address) {
        match of(address) {
            Some((Part::Writers, region)) => fences.entry(region).or_default().0.push(address),
            Some((_, region)) => fences.entry(region).or_default().1.push(address),
            None => {}
        }
    }
    for (region, (data, runs)) in fences {
        let opens = opens.is_some_and(|opens| **opens == *region);
        for (data, runs) in data.iter().flat_map(|data| runs.iter().map(move |runs| (data, runs))) {
            let (last, first) = match leaving.contains(*data) {
                true => (data, runs),
                false if opens => (runs, data),
                false => continue,
            };
            let before = needs.first.get(*first).into_iter().flatten().any(|other| other == *last);
            if !before {
                needs.first.entry((*last).clone()).or_default().push((*first).clone());
            }
        }
    }
}
