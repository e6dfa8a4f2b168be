//! Weights that move in steps: what records are on the way, and what is watched meanwhile. Pure.

use std::time::Duration;

use lifeboat_sdk::{Name, Value};

use super::load::Loaded;
use super::tasks::{VERIFY, limit};
use crate::desired::Part;
use crate::desired::blocks::dns::{weight, with_weight};
use crate::diff::Action;
use crate::plan::leg::{Legs, Watch, Watches};
use crate::plan::promotion::{Parts, region_of};
use crate::plan::{Leg, ObjectChange, Task};
use crate::topology::dns::{DnsFailover, Shift};

/// A record of a name, and its weight before and after.
struct Record<'c> {
    change: &'c ObjectChange,
    region: &'c str,
    before: i64,
    after: i64,
}

/// What the records of each block with a `shift` are on the way, and what is watched.
pub(super) fn planned(loaded: &Loaded, changes: &[ObjectChange], parts: &Parts) -> (Legs, Watches) {
    let (mut legs, mut watches) = (Legs::new(), Watches::new());
    let Some(topology) = &loaded.topology else { return (legs, watches) };
    let patience = limit(topology, "verify", VERIFY);
    for dns in &topology.dns {
        let Some(shift) = &dns.shift else { continue };
        let name = Name::from(format!("dns_failover.{}", dns.name));
        let Some(records) = moved(&name, changes, parts) else { continue };
        for record in records.iter().filter(|record| record.before != record.after) {
            let Some(before) = &record.change.before else { continue };
            let leg = |percent: &i64| {
                let weight = between(record.before, record.after, *percent);
                let note = format!("weight {weight}, {percent} % of the way").into();
                Leg { ahead: false, document: with_weight(before, weight), note }
            };
            let all = shift.steps.iter().map(leg).collect();
            legs.insert(record.change.address.clone(), all);
        }
        let watch = watch((dns, shift), &gaining(&records), patience, changes, parts);
        watches.insert(name, watch);
    }
    (legs, watches)
}

/// The records of a name whose weights move while all of its regions answer: traffic is not left any longer
/// where nobody answers.
fn moved<'c>(name: &str, changes: &'c [ObjectChange], parts: &Parts) -> Option<Vec<Record<'c>>> {
    let mine = changes.iter().filter(|change| {
        *change.address.name == *name && parts.get(&change.address) == Some(&Part::Traffic)
    });
    let record = |change: &'c ObjectChange| {
        let written = matches!(change.action, Action::NoOp | Action::Update);
        let known = written && change.deferred.is_none() && change.unread.is_none();
        Some(Record {
            change,
            region: region_of(&change.address).filter(|_| known)?,
            before: weight(change.before.as_ref()?)?,
            after: weight(change.after.as_ref()?)?,
        })
    };
    let records = mine.map(record).collect::<Option<Vec<_>>>()?;
    let total: (i64, i64) =
        records.iter().fold((0, 0), |sum, it| (sum.0 + it.before, sum.1 + it.after));
    let silent = |region: &str| {
        let mut there = changes.iter().filter(|it| region_of(&it.address) == Some(region));
        there.any(|it| it.deferred.is_some() || it.unread.is_some())
    };
    let lost = records.iter().any(|it| share(it, total).is_lt() && silent(it.region));
    let moves = records.iter().any(|it| it.before != it.after);
    (moves && !lost && total.0 > 0).then_some(records)
}

/// How the share of a record in the traffic after compares with that before.
fn share(record: &Record<'_>, (before, after): (i64, i64)) -> std::cmp::Ordering {
    (record.after * before).cmp(&(record.before * after))
}

/// The regions that get a greater share.
fn gaining<'c>(records: &[Record<'c>]) -> Vec<&'c str> {
    let total = records.iter().fold((0, 0), |sum, it| (sum.0 + it.before, sum.1 + it.after));
    let gains = records.iter().filter(|it| it.after > 0 && share(it, total).is_gt());
    gains.map(|it| it.region).collect()
}

/// A weight on the way, to the nearest whole one.
fn between(before: i64, after: i64, percent: i64) -> i64 {
    let way = (after - before) * percent;
    before + (way + 50 * way.signum()) / 100
}

/// Looks whether what gets the traffic is well: before the first step, and for a while after each.
fn watch(
    (dns, shift): (&DnsFailover, &Shift),
    gaining: &[&str],
    patience: Duration,
    changes: &[ObjectChange],
    parts: &Parts,
) -> Watch {
    let name = format!("dns_failover.{}", dns.name);
    let check = |region: &str| {
        let mut checks = changes.iter().filter(|change| {
            let ours = *change.address.name == *name && region_of(&change.address) == Some(region);
            ours && parts.get(&change.address) == Some(&Part::Health)
        });
        checks.find_map(|change| change.before.clone())
    };
    let look = |percent: i64| {
        let task = move |region: &&str| {
            let alone = gaining.len() < 2;
            let of = if alone { String::new() } else { format!(".{region}") };
            Some(Task {
                about: format!("shift.{}.{percent}{of}", dns.name).into(),
                arguments: check(region)?,
                limit: patience,
                optional: false,
                on: None,
            })
        };
        gaining.iter().filter_map(task).collect::<Vec<Task>>()
    };
    let seconds = i64::try_from(shift.watch).unwrap_or(i64::MAX);
    let window = |task: Task| Task {
        arguments: task.arguments.clone().with("window", Value::int(seconds)),
        limit: Duration::from_secs(shift.watch) + VERIFY,
        ..task
    };
    let after = shift.steps.iter().map(|step| look(*step).into_iter().map(window).collect());
    Watch { before: look(0), after: after.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_on_the_way_come_nearer_in_both_directions() {
        let way = |before, after| [10, 50, 90].map(|percent| between(before, after, percent));
        assert_eq!(way(0, 100), [10, 50, 90]);
        assert_eq!(way(100, 0), [90, 50, 10]);
        assert_eq!(way(3, 0), [3, 1, 0]);
        assert_eq!(way(255, 1), [230, 128, 26]);
        assert_eq!(way(7, 7), [7, 7, 7]);
    }
}
