//! What a promotion is expected to come to, as text: a line for each phase, and when writes stop and
//! resume.

use std::fmt::Write as _;
use std::time::Duration;

use super::escape::line;
use super::paint::{Label, Paint};
use crate::plan::outlook::{Outlook, Source, Span};
use crate::plan::{Phase, Plan, Promotion, Step};

/// `0.3 s`, `120 s`, `10 m 05 s`: where anything was measured, all have a fraction.
fn time(of: Duration, outlook: &Outlook<'_>) -> String {
    let tenths = of.as_millis().div_ceil(100);
    let (seconds, rest) = (tenths / 10, tenths % 10);
    let measured = outlook.phases.iter().any(|span| outlook.knows(span, Source::Measured));
    match (seconds, rest) {
        (0..600, 0) if !measured => format!("{seconds} s"),
        (0..600, rest) => format!("{seconds}.{rest} s"),
        _ => format!("{} m {:02} s", seconds / 60, seconds % 60),
    }
}

/// How wide the table is at most.
const WIDTH: usize = 80;

/// The table of phases; nothing where no step takes any time.
pub fn table(plan: &Plan, paint: Paint) -> String {
    let Some(outlook) = known(plan) else { return String::new() };
    // Where all write, what is promoted can be promoted back.
    let all_write = plan.promotion.as_ref().is_some_and(|promotion| promotion.all_write);
    let title = format!("Expected   {:>11} {:>11}  known by", "begins", "takes");
    let mut out = format!("\n{}\n", paint.label(Label::Strong, &title));
    for span in &outlook.phases {
        let border = span.phase == Phase::Claim && !all_write;
        if span.source.is_none() && !border {
            continue;
        }
        let row = row(plan, &outlook, span);
        let mark = if border { "no way back once this begins" } else { "" };
        // Beside what is known it would be too wide.
        let room = row.chars().count() + mark.len() + 2 <= WIDTH;
        let mark = paint.label(Label::Warning, mark);
        let gap = if border && room { "  " } else { "" };
        let _ok = writeln!(out, "{}", format!("{row}{gap}{mark}").trim_end());
    }
    out
}

/// What is expected, where any step takes time.
fn known(plan: &Plan) -> Option<Outlook<'_>> {
    Outlook::of(plan).filter(|outlook| outlook.phases.iter().any(|span| span.source.is_some()))
}

fn row(plan: &Plan, outlook: &Outlook<'_>, span: &Span) -> String {
    let takes = time(span.ends.saturating_sub(span.begins), outlook);
    let source = span.source.map_or("", |source| source.word());
    let (phase, begins) = (span.phase.word(), time(span.begins, outlook));
    let row = format!("  {phase:<10} {begins:>10} {takes:>11}  {source:<8}");
    match outlook.slowest(span).map(|step| name(plan, step)) {
        Some(name) => {
            let room = WIDTH.saturating_sub(row.chars().count() + 2);
            let cut: String = match name.chars().count() > room {
                true => name.chars().take(room.saturating_sub(1)).chain(['…']).collect(),
                false => name,
            };
            format!("{row}  {cut}")
        }
        None => row,
    }
}

/// What a step is called.
fn name(plan: &Plan, step: &Step) -> String {
    if let Some((act, task)) = step.act.zip(step.task.as_ref()) {
        return format!("{} {}", act.word(), line(&task.about));
    }
    let change = step.members.first().and_then(|m| plan.changes.get(m.change));
    change.map_or_else(String::new, |change| line(&change.address.to_string()))
}

/// When writes stop and resume, as far as that is known.
pub fn writes(plan: &Plan, promotion: &Promotion) -> String {
    let begins =
        format!("Writes stop with the fence and resume when {} takes them", line(&promotion.to));
    let known = known(plan);
    let Some((outlook, resumes)) = known.as_ref().and_then(|it| Some((it, it.resumes()?))) else {
        return format!("{begins}.");
    };
    let about = |phase| if outlook.at_most(phase) { "at most" } else { "about" };
    let seconds = |of| time(of, outlook);
    let traffic = outlook.switched().map_or_else(String::new, |at| {
        let (about, at) = (about(Phase::Switch), seconds(at));
        format!("\nThe traffic is there {about} {at} after the approval.")
    });
    let at_most = about(Phase::Promote);
    let without = match outlook.stops() {
        Some(stops) => format!(
            "from {} to {} after the approval, {at_most} {}",
            seconds(stops),
            seconds(resumes),
            seconds(resumes.saturating_sub(stops)),
        ),
        None => format!("{at_most} {} after the approval", seconds(resumes)),
    };
    format!("{begins}:\n{without}.{traffic}")
}
