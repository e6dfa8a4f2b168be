//! What an apply came to, as text.

use std::fmt::Write as _;

use lifeboat_sdk::{Marks, Value};

use super::escape::line;
use super::literal;
use super::paint::{Label, Paint};
use crate::apply::{Fate, Outcome, RunEnding};
use crate::plan::Plan;

/// The last line.
pub fn summary(outcome: &Outcome, destroy: bool) -> String {
    let c = outcome.counts();
    if destroy {
        let word = if outcome.ending == RunEnding::Done { "complete!" } else { "incomplete." };
        return format!("Destroy {word} Resources: {} destroyed.", c.destroyed);
    }
    let word = if outcome.ending == RunEnding::Done { "complete!" } else { "incomplete." };
    let import = if c.imported > 0 { format!("{} imported, ", c.imported) } else { String::new() };
    format!(
        "Apply {word} Resources: {import}{} added, {} changed, {} destroyed.",
        c.added, c.changed, c.destroyed
    )
}

/// What was done, what failed, what was not tried, what is in doubt, and what goes on from here.
pub fn text(plan: &Plan, outcome: &Outcome, destroy: bool, paint: Paint) -> String {
    let mut out = String::new();
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
        out.push_str(
            "\nRun `lifeboat apply` again: it settles what is in doubt and goes on from here.\n",
        );
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
    let _ok = writeln!(out, "\n{}", paint.label(label, &summary(outcome, destroy)));
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
