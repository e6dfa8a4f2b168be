//! A preflight as lines of JSON: one per check, then the counts.

use serde_json::json;

use super::summary;
use crate::config::SourceMap;
use crate::engine::preflight::{Check, Preflight, Verdict};
use crate::view::diagnostic;
use crate::view::output::Output;

/// All lines of `preflight`.
pub fn lines(output: &Output, preflight: &Preflight, sources: &SourceMap) {
    for check in &preflight.checks {
        let Check { code, about, span, verdict, message, fix } = check;
        let level = match verdict {
            Verdict::Pass => "info",
            Verdict::Unknown => "warn",
            Verdict::Fail => "error",
        };
        let about_it = about.as_deref().map(|about| format!(" {about}")).unwrap_or_default();
        let text = format!("{code}{about_it}: {}: {message}", verdict.word());
        let mut body = json!({
            "code": code,
            "about": about,
            "verdict": verdict.word(),
            "message": message,
            "fix": fix,
        });
        if let Some(range) = span.and_then(|span| diagnostic::located(span, sources)) {
            body["range"] = range;
        }
        output.event("preflight_check", level, &text, json!({ "check": body }));
    }
    let count = |verdict| preflight.count(verdict);
    let body = json!({
        "from": &*preflight.from,
        "to": &*preflight.to,
        "epoch": preflight.epoch,
        "verdict": preflight.worst().word(),
        "pass": count(Verdict::Pass),
        "fail": count(Verdict::Fail),
        "unknown": count(Verdict::Unknown),
    });
    let text = summary(preflight);
    output.event("preflight_summary", "info", &text, json!({ "preflight": body }));
}
