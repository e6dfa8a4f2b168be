//! Promotions as JSON: an addition of ours to Terraform's plan document.

use serde_json::{Value as Json, json};

use super::outlook::outlook;
use crate::approval::{Policy, PolicyChange};
use crate::plan::loss::{Exposure, Losses};
use crate::plan::{ByHand, Fencing, Kept, Plan, Retiring};

/// The phases with the addresses of what they change; nothing for other plans.
pub fn promotion(plan: &Plan) -> Option<Json> {
    let promotion = plan.promotion.as_ref()?;
    let phases = promotion.phases().into_iter().map(|phase| {
        let steps = plan.steps.iter().filter(|step| step.phase == phase);
        let acts = steps.clone().filter_map(|step| step.act.zip(step.task.as_ref()));
        let acts = acts.map(|(act, task)| json!({ "act": act.word(), "about": &*task.about }));
        let acts: Vec<Json> = acts.collect();
        let changes = steps.flat_map(|step| &step.members);
        let changes = changes.filter_map(|member| plan.changes.get(member.change));
        let addresses: Vec<String> = changes.map(|change| change.address.to_string()).collect();
        json!({ "phase": phase.word(), "changes": addresses, "acts": acts })
    });
    let owed: Vec<String> = promotion.owed.iter().map(ToString::to_string).collect();
    let unseen: Vec<String> = promotion.unseen.iter().map(ToString::to_string).collect();
    let silent: Vec<&str> = promotion.silent.iter().map(|region| &**region).collect();
    let (steps, timeline) = outlook(plan);
    Some(json!({
        "from": &*promotion.from,
        "to": &*promotion.to,
        "from_epoch": promotion.epoch,
        "phases": phases.collect::<Vec<_>>(),
        "steps": steps,
        "timeline": timeline,
        "owed": owed,
        "unseen": unseen,
        "silent": silent,
        "needs_attestation": promotion.needs_attestation(),
        "attest": promotion.attest.iter().map(|region| &**region).collect::<Vec<_>>(),
        "waiting": promotion.waiting,
        "left_out": promotion.left_out.iter().map(|name| &**name).collect::<Vec<_>>(),
        "mode": promotion.mode().word(),
        "rolls_back": promotion.rolls_back,
        "by_hand": promotion.by_hand.map(ByHand::word),
        "unproven": promotion.unproven.iter().map(|name| &**name).collect::<Vec<_>>(),
        "approvals": promotion.approvals,
        "all_write": promotion.all_write,
        "since": promotion.losses.since.map(|since| since.to_string()),
        "losses": losses(plan, &promotion.losses),
        "lowered_ttl": promotion.lowered.iter().map(|(at, ttl)| (at.to_string(), json!(ttl))).collect::<serde_json::Map<_, _>>(),
    }))
}

/// What may be lost where the region that is left does not answer, as of the plan.
fn losses(plan: &Plan, losses: &Losses) -> Vec<Json> {
    let now = plan.created.parse().ok();
    let one = |one: &Exposure| {
        let proven = one.proven.as_ref();
        json!({
            "about": &*one.about,
            "copied": one.copied,
            "at_most_seconds": now.and_then(|now| losses.bound_of(one, now)),
            "had_all_until": proven.map(|proven| proven.until.to_string()),
            "compared": proven.map(|proven| proven.at.to_string()),
        })
    };
    losses.of.iter().map(one).collect()
}

/// Who may approve promotions, before and after, where the plan changes it.
pub fn approvers(plan: &Plan) -> Option<Json> {
    let PolicyChange { before, after } = plan.approvers.as_ref()?;
    Some(json!({ "before": policy(before), "after": policy(after) }))
}

/// How many must approve a promotion, and who may.
pub fn policy(policy: &Policy) -> Json {
    let approvers = policy
        .approvers()
        .iter()
        .map(|approver| json!({ "name": approver.name(), "fingerprint": approver.fingerprint() }));
    json!({ "needed": policy.needed, "approvers": approvers.collect::<Vec<_>>() })
}

/// What a plan is about that is about fences alone.
pub fn fence(plan: &Plan) -> Option<Json> {
    let Fencing { wish, places, waiting, .. } = plan.fencing.as_ref()?;
    Some(json!({
        "wish": wish.word(),
        "region": wish.region().map(|region| &**region),
        "places": places.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "waiting": waiting,
    }))
}

/// What a plan deletes that promotions left, before its time.
pub fn retiring(plan: &Plan) -> Option<Json> {
    let Retiring { early, reason, waiting } = plan.retiring.as_ref()?;
    let early = early.iter().map(|name| &**name).collect::<Vec<_>>();
    Some(json!({ "early": early, "reason": reason, "waiting": waiting }))
}

/// What is kept that a promotion left.
pub fn kept(kept: &Kept) -> Json {
    let Kept { address, name, region, epoch, since, until } = kept;
    json!({
        "address": address.to_string(),
        "name": &**name,
        "region": region,
        "epoch": epoch,
        "since": since,
        "until": until,
    })
}
