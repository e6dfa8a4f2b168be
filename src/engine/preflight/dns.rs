//! Whether traffic can be moved, and how soon clients follow.

use lifeboat_sdk::Value;

use super::reach::SWITCH;
use super::{Facts, Finding};
use crate::address::{Address, Key, Mode, ModulePath};
use crate::desired::Part;
use crate::engine::drifted::Seen;
use crate::topology::dns::{DnsFailover, Switch};

/// What resolvers may keep an answer for at most, in seconds (Route 53 developer guide, "Best
/// practices for Amazon Route 53 DNS": records with health checks).
const LONGEST: u64 = 60;

/// Clients follow within a minute, and within the objective.
pub(super) fn ttl(facts: &Facts<'_>) -> Vec<Finding> {
    each(facts, follows)
}

/// What a check finds of each name.
fn each(facts: &Facts<'_>, judge: fn(&Facts<'_>, &DnsFailover) -> Finding) -> Vec<Finding> {
    let all = facts.topology.dns.iter();
    let about = |dns: &DnsFailover| format!("dns_failover.{}", dns.name);
    all.map(|dns| judge(facts, dns).about(about(dns)).at(dns.span)).collect()
}

fn follows(facts: &Facts<'_>, dns: &DnsFailover) -> Finding {
    let ttl = live(facts, dns).unwrap_or(dns.ttl);
    if ttl > LONGEST {
        let text = format!("Resolvers keep the answer for {ttl} s, and may for {LONGEST} s.");
        let fix = format!(
            "Write ttl = \"{LONGEST}s\" and run `lifeboat apply`; it is so for all clients {ttl} s \
             later."
        );
        return Finding::fail(text, fix);
    }
    let notice = match (dns.switch, &dns.gate, &dns.check) {
        (Switch::Operator, Some(gate), _) => gate.interval * gate.threshold,
        (_, _, Some(check)) => check.interval * check.threshold,
        _ => 0,
    };
    let notice = u64::try_from(notice).unwrap_or(0);
    let text = format!(
        "Health checks notice within {notice} s and resolvers ask again within {ttl} s, {} s in all",
        notice + ttl
    );
    let own = dns.objective.as_ref().and_then(|objective| objective.rto.as_ref());
    match own.or(facts.topology.declaration.objective.rto.as_ref()) {
        Some(rto) if notice + ttl > rto.seconds => {
            let fix = "Check more often (interval, failure_threshold), lower ttl, or declare an RTO \
                       that can be kept.";
            Finding::fail(format!("{text}: more than the RTO of {}.", rto.text), fix)
        }
        Some(rto) => Finding::pass(format!("{text}, of an RTO of {}.", rto.text)),
        None => Finding::pass(format!("{text}.")),
    }
}

/// The time to live as it is live, of the record that is answered now.
fn live(facts: &Facts<'_>, dns: &DnsFailover) -> Option<u64> {
    let record = facts.at_primary(Part::Traffic, &format!("dns_failover.{}", dns.name))?;
    let change = facts.plan.changes.iter().find(|change| change.address == *record)?;
    let ttl = change.before.as_ref()?.get("ttl").and_then(Value::as_i64)?;
    u64::try_from(ttl).ok()
}

/// What moves the traffic works without the region that is left.
pub(super) fn switch(facts: &Facts<'_>) -> Vec<Finding> {
    each(facts, moves)
}

fn moves(facts: &Facts<'_>, dns: &DnsFailover) -> Finding {
    let from = &facts.from.name;
    match (dns.switch, facts.dns_home) {
        (Switch::Health, _) => Finding::pass("Route 53 moves the traffic by the regions' health."),
        (Switch::Operator, _) => gate(facts, dns),
        (Switch::Record, Some(home)) if *home == *facts.from.aws => {
            let text = format!(
                "switch = \"record\" rewrites records through Route 53's control plane, which is at \
                 home in {home}, and that is the region that is left."
            );
            Finding::fail(text, SWITCH)
        }
        (Switch::Record, Some(home)) => Finding::pass(format!(
            "Records are rewritten through Route 53's control plane in {home}, which is not in {from}."
        )),
        (Switch::Record, None) => {
            let text = "This build does not have Route 53, whose control plane would be needed.";
            Finding::unknown(text, SWITCH)
        }
    }
}

/// The check of the gate that moves the traffic away from the primary.
fn gate(facts: &Facts<'_>, dns: &DnsFailover) -> Finding {
    let check = Address {
        module: ModulePath::root(),
        mode: Mode::Managed,
        kind: "aws_route53_health_check".into(),
        name: format!("dns_failover.{}", dns.name).into(),
        key: Some(Key::Text(format!("{}/gate", facts.from.name).into())),
    };
    if !facts.objects.contains_key(&check) {
        return Finding::fail(format!("{check} has not been made."), "Run `lifeboat apply`.");
    }
    if facts.plan.drift.iter().any(|change| change.address == check) {
        let text = format!("{check} has changed outside of lifeboat.");
        return Finding::fail(text, "Run `lifeboat apply`, which puts it right.");
    }
    match facts.looked.get(&check) {
        Some(Seen::Read) => Finding::pass(format!("The gate of {} is there.", facts.from.name)),
        Some(Seen::Unread(_, why)) => Finding::unknown(
            format!("Whether the gate is as it was left cannot be read: {why}."),
            "Run this again when Route 53's control plane answers.",
        ),
        Some(Seen::Left) | None => {
            Finding::unknown(format!("{check} was not looked at."), "See what keeps the plan.")
        }
    }
}
