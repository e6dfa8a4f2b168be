//! `evacuate`: whether traffic may be taken from a region, and which records stay without it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Diagnostics};
use lifeboat_state::model::State;

use super::asked::Asked;
use crate::address::Address;
use crate::desired::Part;
use crate::plan::promotion::{Parts, region_of};
use crate::plan::{Plan, PlanMode, Wish};
use crate::topology::Topology;
use crate::topology::dns::{DnsFailover, Policy};

/// The regions that get no traffic, as state has it and as it is wished.
fn without(state: Option<&State>, asked: &Asked) -> BTreeSet<String> {
    let marked = state.iter().flat_map(|state| state.promotions.evacuated.keys().cloned());
    let mut all: BTreeSet<String> = marked.collect();
    match &asked.fencing {
        Some(Wish::Leave(region)) => drop(all.insert(region.to_string())),
        Some(Wish::Return(region)) => drop(all.remove(&**region)),
        Some(Wish::Close(_) | Wish::Open(_) | Wish::Owed | Wish::Back) | None => {}
    }
    all
}

/// Whether a region may be evacuated, or is, as far as files and state tell.
///
/// # Errors
/// Its traffic follows a role, or cannot be taken away; or it is not evacuated.
pub(super) fn judge(
    topology: &Topology,
    state: &State,
    asked: &Asked,
) -> Result<(), Box<Diagnostic>> {
    match &asked.fencing {
        Some(Wish::Leave(region)) => leaves(topology, state, region),
        Some(Wish::Return(region)) if !state.promotions.evacuated.contains_key(&**region) => {
            let detail = format!("{region} gets the traffic that the files give it.");
            let help = "`lifeboat status` tells which regions are evacuated.";
            let summary = "The region is not evacuated";
            Err(Diagnostic::error("evacuate::not_evacuated", summary, detail).help(help).into())
        }
        _ => Ok(()),
    }
}

fn leaves(topology: &Topology, state: &State, region: &str) -> Result<(), Box<Diagnostic>> {
    let summary = "The traffic cannot be taken away";
    let other = target_besides(topology, state, region);
    let promote = match other {
        Some(other) => format!("lets {other} take its place: `lifeboat promote {other}`."),
        None => "lets another region take its place, and none is left that could.".to_owned(),
    };
    let primary = state.primary.as_deref() == Some(region);
    if primary && !topology.all_write() {
        let detail = format!(
            "{region} is the primary of data with one writer: wherever its traffic went, nothing could be \
             written."
        );
        let help = format!("What moves the primary {promote}");
        return Err(Diagnostic::error("evacuate::primary", summary, detail).help(help).into());
    }
    let answers = |dns: &&DnsFailover| match dns.policy {
        Policy::Weighted => false,
        Policy::Failover => primary,
        Policy::Latency => true,
    };
    if let Some(dns) = topology.dns.iter().find(answers) {
        let detail = format!(
            "dns_failover.{} answers with {region} by its policy, which knows no weights.",
            dns.name
        );
        let help = if dns.policy == Policy::Failover {
            format!("Write policy = \"weighted\" there; or what moves the primary {promote}")
        } else {
            "Write policy = \"weighted\" there.".to_owned()
        };
        let refused = Diagnostic::error("evacuate::policy", summary, detail);
        return Err(refused.at(dns.span).help(help).into());
    }
    Ok(())
}

/// The region that would be promoted in place of another.
fn target_besides<'t>(topology: &'t Topology, state: &State, region: &str) -> Option<&'t str> {
    let promotions = &state.promotions;
    let fit = |name: &&str| {
        **name != *region
            && !promotions.evacuated.contains_key(*name)
            && !promotions.fenced.contains_key(*name)
            && !promotions.owed.values().any(|owed| owed.region == **name)
    };
    topology.regions.iter().map(|region| &*region.name).find(fit)
}

/// A name must be answered by somebody: where all weights are 0 Route 53 answers with all regions alike.
///
/// # Errors
/// Of a name no weight is left, without the regions that are evacuated.
pub(super) fn answered(
    topology: &Topology,
    state: &State,
    asked: &Asked,
) -> Result<(), Box<Diagnostic>> {
    let without = without(Some(state), asked);
    if asked.mode != PlanMode::Normal || without.is_empty() {
        return Ok(());
    }
    let silent = |dns: &&DnsFailover| {
        let mut left = dns.endpoints.iter().filter(|(region, _)| !without.contains(&***region));
        dns.policy == Policy::Weighted
            && !left.any(|(region, it)| dns.weight(it, *region == topology.primary) > 0)
    };
    let Some(dns) = topology.dns.iter().find(silent) else { return Ok(()) };
    let names = without.into_iter().collect::<Vec<_>>();
    let detail = format!(
        "Without {} no region of dns_failover.{} has a weight above 0, and Route 53 would answer with all \
         of them alike.",
        names.join(" and "),
        dns.name
    );
    let ends = names.iter().map(|region| format!("`lifeboat evacuate -end {region}`"));
    let help = format!(
        "Give another region a weight, promote it, or end an evacuation: {}.",
        ends.collect::<Vec<_>>().join(", ")
    );
    let summary = "No region would answer";
    let refused = Diagnostic::error("evacuate::nowhere", summary, detail);
    Err(refused.at(dns.span).help(help).into())
}

/// That traffic was taken from a region by hand keeps it from becoming the primary.
pub(super) fn target(state: &State, to: &str) -> Result<(), Box<Diagnostic>> {
    let Some(since) = state.promotions.evacuated.get(to) else { return Ok(()) };
    let detail = format!("{to} is evacuated since {since}: somebody wants no traffic there.");
    let help = format!("If that is over: `lifeboat evacuate -end {to}`. Then promote it.");
    let summary = "The region is evacuated";
    Err(Diagnostic::error("promotion::target_evacuated", summary, detail).help(help).into())
}

/// What sends traffic to regions that are evacuated, or shall be.
pub(super) fn leaving(parts: &Parts, state: Option<&State>, asked: &Asked) -> BTreeSet<Address> {
    let without = without(state, asked);
    let traffic = parts.iter().filter(|(address, part)| {
        **part == Part::Traffic && region_of(address).is_some_and(|of| without.contains(of))
    });
    traffic.map(|(address, _)| address.clone()).collect()
}

/// The traffic of a region is taken away as a whole, and given back so.
pub(super) fn whole(plan: &Plan, parts: &Parts) -> Diagnostics {
    let traffic = |address: &Address| parts.get(address) == Some(&Part::Traffic);
    let mut found = Diagnostics::new();
    if let Some(silent) = plan.deferred().find(|change| traffic(&change.address)) {
        let why = silent.deferred.as_ref().map(ToString::to_string).unwrap_or_default();
        let detail = format!("{} cannot be changed now: {why}.", silent.address);
        let summary = "The traffic stays";
        let refused = Diagnostic::error("evacuate::unreachable", summary, detail);
        found.push(refused.about(&silent.address).help("Run it again when Route 53 answers."));
    }
    found
}

/// Regions that are evacuated, and since when, as state has it.
pub(super) fn marked(state: Option<&State>) -> BTreeMap<String, String> {
    state.map(|state| state.promotions.evacuated.clone()).unwrap_or_default()
}
