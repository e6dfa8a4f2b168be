//! Whether traffic can be moved, and how soon clients follow.

use super::reach::without_plane;
use super::{Facts, Finding, Verdict};
use crate::address::{Address, Key, Mode, ModulePath};
use crate::desired::Part;
use crate::engine::drifted::Seen;
use crate::plan::promotion;
use crate::topology::dns::{DnsFailover, Policy, Switch};
use crate::topology::region::Region;

/// What resolvers may keep an answer for at most, in seconds (Route 53 developer guide, "Best
/// practices for Amazon Route 53 DNS": records with health checks).
const LONGEST: u64 = 60;

/// Clients follow within a minute, and within the objective, by the TTL that they see while the traffic
/// moves.
pub(super) fn ttl(facts: &Facts<'_>) -> Vec<Finding> {
    each(facts, follows)
}

/// What a check finds of each name.
fn each(facts: &Facts<'_>, judge: fn(&Facts<'_>, &DnsFailover) -> Finding) -> Vec<Finding> {
    let all = facts.topology.dns.iter();
    let about = |dns: &DnsFailover| format!("dns_failover.{}", dns.name);
    all.map(|dns| judge(facts, dns).about(about(dns)).at(dns.span)).collect()
}

/// How long resolvers keep the answer, in seconds.
struct Kept {
    /// As it is live, else as declared.
    now: u64,
    /// To what this promotion lowers it before writes stop, where it does.
    lowered: Option<u64>,
}

impl Kept {
    fn of(facts: &Facts<'_>, dns: &DnsFailover) -> Self {
        let record = facts.at_primary(Part::Traffic, &format!("dns_failover.{}", dns.name));
        let change = record.and_then(|at| facts.plan.changes.iter().find(|it| it.address == *at));
        let lowered = facts.plan.promotion.as_ref().zip(record);
        Self {
            now: change.and_then(promotion::ttl).unwrap_or(dns.ttl),
            lowered: lowered.and_then(|(promotion, at)| promotion.lowered.get(at).copied()),
        }
    }

    /// While the traffic moves.
    fn during(&self) -> u64 {
        self.lowered.unwrap_or(self.now)
    }

    /// What comes before the traffic moves, and what is otherwise where the region that is left does not
    /// answer: sentences with a blank on their inner side.
    fn told(&self, notice: u64) -> [String; 2] {
        let Some(to) = self.lowered else { return Default::default() };
        let now = self.now;
        let before = format!(
            "Resolvers keep the answer for {now} s. This promotion lowers that to {to} s first, and waits \
             {now} s for it while writes go on. Then "
        );
        let without = format!(
            " One without the old primary does not wait for that: then it is {} s in all.",
            notice + now
        );
        [before, without]
    }
}

fn follows(facts: &Facts<'_>, dns: &DnsFailover) -> Finding {
    let kept = Kept::of(facts, dns);
    let ttl = kept.during();
    if ttl > LONGEST {
        return Finding::fail(
            format!(
                "Resolvers keep the answer for {ttl} s while the traffic moves, and may for {LONGEST} s."
            ),
            too_long(dns, &kept),
        );
    }
    let notice = match (dns.switch, &dns.gate, &dns.check) {
        (Switch::Operator, Some(gate), _) => gate.interval * gate.threshold,
        (_, _, Some(check)) => check.interval * check.threshold,
        _ => 0,
    };
    let notice = u64::try_from(notice).unwrap_or(0);
    let [before, without] = kept.told(notice);
    let health = if before.is_empty() { "Health" } else { "health" };
    let text = format!(
        "{before}{health} checks notice within {notice} s and resolvers ask again within {ttl} s, {} s in all",
        notice + ttl
    );
    let own = dns.objective.as_ref().and_then(|objective| objective.rto.as_ref());
    match own.or(facts.topology.declaration.objective.rto.as_ref()) {
        Some(rto) if notice + ttl > rto.seconds => {
            let shorter = if kept.lowered.is_some() { "ttl_during" } else { "ttl" };
            let fix = format!(
                "Check more often (interval, failure_threshold), lower {shorter}, or declare an RTO \
                 that can be kept."
            );
            Finding::fail(format!("{text}: more than the RTO of {}.{without}", rto.text), fix)
        }
        Some(rto) => Finding::pass(format!("{text}, of an RTO of {}.{without}", rto.text)),
        None => Finding::pass(format!("{text}.{without}")),
    }
}

/// What to write where resolvers keep the answer for too long.
fn too_long(dns: &DnsFailover, kept: &Kept) -> String {
    if kept.lowered.is_some() {
        return format!("Write ttl_during = \"{LONGEST}s\" or less.");
    }
    let by_ttl = format!(
        "Write ttl = \"{LONGEST}s\" and run `lifeboat apply`; it is so for all clients {} s later.",
        kept.now
    );
    // Where the old primary takes part it would be lowered.
    let lowers = dns.policy == Policy::Failover && dns.switch != Switch::Health;
    if lowers && dns.ttl_during > LONGEST {
        return format!("Write ttl_during = \"{LONGEST}s\" or less. {by_ttl}");
    }
    by_ttl
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
            Finding::fail(text, without_plane(Some(dns)))
        }
        (Switch::Record, Some(home)) => Finding::pass(format!(
            "Records are rewritten through Route 53's control plane in {home}, which is not in {from}."
        )),
        (Switch::Record, None) => {
            let text = "This build does not have Route 53, whose control plane would be needed.";
            Finding::unknown(text, without_plane(Some(dns)))
        }
    }
}

/// The checks by which the traffic is moved away from the primary: that of its gate, and where standbys have
/// one that of the target's entry.
fn gate(facts: &Facts<'_>, dns: &DnsFailover) -> Finding {
    let check = |region: &Region, what: &str| Address {
        module: ModulePath::root(),
        mode: Mode::Managed,
        kind: "aws_route53_health_check".into(),
        name: format!("dns_failover.{}", dns.name).into(),
        key: Some(Key::Text(format!("{}/{what}", region.name).into())),
    };
    let gate = as_left(facts, &check(facts.from, "gate"));
    if gate.verdict != Verdict::Pass || !dns.has_entries() {
        return gate;
    }
    let entry = as_left(facts, &check(facts.to, "entry"));
    if entry.verdict != Verdict::Pass {
        return entry;
    }
    let (from, to) = (&facts.from.name, &facts.to.name);
    Finding::pass(format!("The gate of {from} and the entry of {to} are there."))
}

/// Whether the check of what is turned is as it was left.
fn as_left(facts: &Facts<'_>, check: &Address) -> Finding {
    if !facts.objects.contains_key(check) {
        return Finding::fail(format!("{check} has not been made."), "Run `lifeboat apply`.");
    }
    if facts.plan.drift.iter().any(|change| change.address == *check) {
        let text = format!("{check} has changed outside of lifeboat.");
        return Finding::fail(text, "Run `lifeboat apply`, which puts it right.");
    }
    match facts.looked.get(check) {
        Some(Seen::Read) => Finding::pass(format!("The gate of {} is there.", facts.from.name)),
        Some(Seen::Unread(_, why)) => Finding::unknown(
            format!("Whether {check} is as it was left cannot be read: {why}."),
            "Run this again when Route 53's control plane answers.",
        ),
        Some(Seen::Left) | None => {
            Finding::unknown(format!("{check} was not looked at."), "See what keeps the plan.")
        }
    }
}
