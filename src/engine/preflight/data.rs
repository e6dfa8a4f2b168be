//! Whether the data is in the target: replication towards it, and its objects as they were left.

use lifeboat_sdk::{Location, Value, counted};

use super::reach::{Answer, answer};
use super::{Facts, Finding};
use crate::address::{Address, Key, Mode, ModulePath};
use crate::diff::Action;
use crate::engine::drifted::Seen;
use crate::plan::ObjectChange;
use crate::plan::promotion::region_of;
use crate::topology::replication::Replication;

/// The kind that holds the rules of a bucket.
const RULES: &str = "aws_s3_bucket_replication_configuration";

/// A rule copies to the target, is enabled, and is as it was left.
pub(super) fn rule(facts: &Facts<'_>) -> Vec<Finding> {
    let all = facts.topology.replications.iter();
    let found = |one| enabled(facts, one).about(format!("replication.{}", one.name)).at(one.span);
    all.map(found).collect()
}

fn enabled(facts: &Facts<'_>, replication: &Replication) -> Finding {
    let (from, to) = (&facts.from.name, &facts.to.name);
    let address = Address {
        module: ModulePath::root(),
        mode: Mode::Managed,
        kind: RULES.into(),
        name: format!("replication.{}", replication.name).into(),
        key: Some(Key::Text(from.clone())),
    };
    let apply = "Run `lifeboat apply` while both regions answer, and wait until what was written \
                 meanwhile is copied.";
    let Some(stored) = facts.objects.get(&address) else {
        return Finding::fail(format!("{address} has not been made."), apply);
    };
    if let Some(change) = facts.plan.drift.iter().find(|change| change.address == address) {
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
    match facts.looked.get(&address) {
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

/// How far the target is behind. Nothing in this version measures it, and what is not measured is
/// not taken for none (domain.md C3.16).
pub(super) fn lag(facts: &Facts<'_>) -> Vec<Finding> {
    let limit = match &facts.topology.declaration.failover.max_lag {
        Some(limit) => format!(", so that max_lag = {:?} cannot be judged", &*limit.text),
        None => String::new(),
    };
    let to = &facts.to.name;
    let fix = "Look at ReplicationLatency and OperationsPendingReplication in CloudWatch, which S3 \
               keeps where time_control is set.";
    let all = facts.topology.replications.iter();
    all.map(|one| {
        let text = format!("How far {to} is behind is not measured{limit}.");
        Finding::unknown(text, fix).about(format!("replication.{}", one.name)).at(one.span)
    })
    .collect()
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
