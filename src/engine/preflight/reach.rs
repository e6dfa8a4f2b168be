//! Whether the regions answer, and what the steps of the promotion need of the one that is left.

use lifeboat_sdk::{Location, Scope, counted};

use super::{Facts, Finding};
use crate::plan::promotion::region_of;
use crate::plan::{Phase, ScopeStatus, Step};
use crate::topology::dns::{DnsFailover, Policy};
use crate::topology::region::Region;

/// How a region answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// All that was asked.
    Yes,
    /// Nothing that was asked: what happened.
    No(String),
    /// A part of what was asked: what happened to the rest.
    Partly(String),
    /// Nothing was asked, although something of ours is there.
    NotAsked,
    /// Nothing of ours is there.
    Empty,
}

/// How a region answered when the promotion was planned.
pub(super) fn answer(facts: &Facts<'_>, region: &Region) -> Answer {
    let here = |location: &Location| matches!(location, Location::Region(r) if r.0 == region.aws);
    let asked: Vec<&ScopeStatus> =
        facts.plan.scopes.iter().filter(|status| here(&status.scope.location)).collect();
    let silent = asked.iter().filter_map(|status| {
        let (cause, message) = status.trouble.as_ref()?;
        cause.defers().then(|| (format!("{}: {message}", status.scope.service), status.unread))
    });
    let (why, unread): (Vec<String>, Vec<usize>) = silent.unzip();
    let of_ours = || facts.objects.values().filter_map(|object| object.scope.as_ref());
    match asked.iter().map(|status| status.objects).sum::<usize>() {
        0 if of_ours().any(|scope| here(&scope.location)) => Answer::NotAsked,
        0 => Answer::Empty,
        _ if why.is_empty() => Answer::Yes,
        all if unread.iter().sum::<usize>() >= all => Answer::No(why.join("; ")),
        _ => Answer::Partly(why.join("; ")),
    }
}

/// The region that would become the primary.
pub(super) fn target(facts: &Facts<'_>) -> Vec<Finding> {
    let to = &facts.to.name;
    let fix = format!("Find out why, or promote another region than {to}.");
    vec![match answer(facts, facts.to) {
        Answer::Empty => return Vec::new(),
        Answer::Yes => Finding::pass(format!("{to} answers.")),
        Answer::No(why) => Finding::fail(format!("{to} does not answer: {why}."), fix),
        Answer::Partly(why) => Finding::fail(format!("{to} answers in part: {why}."), fix),
        Answer::NotAsked => {
            Finding::unknown(format!("{to} was not asked: see what keeps the plan."), fix)
        }
    }]
}

/// The primary. That it does not answer is no proof that it is gone: a person must know it. It is what an
/// ungraceful promotion is for, which this does not stop.
pub(super) fn primary(facts: &Facts<'_>) -> Vec<Finding> {
    let from = &facts.from.name;
    let attested = format!(
        "A promotion then needs somebody who attests that it cannot write: -attest={from} \
         -reason=TEXT -accept-loss=unknown."
    );
    vec![match answer(facts, facts.from) {
        Answer::Empty => return Vec::new(),
        Answer::Yes => Finding::pass(format!("{from} answers: it can be fenced.")),
        Answer::No(why) if facts.graceful() => {
            let fix =
                "Wait until it answers, or write mode = \"ungraceful\" in the failover block.";
            let text = "and the mode is graceful, so that it must be alive";
            Finding::fail(format!("{from} does not answer, {text}: {why}."), fix)
        }
        Answer::No(why) => {
            let fenced = facts
                .parts
                .iter()
                .any(|(at, part)| part.fences() && region_of(at) == Some(&**from));
            let owed =
                if fenced { " Its fences will be owed." } else { " Nothing there is fenced." };
            let text = format!("{from} does not answer, and may still take writes: {why}.{owed}");
            Finding::unknown(text, attested)
        }
        Answer::Partly(why) => {
            Finding::unknown(format!("{from} answers in part: {why}."), attested)
        }
        Answer::NotAsked => {
            Finding::unknown(format!("{from} was not asked: see what keeps the plan."), attested)
        }
    }]
}

/// The steps that need the region that is left, or a control plane that is at home in it
/// (domain.md C1.2), deferred ones too. Its own fence and record are what is owed where it does not
/// answer, and records wait behind a gate.
pub(super) fn steps(facts: &Facts<'_>) -> Vec<Finding> {
    let (plan, from) = (facts.plan, &facts.from.name);
    let Some(promotion) = &plan.promotion else { return Vec::new() };
    let of = |step: &Step| {
        let changes = step.members.iter().filter_map(|member| plan.changes.get(member.change));
        let (id, phase) = (step.id.to_string(), step.phase);
        changes.map(|change| (id.clone(), phase, change)).collect::<Vec<_>>()
    };
    let steps = plan.steps.iter().flat_map(of);
    let deferred = plan.deferred().filter_map(|change| {
        let phase = promotion.phase_of(&facts.parts, &change.address)?;
        Some(("A step that is deferred".to_owned(), phase, change))
    });
    let found: Vec<Finding> = steps
        .chain(deferred)
        .filter_map(|(step, phase, change)| {
            let needs = lost(facts.from, phase, change.scope.as_ref()?)?;
            let dns = block(facts, &change.address.name);
            if phase == Phase::Switch && dns.is_some_and(|dns| dns.gate.is_some()) {
                // Its gate moves the traffic; the records follow when they can be rewritten.
                return None;
            }
            let text = format!(
                "{step}, in the phase {}, needs {needs}: that may be gone with {from}.",
                phase.word()
            );
            let fix = match phase {
                Phase::Switch => without_plane(dns),
                _ => "Change it by an ordinary apply before the promotion.".to_owned(),
            };
            Some(Finding::fail(text, fix).about(&change.address))
        })
        .collect();
    if !found.is_empty() {
        return found;
    }
    let all = counted(plan.steps.iter().filter(|step| step.does()).count(), "step");
    let gated = facts.topology.dns.iter().any(|dns| dns.gate.is_some());
    let waits = if gated { "; records behind a gate can wait" } else { "" };
    let text = format!(
        "None of {all} needs {from} or a control plane at home there, besides its own fence and \
         record{waits}."
    );
    vec![Finding::pass(text)]
}

/// The block that a record is of.
fn block<'f>(facts: &Facts<'f>, name: &str) -> Option<&'f DnsFailover> {
    let name = name.strip_prefix("dns_failover.")?;
    facts.topology.dns.iter().find(|dns| *dns.name == *name)
}

/// What a step needs that may be gone with the region that is left.
fn lost(from: &Region, phase: Phase, scope: &Scope) -> Option<String> {
    let own = matches!(phase, Phase::Fence | Phase::Claim);
    match &scope.location {
        Location::Region(region) if region.0 == from.aws && !own => {
            Some(format!("{} in {region}", scope.service))
        }
        Location::Global { home } if home.0 == from.aws => {
            Some(format!("the control plane of {}, which is at home in {home}", scope.service))
        }
        Location::Region(_) | Location::Global { .. } => None,
    }
}

/// What moves traffic without the control plane of DNS.
const GATE: &str = "Write switch = \"operator\" with a gate in the dns_failover block: the gate moves the \
     traffic without that control plane.";

/// What can be written in a block so that its traffic moves without the control plane of DNS. A gate moves all
/// traffic from one region to another.
pub(super) fn without_plane(dns: Option<&DnsFailover>) -> String {
    let Some(dns) = dns else { return GATE.to_owned() };
    let fixed = dns.endpoints.values().any(|endpoint| endpoint.weight.is_some());
    let shared = fixed || dns.shift.is_some() || dns.weights.is_some_and(|(_, it)| it > 0);
    match dns.policy {
        Policy::Failover => GATE.to_owned(),
        Policy::Weighted if !shared => GATE.to_owned(),
        Policy::Weighted => format!(
            "{GATE} It needs weights = {{ primary = 100, standby = 0 }} and no shift. Or write switch = \
             \"health\": Route 53 leaves out by itself who is ill."
        ),
        Policy::Latency => {
            "Write switch = \"health\" with a health_check: Route 53 leaves out by itself who \
                            is ill."
                .to_owned()
        }
    }
}
