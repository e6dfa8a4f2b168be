//! The report as one JSON document.

use lifeboat_state::model::{Passage, Resolver};
use serde_json::{Value as Json, json};

use super::{Report, loss, seconds};
use crate::engine::measured::{Loss, Measured, Reached, Seen, Told};
use crate::topology::duration::Duration;
use crate::topology::objective::Objective;

/// The document (`format_version` 1.0). Times are RFC 3339, lengths are seconds.
pub(super) fn document(report: &Report<'_>) -> Json {
    let owed = report.owed.iter().map(|(address, owed)| {
        json!({
            "address": address,
            "region": owed.region,
            "epoch": owed.epoch,
            "since": owed.since,
        })
    });
    let gates = report
        .gates
        .iter()
        .map(|(block, gate)| json!({ "block": block, "region": gate.region, "since": gate.since }));
    json!({
        "format_version": "1.0",
        "lifeboat_version": env!("CARGO_PKG_VERSION"),
        "topology": report.topology,
        "primary": report.primary,
        "epoch": report.epoch,
        "promotion": report.promotion.as_ref().map(|it| promotion(it, report)),
        "others": report.others.iter().map(|it| other(it)).collect::<Vec<_>>(),
        "owed": owed.collect::<Vec<_>>(),
        "open_gates": gates.collect::<Vec<_>>(),
        "unprotected": report.unprotected,
    })
}

/// Another promotion that can be asked for.
fn other(passage: &Passage) -> Json {
    json!({ "epoch": passage.epoch, "from": passage.from, "to": passage.to, "mode": passage.mode })
}

fn promotion(measured: &Measured<'_>, report: &Report<'_>) -> Json {
    let (passage, objective) = (measured.passage, &report.objective);
    json!({
        "from": passage.from,
        "to": passage.to,
        "epoch": passage.epoch,
        "mode": passage.mode,
        "by_hand": measured.by_hand(),
        "standing": measured.standing.word(),
        "stage": report.stage(measured).word(),
        "begun": measured.begun(),
        "ended": measured.ended(),
        "approval": passage.approval,
        "phases": measured.reached.iter().map(phase).collect::<Vec<_>>(),
        "evidence": measured.told.iter().map(told).collect::<Vec<_>>(),
        "left_out": passage.left_out,
        "owed_then": passage.owed,
        "without_writes_seconds": measured.still.map(seconds),
        "rto": {
            "measured_seconds": measured.rto.map(seconds),
            "objective": written(objective.rto.as_ref()),
            "objective_seconds": declared(objective.rto.as_ref()),
            "kept": measured.in_time(objective),
        },
        "rpo": rpo(measured, objective),
        "resolvers": measured.seen.iter().map(seen).collect::<Vec<_>>(),
    })
}

/// What resolvers were seen to answer for one name.
pub fn seen(seen: &Seen<'_>) -> Json {
    let each = seen.resolvers.iter().map(|Resolver { at, region, moved, until, unknown }| {
        json!({
            "at": at,
            "region": region,
            "moved": moved,
            "until": until,
            "unknown": unknown,
        })
    });
    json!({
        "about": seen.about,
        "at": seen.at,
        "moved": seen.moved,
        "old": seen.old,
        "until": seen.until,
        "unknown": seen.unknown,
        "last_moved": seen.last,
        "last_moved_seconds": seen.after.map(seconds),
        "resolvers": each.collect::<Vec<_>>(),
    })
}

fn written(duration: Option<&Duration>) -> Option<&str> {
    duration.map(|duration| &*duration.text)
}

fn declared(duration: Option<&Duration>) -> Option<u64> {
    duration.map(|duration| duration.seconds)
}

fn rpo(measured: &Measured<'_>, objective: &Objective) -> Json {
    let copies = match measured.loss {
        Loss::Nothing { copies } => Some(copies),
        Loss::AtMost(_) | Loss::Unmeasured(_) => None,
    };
    let bound = match measured.loss {
        Loss::AtMost(bound) => Some(bound.as_secs()),
        Loss::Nothing { .. } => Some(0),
        Loss::Unmeasured(_) => None,
    };
    json!({
        // Nothing was lost, or nobody knows.
        "measured_seconds": copies.map(|_| 0),
        "at_most_seconds": bound,
        "proven_copies": copies,
        "message": loss(measured),
        "accepted": measured.passage.approval.get("accepted_loss"),
        "objective": written(objective.rpo.as_ref()),
        "objective_seconds": declared(objective.rpo.as_ref()),
        "kept": measured.within(objective),
    })
}

fn phase(reached: &Reached) -> Json {
    json!({
        "phase": reached.phase.word(),
        "at": reached.at,
        "seconds": reached.took.map(seconds),
    })
}

fn told(Told { about, line, evidence }: &Told<'_>) -> Json {
    json!({
        "about": about,
        "act": evidence.act,
        "phase": evidence.phase,
        "at": evidence.at,
        "result": line,
        "failed": evidence.failed,
        "output": evidence.output,
        "compared": evidence.compared,
    })
}
