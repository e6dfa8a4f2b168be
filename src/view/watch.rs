//! What `watch` says: a line per change of opinion and per notice, or an object of JSON.

use jiff::Timestamp;
use serde_json::json;

use super::escape::line;
use super::output::Output;
use crate::engine::canary::Flight;
use crate::engine::preflight::{LAG, Preflight, Verdict};
use crate::engine::watch::{Change, Notice};

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The primary.
    pub primary: String,
    /// The epoch.
    pub epoch: u64,
}

/// Tells an opinion that changed.
pub fn change(output: &Output, at: Timestamp, watched: &Watched, change: &Change) {
    let primary = line(&watched.primary);
    let (word, level, text) = match change {
        Change::Answers => ("answers", "info", format!("{primary} answers.")),
        Change::Silent { since, why } => {
            let text = format!("{primary} is silent since {since}: {}", line(why));
            ("silent", "error", text)
        }
        Change::Back { since } => {
            ("back", "warn", format!("{primary} answers again. It was silent since {since}."))
        }
        Change::Blind { why } => {
            let text = format!("Nobody can tell whether {primary} answers: {}", line(why));
            ("blind", "warn", text)
        }
    };
    let (since, why) = match change {
        Change::Answers => (None, None),
        Change::Silent { since, why } => (Some(since), Some(why)),
        Change::Back { since } => (Some(since), None),
        Change::Blind { why } => (None, Some(why)),
    };
    let body = json!({
        "opinion": word,
        "region": watched.primary,
        "epoch": watched.epoch,
        "since": since.map(ToString::to_string),
        "why": why,
    });
    say(output, at, ("watch_opinion", level), &text, json!({ "opinion": body }));
}

/// Tells that another region is the primary now.
pub fn promoted(output: &Output, at: Timestamp, watched: &Watched) {
    let Watched { primary, epoch } = watched;
    let text = format!("{} is the primary, in epoch {epoch}: it is watched now.", line(primary));
    let body = json!({ "region": primary, "epoch": epoch });
    say(output, at, ("watch_primary", "info"), &text, json!({ "primary": body }));
}

/// Tells how far the copies are behind, by the checks of a preflight.
pub fn compared(output: &Output, at: Timestamp, found: &Preflight) {
    for check in found.checks.iter().filter(|check| check.code == LAG) {
        let about = check.about.as_deref().unwrap_or_default();
        let level = if check.verdict == Verdict::Pass { "info" } else { "warn" };
        let text = format!("{}: {}", line(about), line(&check.message));
        let body = json!({
            "about": about,
            "region": &*found.to,
            "verdict": check.verdict.word(),
            "message": check.message,
        });
        say(output, at, ("watch_compared", level), &text, json!({ "compared": body }));
    }
}

/// Tells that they could not be compared.
pub fn not_compared(output: &Output, at: Timestamp, why: &str) {
    let text = format!("The copies could not be compared: {}", line(why));
    let body = json!({ "verdict": "none", "message": why });
    say(output, at, ("watch_compared", "warn"), &text, json!({ "compared": body }));
}

/// Tells how long a canary took to another region, or that it is not there yet.
pub fn flight(output: &Output, at: Timestamp, (about, to): (&str, &str), flight: &Flight) {
    let Flight { sent, arrived, .. } = flight;
    let (about_text, to_text, seconds) = (line(about), line(to), flight.seconds());
    let (level, text) = if *arrived {
        ("info", format!("the canary of {sent:.0} was in {to_text} after {seconds} s."))
    } else {
        ("warn", format!("the canary of {sent:.0} is not in {to_text} after {seconds} s."))
    };
    let body = json!({
        "about": about,
        "region": to,
        "sent": sent.to_string(),
        "arrived": arrived,
        "seconds": seconds,
    });
    let text = format!("{about_text}: {text}");
    say(output, at, ("watch_canary", level), &text, json!({ "canary": body }));
}

/// Tells that no canary could be written, which says nothing of the primary.
pub fn not_sent(output: &Output, at: Timestamp, about: &str, why: &str) {
    let text = format!("{}: no canary could be written: {}", line(about), line(why));
    let body = json!({ "about": about, "arrived": false, "message": why });
    say(output, at, ("watch_canary", "warn"), &text, json!({ "canary": body }));
}

/// Tells what was, or is to be, told to people elsewhere.
pub fn notice(output: &Output, at: Timestamp, notice: &Notice) {
    let body: serde_json::Map<String, serde_json::Value> =
        notice.facts().map(|(name, fact)| (name.to_owned(), fact.into())).collect();
    let text = line(&notice.message());
    say(output, at, ("watch_notice", "warn"), &text, json!({ "notice": body }));
}

fn say(
    output: &Output,
    at: Timestamp,
    (kind, level): (&str, &str),
    text: &str,
    body: serde_json::Value,
) {
    if output.json {
        output.event(kind, level, text, body);
    } else {
        output.result(&format!("{at:.0} {text}\n"));
    }
}
