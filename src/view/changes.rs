//! The differences between two generations of state as text, like a plan's.

use std::fmt::Write as _;

use super::escape::line;
use super::paint::Label;
use super::plan::PlanView;
use crate::address::Mode;
use crate::diff::Action;
use crate::engine::compare::{Comparison, Counts, Difference};
use crate::plan::ObjectChange;

/// What differs between the generations `old` and `new`.
pub fn text(view: &PlanView<'_>, (old, new): (u64, u64), found: &Comparison) -> String {
    let mut out = format!("Generation {old} -> {new}:\n");
    for difference in &found.objects {
        object(view, difference, &mut out);
    }
    let mut outputs = String::new();
    view.outputs(&found.outputs, &mut outputs);
    if found.objects.is_empty() && outputs.is_empty() {
        out.push_str("\nNo differences.\n");
        return out;
    }
    let _ok = writeln!(out, "\n{}", summary(counts(found)));
    out + &outputs
}

/// How many objects of each sort.
fn counts(found: &Comparison) -> Counts {
    let mut counts = Counts::default();
    for change in found.objects.iter().map(|it| &it.change) {
        match change.action {
            _ if change.previous_address.is_some() => counts.moved += 1,
            Action::Create => counts.added += 1,
            Action::Delete => counts.removed += 1,
            _ => counts.changed += 1,
        }
    }
    counts
}

/// `Objects: 1 added, 2 changed, 0 removed.`
fn summary(counts: Counts) -> String {
    let Counts { added, changed, removed, moved } = counts;
    let moved = if moved > 0 { format!(", {moved} moved") } else { String::new() };
    format!("Objects: {added} added, {changed} changed, {removed} removed{moved}.")
}

/// What became of an object.
fn headline(change: &ObjectChange) -> String {
    let address = line(&change.address.to_string());
    if let Some(was) = &change.previous_address {
        return format!("{} was moved to {address}", line(&was.to_string()));
    }
    let what = match change.action {
        Action::Create => "was added",
        Action::Delete => "was removed",
        Action::Replace => "was replaced",
        _ => "was changed",
    };
    format!("{address} {what}")
}

fn object(view: &PlanView<'_>, difference: &Difference, out: &mut String) {
    let Difference { change, notes } = difference;
    let title = view.paint.label(Label::Strong, &format!("# {}", headline(change)));
    let _ok = writeln!(out, "\n  {title}");
    for note in notes {
        let _ok = writeln!(out, "  # ({})", line(note));
    }
    if view.compact || change.action == Action::NoOp {
        return;
    }
    let mark = match change.action {
        Action::Create => "  +",
        Action::Delete => "  -",
        Action::Replace => "-/+",
        _ => "  ~",
    };
    let kind = if change.address.mode == Mode::Data { "data" } else { "resource" };
    let _ok = writeln!(
        out,
        "{} {kind} \"{}\" \"{}\" {{",
        view.paint.symbol(mark),
        line(&change.address.kind),
        line(&change.address.name)
    );
    for entry in view.lines(change) {
        view.line(&entry, 3, out);
    }
    out.push_str("    }\n");
}
