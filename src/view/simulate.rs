//! What a simulation came to, as text and as one document.

use std::fmt::Write as _;
use std::time::Duration;

use lifeboat_sdk::counted;
use serde_json::{Value as Json, json};

use super::escape::line;
use super::loss::length;
use super::paint::{Label, Paint};
use super::promotion::attest_options;
use crate::engine::simulate::{
    Course, Ending, Fate, Loss, PhaseRun, Simulation, Source, Standing, StepRun,
};
use crate::plan::Phase;
use crate::plan::promotion::Mode;

/// What is known how, the best first.
const SOURCES: [Source; 4] = [Source::Declared, Source::Measured, Source::Limit, Source::Assumed];

/// `0.3 s`, `4 m 05 s`
fn time(of: Duration) -> String {
    let tenths = of.as_millis().div_ceil(100);
    let (seconds, rest) = (tenths / 10, tenths % 10);
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) if rest > 0 => format!("{seconds}.{rest} s"),
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} m {:02} s", seconds % 60),
        (hours, minutes) => format!("{hours} h {minutes:02} m"),
    }
}

/// The whole text.
pub fn text(simulation: &Simulation, paint: Paint) -> String {
    let Simulation { scene, to, epoch, .. } = simulation;
    let (lost, to) = (line(&scene.lose), line(to));
    let title = format!("Simulation: {lost} -> {to}, epoch {epoch} -> {}", epoch + 1);
    let mut out = format!("\n{}\n\n", paint.label(Label::Strong, &title));
    let region = match scene.mode {
        Mode::Graceful => format!("{lost} answers and is fenced"),
        Mode::Ungraceful => format!("{lost} does not answer"),
    };
    let plane = if scene.global { ", nor do global control planes" } else { "" };
    let _ok = writeln!(out, "{region}{plane}. Nobody was called, and nothing was changed.");
    if simulation.goes_unnoticed() {
        let _ok = writeln!(
            out,
            "lifeboat has nothing there that it could ask, and goes on as if the region were alive."
        );
    }
    match &simulation.course {
        Some(course) => played(simulation, course, paint, &mut out),
        None => {
            let text = "It would be refused before anything is done.";
            let _ok = writeln!(out, "\n{}", paint.label(Label::Error, text));
        }
    }
    out
}

fn played(simulation: &Simulation, course: &Course, paint: Paint, out: &mut String) {
    out.push('\n');
    for run in &course.phases {
        phase(run, paint, out);
    }
    for name in &course.promotion.left_out {
        let _ok = writeln!(out, "  left out: {}", line(name));
    }
    let _ok = writeln!(out, "\n{}", paint.label(Label::Strong, "Critical path"));
    let _ok = writeln!(out, "  {:>10}  reading what is live", time(simulation.reading));
    for link in &course.path {
        let (adds, known) = (time(link.adds), link.source.word());
        let (phase, what) = (link.phase.word(), line(&link.what));
        let _ok = writeln!(out, "  {adds:>10}  {phase:<10} {what} ({known})");
    }
    lost(simulation, out);
    let ending = ending(simulation, course);
    let label = if course.ending == Ending::Promoted { Label::Add } else { Label::Error };
    let _ok = writeln!(out, "\n{}", paint.label(label, &ending));
    predicted(simulation, paint, out);
}

fn phase(run: &PhaseRun, paint: Paint, out: &mut String) {
    let over = match run.over {
        Some(over) => format!("over after {}", time(over)),
        None => paint.label(Label::Error, "never over"),
    };
    if run.phase == Phase::Claim {
        let text = "---- no way back from here ----";
        let _ok = writeln!(out, "  {}", paint.label(Label::Warning, text));
    }
    let _ok = writeln!(out, "  {:<10} {over}", run.phase.word());
    for StepRun { verb, about, fate, expected, took, .. } in &run.steps {
        let label = match fate {
            Fate::Runs => Label::Add,
            Fate::Owed(_) | Fate::Deferred(_) => Label::Warning,
            Fate::Fails(_) | Fate::Blocked => Label::Error,
        };
        let word = paint.label(label, &format!("{:<8}", fate.word()));
        let (known, about) = (expected.source.word(), line(about));
        let more = match (took, fate.why()) {
            (Some(took), None) => format!(" ({}, {known})", time(*took)),
            (_, Some(why)) => format!(": {}", line(why)),
            (None, None) => String::new(),
        };
        let _ok = writeln!(out, "     {word} {verb} {about}{more}");
    }
}

/// What becomes of the data.
fn lost(simulation: &Simulation, out: &mut String) {
    let from = line(&simulation.scene.lose);
    let told = |loss: Loss| match loss {
        Loss::Nothing => "nothing is lost: the final sync proves it".to_owned(),
        Loss::AtMost(most) => {
            format!("at most {} of what {from} took last are lost", length(most))
        }
        Loss::Unknown => format!("what {from} took last may be lost; how much is not known"),
        Loss::NotCopied => format!("not copied: what {from} holds is out of reach"),
    };
    if !simulation.losses.is_empty() {
        out.push_str("\nData\n");
    }
    for (name, loss) in &simulation.losses {
        let _ok = writeln!(out, "  {}: {}", line(name), told(*loss));
    }
}

/// How it ends, and what goes on from there.
fn ending(simulation: &Simulation, course: &Course) -> String {
    let (from, to) = (line(&simulation.scene.lose), line(&simulation.to));
    let Ending::Stopped(standing) = course.ending else {
        let needs = match (course.promotion.needs_attestation(), course.promotion.approvals) {
            (true, _) => format!(
                " A person must attest it:{} -reason=TEXT -accept-loss=unknown.",
                attest_options(&course.promotion)
            ),
            (false, 0) => String::new(),
            (false, needed) => format!(" It needs {}.", counted(needed as usize, "approval")),
        };
        return format!("{to} ends promoted.{needs}");
    };
    let stands = match standing {
        Standing::Unclaimed => format!(
            "{from} is still the primary. `lifeboat apply` goes on, `lifeboat promote -abort` gives \
             it up."
        ),
        Standing::Claimed => {
            format!("{to} is the primary and takes no writes yet. `lifeboat apply` goes on.")
        }
        Standing::Switched => {
            format!("{to} has the traffic, and is not committed. `lifeboat apply` goes on.")
        }
        Standing::Promoting => format!(
            "{to} is the primary; not all of it takes writes, or not the traffic. `lifeboat apply` \
             goes on."
        ),
    };
    format!("It stops, {}: {stands}", standing.word())
}

/// How long it takes, against what is wanted, and how that is known.
fn predicted(simulation: &Simulation, paint: Paint, out: &mut String) {
    let Some(rto) = simulation.rto() else { return };
    let against = match (&simulation.objective, simulation.keeps_objective()) {
        (Some(wanted), Some(true)) => format!(", of an RTO of {}", wanted.text),
        (Some(wanted), Some(false)) => format!(": more than the RTO of {}", wanted.text),
        _ => String::new(),
    };
    let text = format!("Predicted RTO: {}{against}.", time(rto));
    let label = match simulation.keeps_objective() {
        Some(false) => Label::Error,
        Some(true) => Label::Add,
        None => Label::Strong,
    };
    let _ok = writeln!(out, "{}", paint.label(label, &text));
    let known = SOURCES.map(|source| (simulation.known_by(source), source.word()));
    let known = known.into_iter().filter(|(of, _)| !of.is_zero());
    let known: Vec<String> = known.map(|(of, word)| format!("{} {word}", time(of))).collect();
    if !known.is_empty() {
        let _ok = writeln!(out, "Of its steps: {}.", known.join(", "));
    }
    out.push_str("The time of people, to notice, decide and approve, is not in it.\n");
    if let Some(ttl) = simulation.ttl {
        let _ok = writeln!(out, "Resolvers may keep the old answer for another {}.", time(ttl));
    }
}

/// The document.
pub fn json(simulation: &Simulation) -> Json {
    let Simulation { scene, to, epoch, reading, course, .. } = simulation;
    let seconds = |of: Duration| of.as_millis() as f64 / 1000.0;
    let losses = simulation.losses.iter().map(|(name, loss)| {
        let bound = match loss {
            Loss::Nothing => "0s".to_owned(),
            Loss::AtMost(most) => format!("{most}s"),
            Loss::Unknown | Loss::NotCopied => "unknown".to_owned(),
        };
        json!({ "about": &**name, "loss": loss.word(), "bound": bound })
    });
    let phases = course.iter().flat_map(|course| &course.phases).map(|run| {
        let steps = run.steps.iter().map(|step| {
            json!({
                "action": step.verb,
                "about": &*step.about,
                "fate": step.fate.word(),
                "why": step.fate.why(),
                "expected_seconds": seconds(step.expected.takes),
                "source": step.expected.source.word(),
                "began_seconds": step.began.map(seconds),
                "took_seconds": step.took.map(seconds),
            })
        });
        json!({
            "phase": run.phase.word(),
            "over_seconds": run.over.map(seconds),
            "steps": steps.collect::<Vec<_>>(),
        })
    });
    let path = course.iter().flat_map(|course| &course.path).map(|link| {
        json!({
            "phase": link.phase.word(),
            "what": link.what,
            "seconds": seconds(link.adds),
            "source": link.source.word(),
        })
    });
    let promotion = course.as_ref().map(|course| &course.promotion);
    json!({
        "format_version": "1.0",
        "from": &*scene.lose,
        "to": &**to,
        "epoch": epoch,
        "mode": scene.mode.word(),
        "global_down": scene.global,
        "unnoticed": simulation.goes_unnoticed(),
        "fails": scene.fail,
        "outcome": match course.as_ref().map(|course| course.ending) {
            None => "refused",
            Some(Ending::Promoted) => "promoted",
            Some(Ending::Stopped(standing)) => standing.word(),
        },
        "attestation": promotion.is_some_and(|promotion| promotion.needs_attestation()),
        "approvals": promotion.map(|promotion| promotion.approvals),
        "left_out": promotion.map(|promotion| promotion.left_out.iter().map(|name| &**name).collect::<Vec<_>>()),
        "waiting": promotion.map(|promotion| promotion.waiting),
        "phases": phases.collect::<Vec<_>>(),
        "critical_path": path.collect::<Vec<_>>(),
        "reading_seconds": seconds(*reading),
        "steps_seconds": course.as_ref().map(|course| seconds(course.took)),
        "predicted_rto_seconds": simulation.rto().map(seconds),
        "objective_rto_seconds": simulation.objective.as_ref().map(|wanted| wanted.seconds),
        "keeps_objective": simulation.keeps_objective(),
        "dns_ttl_seconds": simulation.ttl.map(|ttl| ttl.as_secs()),
        "data": losses.collect::<Vec<_>>(),
        "calls": { "all": simulation.calls, "to_the_lost_region_after_planning": simulation.calls_there },
    })
}
