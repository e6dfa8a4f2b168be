//! Promotions as text: the phases with their steps, where writes stop and resume, and from where on
//! there is no way back.

use std::fmt::Write as _;

use super::escape::line;
use super::paint::{Label, Paint};
use super::plan::symbol;
use crate::plan::{Phase, Plan, Promotion, Step};

/// The phases of a promotion with their steps; nothing for other plans.
pub fn text(plan: &Plan, paint: Paint) -> String {
    let Some(promotion) = &plan.promotion else { return String::new() };
    let Promotion { from, to, epoch, owed, silent, waiting, .. } = promotion;
    let (from, to) = (line(from), line(to));
    let mut out = String::new();
    let title = format!("Promotion: {from} -> {to}, epoch {epoch} -> {}", epoch + 1);
    let _ok = writeln!(out, "\n{}\n", paint.label(Label::Strong, &title));
    for phase in Phase::ALL.into_iter().filter(|phase| *phase != Phase::Change) {
        let shown = |step: &&Step| !step.members.is_empty() || step.task.is_some();
        let steps = || plan.steps.iter().filter(|step| step.phase == phase).filter(shown);
        let what = match phase {
            Phase::Change => continue,
            Phase::Approve if !promotion.needs_attestation() => {
                format!("a person approves that {to} takes over")
            }
            Phase::Approve => format!("a person attests that {from} is down and cannot write"),
            Phase::Prepare if steps().next().is_none() => continue,
            Phase::Prepare => format!("{to} gets the capacity of the primary"),
            Phase::Fence => format!("{from} takes no more writes"),
            Phase::Sync if promotion.is_silent() => {
                format!("nobody can tell what {from} took last: it is lost, or waits there")
            }
            Phase::Sync => format!("{to} has all that {from} took"),
            Phase::Claim => format!("{to} is the primary, in epoch {}", epoch + 1),
            Phase::Promote => format!("{to} takes writes"),
            Phase::Switch => format!("traffic goes to {to}"),
        };
        if phase == Phase::Promote {
            let text = "---- no way back from here ----";
            let _ok = writeln!(out, "  {}", paint.label(Label::Warning, text));
        }
        let _ok = writeln!(out, "  {:<10} {what}", phase.word());
        for step in steps() {
            if let Some((act, task)) = step.act.zip(step.task.as_ref()) {
                let mark = paint.label(Label::Strong, &format!("{:>5}", act.word()));
                let _ok = writeln!(out, "     {mark} {}", line(&task.about));
            }
            for change in step.members.iter().filter_map(|m| plan.changes.get(m.change)) {
                let mark = paint.symbol(&format!("{:>3}", symbol(change)));
                let _ok = writeln!(out, "       {mark} {}", line(&change.address.to_string()));
            }
        }
        if phase == Phase::Claim && !silent.is_empty() {
            let mark = paint.label(Label::Warning, "silent");
            let _ok = writeln!(out, "    {mark} {}", line(&silent.join(", ")));
        }
        if phase == Phase::Fence {
            for address in owed {
                let mark = paint.label(Label::Warning, "owed");
                let _ok = writeln!(out, "      {mark} {}", line(&address.to_string()));
            }
        }
    }
    if !promotion.left_out.is_empty() {
        let names = line(&promotion.left_out.join(", "));
        let _ok = writeln!(out, "\nLeft out, because {from} does not answer: {names}.");
    }
    let _ok = writeln!(
        out,
        "\nWrites stop with the fence and resume when {to} takes them. Then the topology is \
         unprotected\nuntil re-protection, which is the next plan{}.",
        match waiting {
            0 => String::new(),
            1 => " (1 change waits for it)".to_owned(),
            n => format!(" ({n} changes wait for it)"),
        }
    );
    out
}
