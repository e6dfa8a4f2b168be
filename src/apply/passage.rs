//! What the steps of a promotion that change no object do to state: who approved it, how far it
//! came and when, and from the claim on which region is the primary.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use lifeboat_sdk::{Replaces, Value};
use lifeboat_state::model::{
    Alone, Backfill, Evidence, Gate, Lone, Owed, Passage, Resolver, Unmerged,
};

use super::current::Current;
use super::request::Taken;
use crate::address::Address;
use crate::plan::promotion::{LEAVES, region_of};
use crate::plan::{Act, Fencing, Phase, Plan, PlanMode, Promotion, Step, Wish};
use crate::topology::hook::REPROTECT;

impl Current<'_> {
    /// Takes over what a step did that changes no object; `told` is what the journal keeps of it.
    pub fn act(&mut self, step: &Step, told: &Value) {
        let Some(act) = step.act else { return };
        let at = told.get("at").and_then(Value::as_str).unwrap_or_default().to_owned();
        let about = step.task.as_ref().map(|task| task.about.to_string()).unwrap_or_default();
        let promotions = &mut self.state.promotions;
        // The acts of ordinary plans.
        match act {
            Act::Close => drop(promotions.gates.remove(&about)),
            Act::Survey => {
                let from = step.task.as_ref().and_then(|task| task.arguments.get("from"));
                let from = from.and_then(Value::as_str).unwrap_or_default();
                if let Some(alone) = promotions.alone.get_mut(from) {
                    alone.found.insert(about.clone(), unmerged(told, &at));
                }
            }
            Act::Backfill => self.backfilled(step, told, &at),
            Act::Hook if self.plan.promotion.is_none() => {
                if let Some(passage) = promotions.last.as_mut() {
                    note(passage, about.clone(), REPROTECT, (act, at.clone()), told);
                }
            }
            _ => {}
        }
        let promotions = &mut self.state.promotions;
        let Some(promotion) = &self.plan.promotion else { return };
        if act == Act::Approve {
            promotions.begin(begun(promotion, told));
        }
        let passage = promotions.last.get_or_insert_default();
        match act {
            Act::Approve | Act::Reach => {
                drop(passage.reached.insert(step.phase.word().to_owned(), at));
            }
            Act::Edit | Act::Hook | Act::Sync | Act::Hold | Act::Probe | Act::Resolve => {
                note(passage, about, step.phase.word(), (act, at), told);
            }
            Act::Open => {
                note(passage, format!("{about} open"), step.phase.word(), (act, at.clone()), told);
                let region =
                    step.task.as_ref().and_then(|task| task.arguments.get(LEAVES)?.as_str());
                let region = region.unwrap_or(&promotion.from).to_owned();
                let gate = Gate { region, since: at };
                promotions.gates.insert(about, gate);
            }
            Act::Close => {
                note(passage, format!("{about} close"), step.phase.word(), (act, at), told);
            }
            Act::Confirm | Act::Wait | Act::Survey | Act::Backfill => {}
            Act::Claim => {
                passage.reached.insert(step.phase.word().to_owned(), at.clone());
                self.claim(promotion, &at);
            }
        }
    }

    /// Keeps what an operator asked, and what was done about it.
    pub fn asked(&mut self, taken: &Taken) {
        let Some(passage) = self.state.promotions.last.as_mut() else { return };
        let reached = |phase: &Phase| passage.reached.contains_key(phase.word());
        let phase = Phase::ALL.into_iter().skip(1).find(|phase| !reached(phase));
        let because = if taken.reason.is_empty() { "" } else { ": " };
        let told = format!("{} by {}{because}{}", taken.words(), taken.who, taken.reason);
        let name = format!("request {}", taken.number);
        let evidence = Evidence {
            act: "request".to_owned(),
            phase: phase.map(Phase::word).unwrap_or_default().to_owned(),
            at: taken.at.clone(),
            ..Evidence::default()
        };
        passage.told.insert(name.clone(), told);
        passage.evidence.insert(name, evidence);
    }

    /// A region is fenced by hand, and owes each fence until it is placed; or it is open again. Or it is
    /// evacuated, or gets traffic again.
    pub(super) fn fencing(&mut self, fencing: &Fencing) {
        let (since, epoch) = (&self.plan.created, self.state.epoch);
        let promotions = &mut self.state.promotions;
        match &fencing.wish {
            Wish::Close(region) => {
                let region = region.to_string();
                for fence in &fencing.places {
                    let owed = Owed { region: region.clone(), epoch, since: since.clone() };
                    promotions.owed.entry(fence.to_string()).or_insert(owed);
                }
                promotions.fenced.entry(region).or_insert_with(|| since.clone());
            }
            Wish::Open(region) => drop(promotions.fenced.remove(&**region)),
            Wish::Leave(region) => {
                promotions.evacuated.entry(region.to_string()).or_insert_with(|| since.clone());
            }
            Wish::Return(region) => drop(promotions.evacuated.remove(&**region)),
            Wish::Owed | Wish::Back => {}
        }
    }

    /// What is to be copied is so until it is done, whoever dies.
    pub(super) fn backfills(&mut self) {
        let inputs = &self.plan.inputs;
        let whole = self.plan.mode == PlanMode::Normal
            && self.plan.promotion.is_none()
            && self.plan.fencing.is_none()
            && self.plan.retiring.is_none()
            && inputs.targets.is_empty()
            && inputs.excludes.is_empty()
            && inputs.exclude_regions.is_empty();
        let known = &mut self.state.promotions.backfills;
        if self.plan.mode == PlanMode::Destroy {
            known.clear();
        }
        let before = if whole { std::mem::take(known) } else { known.clone() };
        for (address, regions) in &self.plan.backfills {
            for (region, given_up) in regions {
                let since = before.get(address).and_then(|of| of.get(region));
                let since = since.map_or_else(|| self.plan.created.clone(), |it| it.since.clone());
                let one = Backfill { since, given_up: *given_up };
                known.entry(address.clone()).or_default().insert(region.clone(), one);
            }
        }
    }

    /// What was to be copied is copied; of what a region held alone the rest is told.
    fn backfilled(&mut self, step: &Step, told: &Value, at: &str) {
        let text = |name: &str| {
            let arguments = step.task.as_ref().map(|task| &task.arguments);
            arguments.and_then(|all| all.get(name)).and_then(Value::as_str).unwrap_or_default()
        };
        let (address, from, to) = (text("address"), text("from"), text("to"));
        let promotions = &mut self.state.promotions;
        if text("replaces") == Replaces::Nothing.word() {
            let alone = promotions.alone.get_mut(from);
            if let Some(found) = alone.and_then(|alone| alone.found.get_mut(address)) {
                *found = unmerged(told, at);
            }
            return;
        }
        if let Some(regions) = promotions.backfills.get_mut(address) {
            regions.remove(to);
        }
        promotions.backfills.retain(|_, regions| !regions.is_empty());
    }

    /// The other region is the primary.
    fn claim(&mut self, promotion: &Promotion, at: &str) {
        self.state.epoch = promotion.epoch + 1;
        self.state.primary = Some(promotion.to.to_string());
        let promotions = &mut self.state.promotions;
        promotions.left = Some(promotion.from.to_string());
        // It is fenced by its role now.
        promotions.fenced.remove(&*promotion.from);
        // What copies from now on has none of its own yet.
        promotions.backfills.clear();
        // Whoever becomes the primary was settled before.
        promotions.alone.remove(&*promotion.to);
        let Plan { steps, changes, .. } = self.plan;
        let missed = promotion.fences(steps, changes).filter(|it| !self.made.contains(&it.change));
        let missed = missed.filter_map(|fence| Some(&changes.get(fence.change)?.address));
        // Those that did not answer when it was planned, and those that did not when they were placed.
        let owed: BTreeSet<&Address> = promotion.owed.iter().chain(missed).collect();
        if let Some(passage) = &mut promotions.last {
            passage.owed = owed.iter().map(ToString::to_string).collect();
        }
        if !owed.is_empty() || !promotion.proves() {
            let (epoch, since) = (self.state.epoch, at.to_owned());
            let alone = Alone { epoch, since, found: BTreeMap::new() };
            promotions.alone.insert(promotion.from.to_string(), alone);
        }
        let unseen = promotion.unseen.iter().filter_map(|at| Some((at, region_of(at)?)));
        for (_, region) in unseen.clone() {
            // Somebody may have promoted it with another state.
            let (epoch, since) = (self.state.epoch, at.to_owned());
            let alone = || Alone { epoch, since, found: BTreeMap::new() };
            promotions.alone.entry(region.to_owned()).or_insert_with(alone);
        }
        let all = owed.iter().map(|address| (*address, &*promotion.from));
        for (address, region) in all.chain(unseen) {
            let (epoch, since) = (self.state.epoch, at.to_owned());
            let owed = Owed { region: region.to_owned(), epoch, since };
            promotions.owed.insert(address.to_string(), owed);
        }
        let writes = |step: &Step| step.phase == Phase::Promote && !step.members.is_empty();
        let by_hand = promotion.by_hand.is_some();
        let hooks = promotion.reprotects;
        if hooks || by_hand || !owed.is_empty() || self.plan.steps.iter().any(writes) {
            promotions.unprotected = Some(at.to_owned());
            promotions.protected = None;
        }
    }
}

/// A promotion as it is approved.
fn begun(promotion: &Promotion, told: &Value) -> Passage {
    let texts = told.entries().into_iter().flatten().filter(|(name, _)| &**name != "at");
    let approval = texts.filter_map(|(name, part)| Some((name.to_string(), kept(part)?)));
    Passage {
        from: promotion.from.to_string(),
        to: promotion.to.to_string(),
        epoch: promotion.epoch + 1,
        approval: approval.chain(promotion.made_by_hand()).collect(),
        mode: promotion.mode().word().to_owned(),
        owed: promotion.owed.iter().map(ToString::to_string).collect(),
        left_out: promotion.left_out.iter().map(ToString::to_string).collect(),
        ..Passage::default()
    }
}

/// What a part of an approval is kept as: who signed it by name and fingerprint.
fn kept(part: &Value) -> Option<String> {
    if let Some(yes) = part.as_bool() {
        return yes.then(|| "yes".to_owned());
    }
    let Some(signers) = part.items() else { return part.as_str().map(str::to_owned) };
    let signer = |signer: &Value| {
        let text = |name: &str| signer.get(name).and_then(Value::as_str);
        Some(format!("{} ({})", text("name")?, text("fingerprint")?))
    };
    Some(signers.iter().filter_map(signer).collect::<Vec<_>>().join(", "))
}

/// What a survey told.
fn unmerged(told: &Value, at: &str) -> Unmerged {
    let number = |value: &Value, name: &str| {
        let number = value.get(name).and_then(Value::as_i64);
        number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
    };
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let lone = |one: &Value| Lone {
        key: text(one, "key").unwrap_or_default(),
        version: text(one, "version"),
        tag: text(one, "tag").unwrap_or_default(),
        size: number(one, "size"),
        written: one.get("written").and_then(Value::as_i64),
        differs: one.get("differs").and_then(Value::as_bool).unwrap_or_default(),
        deleted: one.get("deleted").and_then(Value::as_bool).unwrap_or_default(),
    };
    let first = told.get("first").and_then(Value::items).unwrap_or_default();
    Unmerged {
        at: at.to_owned(),
        compared: number(told, "compared"),
        count: number(told, "count"),
        first: first.iter().map(lone).collect(),
    }
}

/// Keeps what a step told that changes no object: the line, and what stands behind it.
fn note(passage: &mut Passage, name: String, phase: &str, (act, at): (Act, String), told: &Value) {
    let text = |name: &str| told.get(name).and_then(Value::as_str);
    let (failed, how) = (text("failed"), text("how").unwrap_or("done"));
    let compared = told.get("compared").and_then(Value::as_i64);
    let resolvers = told.get("resolvers").and_then(Value::items).unwrap_or_default();
    let now = at.clone();
    let evidence = Evidence {
        act: act.word().to_owned(),
        phase: phase.to_owned(),
        at,
        failed: failed.is_some(),
        output: text("output").filter(|output| !output.is_empty()).map(str::to_owned),
        compared: compared.and_then(|count| u64::try_from(count).ok()),
        resolvers: resolvers.iter().map(|told| resolver(told, &now)).collect(),
    };
    passage.told.insert(name.clone(), failed.unwrap_or(how).to_owned());
    passage.evidence.insert(name, evidence);
}

/// What is known of a resolver, by what was told of it at this time.
fn resolver(told: &Value, now: &str) -> Resolver {
    let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    let now: Option<Timestamp> = now.parse().ok();
    let span = |name: &str| told.get(name).and_then(Value::as_i64).map(SignedDuration::from_millis);
    let at = |span: SignedDuration| Some(now?.checked_add(span).ok()?.to_string());
    Resolver {
        at: text("at").unwrap_or_default(),
        region: text("region"),
        moved: span("moved_ago").and_then(|ago| at(-ago)),
        until: span("left").and_then(at),
        unknown: text("unknown"),
    }
}
