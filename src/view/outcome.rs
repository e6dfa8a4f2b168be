//! What an apply came to, as text.

use std::fmt::Write as _;

use lifeboat_sdk::{Marks, Value};
use lifeboat_state::model::Ownership;

use super::escape::line;
use super::literal;
use super::paint::{Label, Paint};
use crate::apply::{Fate, Outcome, RunEnding};
use crate::plan::promotion::Mode;
use crate::plan::{Plan, PlanMode, Promotion};

/// What follows an import.
const IMPORTED: &str = "
The object is in the state now, as it is live. `lifeboat plan` shows what differs from its block.
";

/// What follows for objects that are known by their tags.
const TAGS: &str = "\
The tags by which lifeboat knows it as its own are written by the next apply.
";

/// The last line.
pub fn summary(outcome: &Outcome, mode: PlanMode) -> String {
    let c = outcome.counts();
    let done = outcome.ending == RunEnding::Done;
    let word = if done { "complete!" } else { "incomplete." };
    match mode {
        PlanMode::Normal | PlanMode::RefreshOnly => {}
        PlanMode::Destroy => {
            return format!("Destroy {word} Resources: {} destroyed.", c.destroyed);
        }
        PlanMode::Import if done => return "Import successful!".to_owned(),
        PlanMode::Import => return "Import failed.".to_owned(),
    }
    let import = if c.imported > 0 { format!("{} imported, ", c.imported) } else { String::new() };
    format!(
        "Apply {word} Resources: {import}{} added, {} changed, {} destroyed.",
        c.added, c.changed, c.destroyed
    )
}

/// What else may be done about a promotion that has not begun to claim.
fn unclaimed(plan: &Plan, outcome: &Outcome) -> String {
    let graceful = |promotion: &&Promotion| promotion.mode() == Mode::Graceful;
    let Some(promotion) = plan.promotion.as_ref().filter(graceful) else { return String::new() };
    let mut records = outcome.objects.iter().filter(|object| object.address.is_of_lifeboat());
    if !records.all(|record| matches!(record.fate, Fate::NotTried(_))) {
        return String::new();
    }
    format!(
        "To give the promotion up: `lifeboat promote -abort`. To go on without {from}, where that is lost:\n\
         `lifeboat promote -ungraceful -attest={from} -reason=TEXT -accept-loss=unknown`.\n",
        from = line(&promotion.from)
    )
}

/// What was done, what failed, what was not tried, what is in doubt, and what goes on from here; whether the
/// same command `goes_on` when a promotion is over.
pub fn text(plan: &Plan, outcome: &Outcome, paint: Paint, goes_on: bool) -> String {
    let mut out = String::new();
    let destroy = plan.mode == PlanMode::Destroy;
    let undone: Vec<_> = outcome.undone().collect();
    if !undone.is_empty() {
        out.push_str("\nNot done:\n");
        for object in undone {
            let (word, why) = match &object.fate {
                Fate::Failed(why) => ("failed", why),
                Fate::NotTried(why) => ("not tried", why),
                Fate::InDoubt(why) => ("in doubt", why),
                Fate::Done => continue,
            };
            let address = line(&object.address.to_string());
            let _ok = writeln!(out, "  {address}: {word}: {}", line(why));
        }
        if !outcome.is_taken_over() {
            out.push_str(
                "\nRun `lifeboat apply` again: it settles what is in doubt and goes on from here.\n",
            );
            out.push_str(&unclaimed(plan, outcome));
        }
    }
    let deferred = plan.deferred().count();
    if deferred > 0 {
        let _ok = writeln!(
            out,
            "\n{} deferred until their region answers: run `lifeboat apply` then.",
            if deferred == 1 {
                "1 change is".to_owned()
            } else {
                format!("{deferred} changes are")
            }
        );
    }
    let label = if outcome.ending == RunEnding::Done { Label::Add } else { Label::Warning };
    let _ok = writeln!(out, "\n{}", paint.label(label, &summary(outcome, plan.mode)));
    if let Some(promotion) = plan.promotion.as_ref().filter(|_| outcome.ending == RunEnding::Done) {
        let (to, epoch) = (line(&promotion.to), outcome.state.epoch);
        let _ok = writeln!(out, "\n{to} is the primary, in epoch {epoch}.");
        if outcome.state.promotions.unprotected.is_some() {
            out.push_str("Its data is not copied anywhere yet");
            out.push_str(if goes_on { ".\n" } else { ": run `lifeboat apply`.\n" });
        }
    }
    if plan.mode == PlanMode::Import && outcome.ending == RunEnding::Done {
        out.push_str(IMPORTED);
        if outcome.state.objects.values().any(|o| o.ownership == Ownership::Tags) {
            out.push_str(TAGS);
        }
    }
    if !outcome.outputs.is_empty() && !destroy {
        out.push_str("\nOutputs:\n\n");
        out.push_str(&outputs(outcome.outputs.iter().map(|(n, v)| (&**n, v))));
    }
    out
}

/// Outputs as text, one a line.
pub fn outputs<'v>(values: impl Iterator<Item = (&'v str, &'v Value)>) -> String {
    let mut out = String::new();
    for (name, value) in values {
        let secret = value.unmark().1.contains(Marks::SENSITIVE);
        let text = if secret { "<sensitive>".to_owned() } else { literal::value(value, 0) };
        let _ok = writeln!(out, "{name} = {text}");
    }
    out
}
