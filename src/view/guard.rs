//! What `guard` says: one line, or one document.

use serde_json::{Value as Json, json};

use super::escape::line;
use crate::engine::guard::{Said, Verdict};
use crate::topology::region::Isolated;

/// The line for people and logs.
pub fn text(region: &str, verdict: &Verdict, said: &[Said]) -> String {
    let region = line(region);
    let text = match verdict {
        Verdict::Primary { epoch, by } => {
            format!(
                "{region} may write: it is the primary in epoch {epoch}, says the record in {by}."
            )
        }
        Verdict::Fenced { since, epoch, by } => format!(
            "{region} may not write: it is the primary in epoch {epoch} and fenced by hand since {}, says \
             the record in {by}.",
            line(since)
        ),
        Verdict::Standby { primary, epoch, by } => format!(
            "{region} may not write: {} is the primary in epoch {epoch}, says the record in {by}.",
            line(primary)
        ),
        Verdict::Unconfirmed { epoch } => format!(
            "{region} may not write: only its own record says that it is the primary in epoch {epoch}, \
             and those of others are older."
        ),
        Verdict::Contradicted { by: [one, other] } => format!(
            "{region} may not write: the records in {one} and {other} contradict each other."
        ),
        Verdict::Isolated(on_isolated) => {
            let (may, word) = match on_isolated {
                Isolated::Stop => ("may not", "stop"),
                Isolated::Run => ("may", "run"),
            };
            let why = unread(said);
            format!(
                "{region} {may} write: no record of another region can be read (on_isolated = \
                 {word}){why}."
            )
        }
    };
    format!("{text}\n")
}

fn unread(said: &[Said]) -> String {
    let why = said.iter().filter_map(|Said { region, record }| {
        let why = record.as_ref().err()?.to_string();
        Some(format!("{region}: {}", line(&why)))
    });
    let why: Vec<String> = why.collect();
    if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) }
}

/// The document for programs.
pub fn json(region: &str, verdict: &Verdict, said: &[Said]) -> Json {
    let records = said.iter().map(|Said { region, record }| match record {
        Ok(record) => json!({
            "region": &**region,
            "epoch": record.epoch,
            "primary": record.primary,
            "lineage": record.lineage,
            "fenced": record.fenced.iter().map(|fenced| &fenced.region).collect::<Vec<_>>(),
        }),
        Err(why) => json!({ "region": &**region, "error": why.to_string() }),
    });
    let (epoch, primary) = match verdict {
        Verdict::Primary { epoch, .. } | Verdict::Fenced { epoch, .. } => {
            (Some(*epoch), Some(region))
        }
        Verdict::Standby { primary, epoch, .. } => (Some(*epoch), Some(&**primary)),
        Verdict::Unconfirmed { epoch } => (Some(*epoch), None),
        Verdict::Contradicted { .. } | Verdict::Isolated(_) => (None, None),
    };
    json!({
        "format_version": "1.0",
        "region": region,
        "may_write": verdict.may_write(),
        "verdict": verdict.word(),
        "epoch": epoch,
        "primary": primary,
        "records": records.collect::<Vec<_>>(),
    })
}
