//! Whether the data is in the target: replication towards it, and its objects as they were left.

use lifeboat_sdk::{Location, Synced, Value, counted};

use super::reach::{Answer, answer};
use super::{Facts, Finding};
use crate::address::Address;
use crate::desired::Part;
use crate::diff::Action;
use crate::engine::drifted::Seen;
use crate::plan::ObjectChange;
use crate::plan::promotion::region_of;
use crate::topology::bucket::Bucket;
use crate::topology::objective::Objective;
use crate::topology::replication::Replication;

/// A rule copies to the target, is enabled, and is as it was left; there is one for all that the primary
/// alone writes.
pub(super) fn rule(facts: &Facts<'_>) -> Vec<Finding> {
    let of = |one: &Replication| {
        enabled(facts, one).about(format!("replication.{}", one.name)).at(one.span)
    };
    let replications = &facts.topology.replications;
    let alone = |bucket: &&Bucket| {
        bucket.one_writer && replications.iter().all(|copy| copy.bucket != bucket.name)
    };
    let lost = facts.topology.buckets.iter().filter(alone).map(|bucket| {
        let (from, to) = (&facts.from.name, &facts.to.name);
        let text = format!("It has one writer, and nothing copies what {from} takes to {to}.");
        let fix = "Copy it with a replication block, or write writers = \"all\".";
        Finding::fail(text, fix).about(format!("bucket.{}", bucket.name)).at(bucket.span)
    });
    copied(facts).map(of).chain(lost).collect()
}

/// What copies data that only the primary writes: of other data nothing need arrive.
fn copied<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f Replication> {
    let one = |of: &&Replication| {
        let bucket = facts.topology.buckets.iter().find(|bucket| bucket.name == of.bucket);
        bucket.is_none_or(|bucket| bucket.one_writer)
    };
    facts.topology.replications.iter().filter(one)
}

fn enabled(facts: &Facts<'_>, replication: &Replication) -> Finding {
    let (from, to) = (&facts.from.name, &facts.to.name);
    let block = format!("replication.{}", replication.name);
    let apply = "Run `lifeboat apply` while both regions answer, and wait until what was written \
                 meanwhile is copied.";
    let Some(address) = facts.at_primary(Part::Copies, &block) else {
        return Finding::fail(format!("Nothing copies from {from}."), apply);
    };
    let Some(stored) = facts.objects.get(address) else {
        return Finding::fail(format!("{address} has not been made."), apply);
    };
    if let Some(change) = facts.plan.drift.iter().find(|change| change.address == *address) {
        let gone = change.action == Action::Delete;
        let what = if gone { "was deleted" } else { "has changed" };
        return Finding::fail(format!("{address} {what} outside of lifeboat."), apply);
    }
    let copies = |rule: &Value| {
        let is = |name: &str, text: &str| rule.get(name).and_then(Value::as_str) == Some(text);
        is("id", to) && is("status", "Enabled")
    };
    let rules = stored.document.get("rule").and_then(Value::items).unwrap_or_default();
    if !rules.iter().any(copies) {
        return Finding::fail(format!("{address} has no rule that copies to {to}."), apply);
    }
    match facts.looked.get(address) {
        Some(Seen::Read) => Finding::pass(format!("{from} copies to {to} by an enabled rule.")),
        Some(Seen::Unread(_, why)) => {
            let text = format!("Whether {from} still copies to {to} cannot be read: {why}.");
            Finding::unknown(text, "Run this again when the region answers.")
        }
        Some(Seen::Left) | None => {
            Finding::unknown(format!("{address} was not looked at."), "See what keeps the plan.")
        }
    }
}

/// How far the target is behind. What cannot be measured is not taken for none (domain.md C3.16).
pub(super) fn lag(facts: &Facts<'_>) -> Vec<Finding> {
    let replications = copied(facts);
    let replications = replications
        .map(|one| (format!("replication.{}", one.name), one.objective.as_ref(), one.span));
    let databases = facts.topology.databases.iter();
    let databases =
        databases.map(|one| (format!("database.{}", one.name), one.objective.as_ref(), one.span));
    let all = replications.chain(databases);
    all.map(|(block, own, span)| behind(facts, &block, own).about(block).at(span)).collect()
}

fn behind(facts: &Facts<'_>, block: &str, own: Option<&Objective>) -> Finding {
    let (from, to) = (&facts.from.name, &facts.to.name);
    let policy = &facts.topology.declaration;
    let own = own.and_then(|objective| objective.rpo.as_ref());
    let rpo = own.or(policy.objective.rpo.as_ref()).map(|limit| ("the RPO", limit));
    let limit = policy.failover.max_lag.as_ref().map(|limit| ("max_lag", limit)).or(rpo);
    let database = block.starts_with("database.");
    let metrics = if database {
        "See whether the replica is well, and how far behind CloudWatch has it (ReplicaLag, \
         AuroraGlobalDBReplicationLag, ReplicationLatency)."
    } else {
        "Look at ReplicationLatency and OperationsPendingReplication in CloudWatch, which S3 keeps where \
         time_control is set."
    };
    let Synced { compared, missing, oldest, behind, .. } = match facts.copies.get(block) {
        Some(Ok(synced)) => synced,
        Some(Err(why)) => {
            let text = format!("How far {to} is behind cannot be measured: {why}.");
            return Finding::unknown(text, metrics);
        }
        None => {
            let text =
                format!("How far {to} is behind was not measured: {from} could not be read.");
            let text = format!("{text}{}", facts.bound(block));
            return Finding::unknown(text, "What was written there last may be lost.");
        }
    };
    if *missing == 0 {
        let all = counted(usize::try_from(*compared).unwrap_or(usize::MAX), "object");
        return Finding::pass(format!("{to} has what {from} has: {all} compared."));
    }
    let now = facts.plan.created.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second);
    let since = now.ok().zip(*oldest).map(|(now, oldest)| u64::try_from(now - oldest).unwrap_or(0));
    let Some(behind) = since.or(behind.map(|behind| behind.as_secs())) else {
        let text =
            format!("{missing} of {compared} objects are not in {to}, since when is unknown.");
        return Finding::unknown(text, metrics);
    };
    let text = format!(
        "{missing} of {compared} objects are not in {to}, the oldest was written {behind} s before"
    );
    match limit {
        Some((what, limit)) if behind > limit.seconds => {
            let fix = if database {
                "Wait until the replica has caught up, or see what holds it up."
            } else {
                "Wait until they are copied; copies that failed are made by an S3 Batch Replication \
                 job."
            };
            Finding::fail(format!("{text}: more than {what} of {}.", limit.text), fix)
        }
        Some((what, limit)) => Finding::pass(format!("{text}, of {what} of {}.", limit.text)),
        None => Finding::pass(format!("{text}.")),
    }
}

/// The objects of the target are as they were left.
pub(super) fn drift(facts: &Facts<'_>) -> Vec<Finding> {
    let to = facts.to;
    let there = |address: &Address, location: Option<&Location>| {
        region_of(address) == Some(&*to.name)
            || matches!(location, Some(Location::Region(region)) if region.0 == to.aws)
    };
    let of = |change: &&ObjectChange| {
        there(&change.address, change.scope.as_ref().map(|scope| &scope.location))
    };
    let found: Vec<Finding> = facts
        .plan
        .drift
        .iter()
        .filter(of)
        .map(|change| {
            let gone = change.action == Action::Delete;
            let what = if gone { "It was deleted" } else { "It has changed" };
            let fix = "`lifeboat drift` shows what changed, and `lifeboat apply` puts it right.";
            Finding::fail(format!("{what} outside of lifeboat."), fix).about(&change.address)
        })
        .collect();
    if !found.is_empty() {
        return found;
    }
    let objects = facts.objects.iter();
    let count = objects.filter(|(a, o)| there(a, o.scope.as_ref().map(|s| &s.location))).count();
    vec![match answer(facts, to) {
        _ if count == 0 => return Vec::new(),
        Answer::Yes | Answer::Empty => {
            let all = counted(count, "object");
            Finding::pass(format!("What is in {} is as it was left: {all}.", to.name))
        }
        Answer::No(_) | Answer::Partly(_) | Answer::NotAsked => Finding::unknown(
            format!("Not all of {} in {} could be read.", counted(count, "object"), to.name),
            "Run this again when the region answers.",
        ),
    }]
}
