//! Up to when copies were seen to have all: what a comparison proves, and what that bounds where their
//! source does not answer any more. Pure.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use lifeboat_sdk::{Diagnostic, Name, Synced};
use lifeboat_state::model::State;
use lifeboat_state::positions::{Position, Positions};

use super::asked::Asked;
use super::load::Loaded;
use super::preflight::Facts;
use crate::address::Address;
use crate::plan::loss::{Exposure, Losses, Proven};
use crate::plan::{Act, Placed, Promotion};
use crate::topology::Topology;
use crate::topology::bucket::Bucket;

/// What comparisons prove: all that was written before they began is there, or all that was written
/// before the end of a log. Nothing of those that could not be made, or missed objects.
pub fn positions(facts: &Facts<'_>) -> Vec<Position> {
    let Ok(begun) = facts.plan.created.parse::<Timestamp>() else { return Vec::new() };
    let position = |(about, synced): (&Name, &Synced)| {
        let until = until(synced, begun)?;
        Some(Position {
            about: about.to_string(),
            from: facts.from.name.to_string(),
            to: facts.to.name.to_string(),
            epoch: facts.state.epoch,
            until: until.as_second(),
            at: begun.as_second(),
            how: synced.how.clone(),
        })
    };
    let made =
        facts.copies.iter().filter_map(|(about, synced)| Some((about, synced.as_ref().ok()?)));
    made.filter_map(position).collect()
}

/// Up to when a copy has all, where it was compared from this instant on. Of what has an order that is
/// where it ends. An object that is missing tells when it was written last: an older content of it may be
/// missing as well, so that it proves nothing.
fn until(synced: &Synced, begun: Timestamp) -> Option<Timestamp> {
    if synced.missing == 0 {
        return Some(begun);
    }
    let behind = synced.behind.and_then(|behind| SignedDuration::try_from(behind).ok());
    behind.and_then(|behind| begun.checked_sub(behind).ok())
}

/// How many seconds a copy is behind, by the oldest of what it has not; nothing where that is unknown.
pub(super) fn lag(synced: &Synced, begun: Timestamp) -> Option<u64> {
    if synced.missing == 0 {
        return Some(0);
    }
    let oldest = synced.oldest.map(|oldest| begun.as_second().saturating_sub(oldest));
    let oldest = oldest.map(|late| u64::try_from(late).unwrap_or(0));
    oldest.or(synced.behind.map(|behind| behind.as_secs()))
}

/// The data with one writer of a graceful promotion of which no step proves that the new primary has all of
/// it, by the block that copies it, or its own where none does.
pub(super) fn unproven(loaded: &Loaded, promotion: &Promotion, acts: &[Placed]) -> Vec<Name> {
    let Some(topology) = loaded.topology.as_ref().filter(|_| promotion.waits_for_proof()) else {
        return Vec::new();
    };
    let there = |bucket: &&Bucket| {
        let of = |region: &Name| bucket.names.contains_key(region);
        bucket.one_writer && of(&promotion.from) && of(&promotion.to)
    };
    let buckets = topology.buckets.iter().filter(there).flat_map(|bucket| {
        let copies = topology.replications.iter().filter(|copy| copy.bucket == bucket.name);
        let copies: Vec<String> = copies.map(|copy| format!("replication.{}", copy.name)).collect();
        if copies.is_empty() { vec![format!("bucket.{}", bucket.name)] } else { copies }
    });
    let databases = topology.databases.iter().filter(|database| database.one_writer());
    let databases = databases.map(|database| format!("database.{}", database.name));
    let syncs = acts.iter().filter(|placed| placed.act == Act::Sync);
    let proven: BTreeSet<Name> =
        syncs.filter_map(|sync| Some(Address::parse(&sync.task.about)?.name)).collect();
    let all = buckets.chain(databases).map(Name::from);
    all.filter(|block| !proven.contains(block)).collect()
}

/// What may be lost where a region is left that does not answer.
pub(super) fn losses(
    topology: &Topology,
    state: Option<&State>,
    regions: [&str; 2],
    asked: &Asked,
) -> Losses {
    let Some(state) = state else { return Losses::default() };
    known(topology, state, regions, &asked.positions, asked.since)
}

/// The same, by what is known of copies.
pub fn known(
    topology: &Topology,
    state: &State,
    [from, to]: [&str; 2],
    positions: &Positions,
    since: Option<Timestamp>,
) -> Losses {
    let copied = |about: String| {
        let known = positions.get(&state.lineage, state.epoch, [&about, from, to]);
        Exposure { about: about.into(), copied: true, proven: known.and_then(proven) }
    };
    let here = |names: &std::collections::BTreeMap<Name, Name>| names.contains_key(from);
    let buckets = topology.buckets.iter().filter(|bucket| here(&bucket.names));
    let of = buckets.flat_map(|bucket| {
        let copies = topology.replications.iter().filter(|r| r.bucket == bucket.name);
        let there = bucket.names.contains_key(to);
        let copies = copies.filter(|_| there).map(|r| copied(format!("replication.{}", r.name)));
        let copies: Vec<Exposure> = copies.collect();
        let about = format!("bucket.{}", bucket.name).into();
        let alone = Exposure { about, copied: false, proven: None };
        if copies.is_empty() { vec![alone] } else { copies }
    });
    let databases = topology.databases.iter();
    let databases = databases.map(|database| copied(format!("database.{}", database.name)));
    Losses { since, of: of.chain(databases).collect() }
}

fn proven(known: &Position) -> Option<Proven> {
    let at = |second: i64| Timestamp::from_second(second).ok();
    Some(Proven { until: at(known.until)?, at: at(known.at)?, how: known.how.clone() })
}

/// That the impact is said to lie ahead.
pub(super) fn ahead(asked: &Asked, now: Timestamp) -> Option<Diagnostic> {
    let since = asked.since.filter(|since| *since > now)?;
    let detail = format!("-since={since} lies ahead: it is {now}.");
    let help = "Give the time at which the region ceased to take writes, or leave -since away: then \
                it counts as taking them until now.";
    let summary = "The impact cannot lie ahead";
    Some(Diagnostic::error("engine::since", summary, detail).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_proves_only_where_there_is_an_order() {
        let begun = Timestamp::from_second(1000).unwrap();
        let of = |missing: u64, oldest: Option<i64>, behind: Option<u64>| {
            let behind = behind.map(std::time::Duration::from_secs);
            let (how, first) = (String::new(), Vec::new());
            let synced = Synced { compared: 9, missing, oldest, behind, how, first };
            let until = until(&synced, begun).map(|until| until.as_second());
            (until, lag(&synced, begun))
        };
        assert_eq!(of(0, None, None), (Some(1000), Some(0)));
        assert_eq!(of(2, None, Some(75)), (Some(925), Some(75)));
        // A key that was written at 940 may have been written at 300, too, and neither is there.
        assert_eq!(of(2, Some(940), None), (None, Some(60)));
        assert_eq!(of(2, Some(1010), None), (None, Some(0)));
        assert_eq!(of(2, None, None), (None, None));
    }

    #[test]
    fn an_impact_that_lies_ahead_is_none() {
        let now = Timestamp::from_second(1000).unwrap();
        let said =
            |second| Asked { since: Timestamp::from_second(second).ok(), ..Asked::default() };
        assert!(ahead(&said(1000), now).is_none());
        assert_eq!(ahead(&said(1001), now).map(|found| found.code), Some("engine::since"));
    }
}
