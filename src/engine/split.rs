//! Split brain: data with one writer that two regions take writes to, as refresh found it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Name, Observation, Value};
use lifeboat_state::model::State;

use crate::address::Address;
use crate::desired::blocks::is_open;
use crate::plan::promotion::{Parts, region_of};
use crate::plan::resolve::Previous;

/// Tells which data two regions take writes to where one of them must not: its fence was there, is owed,
/// or was placed by hand.
pub(super) fn suspected(
    parts: &Parts,
    previous: &BTreeMap<Address, Previous>,
    state: Option<&State>,
    observed: &BTreeMap<Address, Observation<Value>>,
) -> Option<Diagnostic> {
    let promotions = &state?.promotions;
    let mut open: BTreeMap<&Name, BTreeSet<&str>> = BTreeMap::new();
    let mut lost: BTreeMap<&Name, BTreeSet<&Address>> = BTreeMap::new();
    for (address, part) in parts {
        let Some(region) = region_of(address) else { continue };
        let live = match observed.get(address) {
            Some(Observation::Present(present)) => is_open(*part, Some(&present.object)),
            Some(Observation::Absent(_)) if lives(address, observed) => is_open(*part, None),
            _ => None,
        };
        if live != Some(true) {
            continue;
        }
        open.entry(&address.name).or_default().insert(region);
        let stored = previous.get(address).and_then(|it| is_open(*part, Some(&it.document)));
        let owed = promotions.owed.contains_key(&address.to_string());
        if stored == Some(false) || owed || promotions.fenced.contains_key(region) {
            lost.entry(&address.name).or_default().insert(address);
        }
    }
    lost.retain(|block, _| open.get(block).is_some_and(|regions| regions.len() > 1));
    if lost.is_empty() {
        return None;
    }
    let evidence = lost.iter().map(|(block, fences)| {
        let regions = open.get(block).into_iter().flatten().copied().collect::<Vec<_>>();
        let fences = fences.iter().map(ToString::to_string).collect::<Vec<_>>();
        format!(
            "{block} is open in {}, and {} is not the fence that it must be",
            regions.join(" and in "),
            fences.join(" and ")
        )
    });
    let detail = format!(
        "{}. Each of these regions may have taken writes that the others do not have.",
        evidence.collect::<Vec<_>>().join("; ")
    );
    let help = "Run `lifeboat apply`, which places the fence before anything else there; then look at what \
                was written meanwhile. Where that cannot wait: `lifeboat fence REGION`.";
    Some(Diagnostic::warning("promotion::split_brain", "Split brain suspected", detail).help(help))
}

/// Whether anything of the block in the region is there: what is gone as a whole takes no writes.
fn lives(address: &Address, observed: &BTreeMap<Address, Observation<Value>>) -> bool {
    let of = |other: &Address| other.name == address.name && region_of(other) == region_of(address);
    observed.iter().any(|(at, seen)| of(at) && matches!(seen, Observation::Present(_)))
}
