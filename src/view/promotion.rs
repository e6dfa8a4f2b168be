//! Promotions as text: the phases with their steps, where writes stop and resume, and from where on
//! there is no way back.

use std::fmt::Write as _;

use lifeboat_sdk::Value;

use super::escape::line;
use super::kept::{kept, reprotects, retiring};
use super::loss;
use super::outlook;
use super::paint::{Label, Paint};
use super::plan::symbol;
use crate::address::Address;
use crate::approval::PolicyChange;
use crate::plan::{Act, ByHand, Fencing, Kept, Phase, Plan, Promotion, Step, Task, Wish, retires};

/// Who may approve promotions, where the plan changes it: `Approvers: +alice -bob (1 of 2 needed)`.
pub fn approvers(plan: &Plan) -> Option<String> {
    let change = plan.approvers.as_ref()?;
    let added = change.added().map(|approver| format!(" +{}", line(approver.name())));
    let removed = change.removed().map(|approver| format!(" -{}", line(approver.name())));
    let who: String = added.chain(removed).collect();
    let PolicyChange { before, after } = change;
    let who = if who.is_empty() { format!(" {}", line(&after.names())) } else { who };
    let was = match before.needed {
        needed if needed == after.needed || needed == 0 => String::new(),
        needed => format!(", was {needed} of {}", before.approvers().len()),
    };
    let needed = match after.needed {
        0 => "none".to_owned(),
        needed => format!("{needed} of {}", after.approvers().len()),
    };
    Some(format!("Approvers:{who} ({needed} needed{was})"))
}

/// What the promotion is approved by.
fn approve(promotion: &Promotion) -> String {
    let Promotion { to, attest, approvals, .. } = promotion;
    let (down, to) = (line(&attest.join(" and ")), line(to));
    let is = if attest.len() == 1 { "is" } else { "are" };
    let (who, end, sign) = match approvals {
        0 => ("a person".to_owned(), "s", false),
        1 => ("1 approver".to_owned(), "s", true),
        many => (format!("{many} approvers"), "", true),
    };
    match (promotion.needs_attestation(), sign) {
        (false, false) => format!("{who} approve{end} that {to} takes over"),
        (false, true) => format!("{who} sign{end} that {to} takes over"),
        (true, _) => format!("{who} attest{end} that {down} {is} down and cannot write"),
    }
}

/// The options that attest what a promotion needs to be attested, each after a blank.
pub fn attest_options(promotion: &Promotion) -> String {
    promotion.attest.iter().map(|region| format!(" -attest={}", line(region))).collect()
}

/// That the primary's data has no copy, since when, and what to do.
pub fn unprotected(since: &str) -> String {
    let since = line(since);
    format!("Unprotected since {since}: `lifeboat apply` copies the data to the standbys again.")
}

/// That a region is fenced by hand, since when, and what to do.
pub fn fenced(region: &str, since: &str) -> String {
    let (region, since) = (line(region), line(since));
    format!("{region} is fenced by hand since {since}: `lifeboat unfence {region}` opens it.")
}

/// That a region is evacuated, since when, and what to do.
pub fn evacuated(region: &str, since: &str) -> String {
    let (region, since) = (line(region), line(since));
    format!(
        "{region} is evacuated since {since}: `lifeboat evacuate -end {region}` gives it its traffic again."
    )
}

/// That a region holds objects that no other has, and what to do.
pub fn diverged(region: &str, count: u64) -> String {
    let region = line(region);
    let (noun, them) = if count == 1 { ("object", "it") } else { ("objects", "them") };
    format!(
        "{region} holds {count} {noun} alone, written there while it was not fenced: `lifeboat status` \
         lists {them}. Nothing is merged.\n`lifeboat apply -copy-diverged={region}` copies what the primary \
         has not; then `lifeboat apply -discard-diverged={region}` gives up the rest."
    )
}

/// What a plan lists of regions that return, and what it gives up.
pub fn surveys(plan: &Plan) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    for task in plan.surveys() {
        let from = task.arguments.get("from").and_then(Value::as_str).unwrap_or_default();
        lines.push(format!(
            "List what {} holds alone, before anything is copied there: {}",
            line(from),
            line(&task.about)
        ));
    }
    lines.extend(plan.tasks(Act::Backfill).map(backfill));
    lines.extend(reprotects(plan));
    if let Some(region) = &plan.discards {
        let count = plan.diverged.get(region).copied().unwrap_or_default();
        let noun = if count == 1 { "object" } else { "objects" };
        let region = line(region);
        lines.push(format!(
            "Give up {count} {noun} that {region} holds alone: nobody asks for more."
        ));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// How many other changes wait.
pub(super) fn waits(waiting: usize) -> String {
    match waiting {
        0 => String::new(),
        1 => " 1 other change waits for `lifeboat apply`.".to_owned(),
        n => format!(" {n} other changes wait for `lifeboat apply`."),
    }
}

/// What a plan copies that replication does not bring by itself.
pub fn backfill(task: &Task) -> String {
    let text = |name: &str| task.arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let (from, to, about) = (line(text("from")), line(text("to")), line(&task.about));
    match text("replaces") {
        "nothing" => {
            format!("Copy to {to} what {from} holds alone, never over what {to} has: {about}")
        }
        "all" => format!(
            "Copy to {to} what replication does not bring by itself, also over what was given up there: \
             {about}"
        ),
        _ => format!("Copy to {to} what replication does not bring by itself: {about}"),
    }
}

/// What is still to be copied to a region.
pub fn unfilled(address: &str, region: &str, since: &str) -> String {
    let (address, region, since) = (line(address), line(region), line(since));
    format!(
        "Not copied to {region} since {since}: what {address} does not bring by itself. `lifeboat apply` \
         copies it."
    )
}

/// What it means for a region that a fence is owed there and nothing guards it.
pub fn returns_writable(region: &str) -> String {
    format!("{} returns writable until the owed fence is placed", line(region))
}

/// The same below a plan, where it is so.
pub fn exposed(plan: &Plan, paint: Paint) -> String {
    let texts = plan.unprotected.as_deref().map(unprotected);
    let returns = plan.returns_writable.iter();
    let texts = texts.into_iter().chain(returns.map(|region| returns_writable(region) + "."));
    // A plan that is about fences says it itself.
    let marked = plan.fenced.iter().filter(|_| plan.fencing.is_none());
    let texts = texts.chain(marked.map(|(region, since)| fenced(region, since)));
    let left = plan.evacuated.iter().filter(|_| plan.fencing.is_none());
    let texts = texts.chain(left.map(|(region, since)| evacuated(region, since)));
    let alone = plan.diverged.iter().filter(|(region, _)| plan.discards.as_ref() != Some(*region));
    let going =
        |of: &&Kept| plan.pending().all(|c| !retires(c) || c.deposed.as_ref() != Some(&of.name));
    let texts = texts.chain(plan.retired.iter().filter(going).map(kept));
    let texts = texts.chain(alone.map(|(region, count)| diverged(region, *count)));
    texts.map(|text| format!("\n{}\n", paint.label(Label::Warning, &text))).collect()
}

/// How many changes a plan has, deferred ones too.
fn shown(plan: &Plan) -> usize {
    plan.pending().chain(plan.deferred()).count()
}

/// What a plan is about besides objects and outputs.
pub fn about(plan: &Plan) -> Vec<String> {
    [fencing(plan), retiring(plan), shifts(plan), surveys(plan), approvers(plan)]
        .into_iter()
        .flatten()
        .collect()
}

/// What a plan is about that is about fences or traffic alone.
pub fn fencing(plan: &Plan) -> Option<String> {
    let Fencing { wish, waiting, marks, .. } = plan.fencing.as_ref()?;
    let since = |region: &str| plan.fenced.get(region).map(|since| line(since));
    let left = |region: &str| plan.evacuated.get(region).map(|since| line(since));
    let what = match wish {
        Wish::Close(region) => match since(region) {
            Some(since) => format!("{} is fenced by hand since {since}", line(region)),
            None => format!(
                "{} takes no more writes, and no other region takes its place",
                line(region)
            ),
        },
        Wish::Open(region) if *marks => {
            format!("{} is not fenced by hand any more", line(region))
        }
        Wish::Open(region) => format!("{} is not fenced by hand", line(region)),
        Wish::Leave(region) => match left(region) {
            Some(since) => format!("{} is evacuated since {since}", line(region)),
            None => format!("{} gets no more traffic, and the primary stays", line(region)),
        },
        Wish::Return(region) => {
            format!("{} gets the traffic again that the files give it", line(region))
        }
        Wish::Back => "it goes again where the files send it".to_owned(),
        Wish::Owed if shown(plan) == 0 => "none is owed".to_owned(),
        Wish::Owed => "what is owed is placed where regions answer".to_owned(),
    };
    let waits = waits(*waiting);
    let title = if *wish == Wish::Back {
        "Traffic"
    } else if wish.moves_traffic() {
        "Evacuation"
    } else {
        "Fence"
    };
    Some(format!("{title}: {what}.{waits}"))
}

/// How long something is watched, while weights move.
fn watched(task: &Task) -> String {
    let window = task.arguments.get("window").and_then(Value::as_i64);
    let window = window.filter(|_| task.about.starts_with("shift."));
    window.map_or_else(String::new, |window| format!(" for {window} s"))
}

/// What moves in steps in a plan that is no promotion, which tells it itself.
fn shifts(plan: &Plan) -> Option<String> {
    let none = plan.promotion.is_none();
    let legs = plan.steps.iter().filter(|step| none && step.leg.is_some());
    let told = legs.flat_map(|step| {
        let changes = step.members.iter().filter_map(|m| plan.changes.get(m.change));
        changes.filter_map(move |change| {
            let note = line(&plan.leg(step, change)?.note);
            Some(format!("\n  {} ({note})", line(&change.address.to_string())))
        })
    });
    let told: String = told.collect();
    let mut watched = plan.steps.iter().filter(|step| step.act == Some(Act::Probe));
    let watched = watched.any(|step| step.phase == Phase::Change);
    let watched = if watched { ", and what gets the traffic is watched after each" } else { "" };
    (!told.is_empty()).then(|| format!("Traffic moves in steps{watched}:{told}"))
}

/// A step: what it does, or what it changes.
fn told(plan: &Plan, step: &Step, paint: Paint) -> String {
    let mut out = String::new();
    // The record that is looked at once more follows as a change.
    let act = step.act.filter(|act| !matches!(act, Act::Confirm | Act::Hold));
    if let Some((act, task)) = act.zip(step.task.as_ref()) {
        let mark = paint.label(Label::Strong, &format!("{:>5}", act.word()));
        let waits = match act {
            Act::Edit => edited(task),
            Act::Wait => format!(" for {} s", task.limit.as_secs()),
            Act::Probe => watched(task),
            Act::Resolve => format!(" for up to {} s", task.limit.as_secs()),
            _ => String::new(),
        };
        let _ok = writeln!(out, "     {mark} {}{waits}", line(&task.about));
    }
    for change in step.members.iter().filter_map(|m| plan.changes.get(m.change)) {
        let mark = paint.symbol(&format!("{:>3}", symbol(change)));
        let leg = plan.leg(step, change);
        let leg = leg.map_or_else(String::new, |leg| format!(" ({})", line(&leg.note)));
        let _ok = writeln!(out, "       {mark} {}{leg}", line(&change.address.to_string()));
    }
    out
}

/// Where the primary is written.
fn edited(task: &Task) -> String {
    let file = task.arguments.get("file").and_then(Value::as_str).unwrap_or_default();
    let at = task.arguments.get("line").and_then(Value::as_i64).unwrap_or_default();
    format!(" in {}, line {at}", line(file))
}

/// What is done while writes go on.
fn prepare(promotion: &Promotion, plan: &Plan) -> String {
    let prepares = plan.steps.iter().filter(|step| step.phase == Phase::Prepare);
    let mut changes =
        prepares.flat_map(|step| &step.members).filter_map(|m| plan.changes.get(m.change));
    let raises = changes.any(|c| !promotion.lowered.contains_key(&c.address));
    let to = line(&promotion.to);
    match (raises, promotion.lowered.is_empty()) {
        (true, true) => format!("{to} gets the capacity of the primary"),
        (true, false) => {
            format!(
                "{to} gets the capacity of the primary, and resolvers are told to ask soon again"
            )
        }
        (false, true) => format!("{to} is made ready"),
        (false, false) => "resolvers are told to ask soon again".to_owned(),
    }
}

/// What may be lost, where the region that is left does not answer.
fn lost(plan: &Plan, promotion: &Promotion, paint: Paint) -> String {
    let Ok(now) = plan.created.parse() else { return String::new() };
    let mark = paint.label(Label::Warning, "lost");
    let all = loss::components(&promotion.losses, &promotion.to, now);
    all.into_iter().map(|one| format!("      {mark} {one}\n")).collect()
}

/// What is taken over of a promotion that people made by hand.
fn adopted(plan: &Plan, promotion: &Promotion, paint: Paint) -> String {
    let Promotion { from, to, epoch, silent, waiting, .. } = promotion;
    let (from, to) = (line(from), line(to));
    let mut out = String::new();
    let title = format!("Adoption: {from} -> {to}, epoch {epoch} -> {}", epoch + 1);
    let _ok = writeln!(out, "\n{}\n", paint.label(Label::Strong, &title));
    let _ok = writeln!(out, "  {:<10} {}", Phase::Approve.word(), approve(promotion));
    out.push_str(&unplaced(promotion, paint));
    let next = epoch + 1;
    let _ok = writeln!(out, "  {:<10} {to} is the primary, in epoch {next}", Phase::Claim.word());
    for step in plan.steps.iter().filter(|step| step.phase == Phase::Claim && step.does()) {
        out.push_str(&told(plan, step, paint));
    }
    if !silent.is_empty() {
        let mark = paint.label(Label::Warning, "silent");
        let _ok = writeln!(out, "    {mark} {}", line(&silent.join(", ")));
    }
    let _ok = writeln!(
        out,
        "\nNothing else is changed, no hook is run, and nothing is measured or proven: people made {to} \
         the\nprimary by hand. What is left is the next plan{}.",
        match waiting {
            0 => String::new(),
            1 => " (1 change)".to_owned(),
            n => format!(" ({n} changes)"),
        }
    );
    out
}

/// The fences that nobody can place or see now.
fn unplaced(promotion: &Promotion, paint: Paint) -> String {
    let owed = promotion.owed.iter().map(|address| ("owed", address));
    let unseen = promotion.unseen.iter().map(|address| ("unseen", address));
    let told = |(mark, address): (&str, &Address)| {
        format!("      {} {}\n", paint.label(Label::Warning, mark), line(&address.to_string()))
    };
    owed.chain(unseen).map(told).collect()
}

/// What stands before a phase: until where there is a way back.
fn border(promotion: &Promotion, phase: Phase) -> Option<&'static str> {
    let text = match (promotion.rolls_back, promotion.all_write) {
        (true, _) => "---- until here it is rolled back where what gets the traffic is ill ----",
        // What is promoted is promoted back.
        (false, true) => return None,
        (false, false) => "---- no way back from here ----",
    };
    (phase == Phase::Claim).then_some(text)
}

/// What is waited for at last.
fn commit(plan: &Plan, to: &str) -> String {
    let mut steps = plan.steps.iter().filter(|step| step.phase == Phase::Commit && step.does());
    match steps.all(|step| step.act == Some(Act::Resolve)) {
        true => "resolvers forget the old answer: then the promotion is over".to_owned(),
        false => format!("{to} stays healthy: then the promotion is over"),
    }
}

/// Who takes over from whom.
pub fn title(plan: &Plan) -> Option<String> {
    let Promotion { from, to, epoch, .. } = plan.promotion.as_ref()?;
    Some(format!("Promotion: {} -> {}, epoch {epoch} -> {}", line(from), line(to), epoch + 1))
}

/// The phases of a promotion with their steps; nothing for other plans.
pub fn text(plan: &Plan, paint: Paint) -> String {
    let Some(promotion) = &plan.promotion else { return String::new() };
    if promotion.by_hand == Some(ByHand::Adopted) {
        return adopted(plan, promotion, paint);
    }
    let Promotion { from, to, epoch, silent, .. } = promotion;
    let (from, to) = (line(from), line(to));
    let mut out = String::new();
    let title = title(plan).unwrap_or_default();
    let _ok = writeln!(out, "\n{}\n", paint.label(Label::Strong, &title));
    for phase in promotion.phases() {
        let steps = || plan.steps.iter().filter(|step| step.phase == phase && step.does());
        let what = match phase {
            Phase::Change => continue,
            Phase::Approve => approve(promotion),
            Phase::Prepare | Phase::Verify | Phase::Commit if steps().next().is_none() => continue,
            // All regions write: nothing stops, and nothing is taken up.
            Phase::Fence | Phase::Sync | Phase::Promote
                if promotion.all_write && steps().next().is_none() =>
            {
                continue;
            }
            // Nothing copies from there: there is nothing to wait for, and nothing is proven.
            Phase::Sync if !promotion.is_silent() && steps().next().is_none() => continue,
            Phase::Prepare => prepare(promotion, plan),
            Phase::Fence => format!("{from} takes no more writes"),
            Phase::Sync if promotion.is_silent() => {
                format!("what {from} took last is lost, or waits there")
            }
            Phase::Sync => format!("{to} has all that {from} took"),
            Phase::Claim => format!("{to} is the primary, in epoch {}", epoch + 1),
            Phase::Promote => format!("{to} takes writes"),
            Phase::Verify => format!("{to} answers as healthy"),
            Phase::Switch => format!("traffic goes to {to}"),
            Phase::Commit => commit(plan, &to),
        };
        if let Some(text) = border(promotion, phase) {
            let _ok = writeln!(out, "  {}", paint.label(Label::Warning, text));
        }
        let _ok = writeln!(out, "  {:<10} {what}", phase.word());
        for step in steps() {
            out.push_str(&told(plan, step, paint));
        }
        if phase == Phase::Sync {
            out.push_str(&lost(plan, promotion, paint));
        }
        if phase == Phase::Claim && !silent.is_empty() {
            let mark = paint.label(Label::Warning, "silent");
            let _ok = writeln!(out, "    {mark} {}", line(&silent.join(", ")));
        }
        if phase == Phase::Fence {
            out.push_str(&unplaced(promotion, paint));
        }
    }
    if !promotion.unproven.is_empty() {
        let names = line(&promotion.unproven.join(", "));
        let why = match promotion.by_hand {
            Some(_) => "because a part was done by hand",
            None => "because nothing that copies it to there can be read",
        };
        let _ok = writeln!(out, "\nNot proven, {why}: {names}.");
    }
    if !promotion.left_out.is_empty() {
        let names = line(&promotion.left_out.join(", "));
        let _ok = writeln!(out, "\nLeft out, because {from} does not answer: {names}.");
    }
    out.push_str(&outlook::table(plan, paint));
    out.push_str(&meanwhile(plan, promotion));
    out
}

/// What becomes of writes while it goes on, and what comes after it.
fn meanwhile(plan: &Plan, promotion: &Promotion) -> String {
    let waits = match promotion.waiting {
        0 => String::new(),
        1 => " (1 change waits for it)".to_owned(),
        n => format!(" ({n} changes wait for it)"),
    };
    if promotion.all_write {
        return format!(
            "\nAll regions take writes all the time: the role and the traffic move. What else there is \
             to do\nis the next plan{waits}.\n"
        );
    }
    format!(
        "\n{}\nThen the topology is unprotected until re-protection, which is the next plan{waits}.\n",
        outlook::writes(plan, promotion)
    )
}
