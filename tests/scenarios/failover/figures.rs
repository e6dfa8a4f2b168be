//! What clients saw of a promotion, as a row of the table of `cargo xtask bench failover`.

use std::io::Write as _;
use std::time::Duration;

use super::client::{EVERY, Outcome, Request};
use super::{Mode, Promoted, Site, measured};
use crate::scenarios::web::WEST;

/// Writes it to standard error, past the test harness, where it was measured.
pub(super) fn show(site: &Site, mode: Mode, seen: &[Request], promoted: &Promoted) {
    if !measured() {
        return;
    }
    let lost = |request: &&Request| !matches!(request.outcome, Outcome::Answered(_));
    let failed: Vec<Duration> = seen.iter().filter(lost).map(|request| request.at).collect();
    let span = match (failed.first(), failed.last()) {
        (Some(first), Some(last)) => *last + EVERY - *first,
        _ => Duration::ZERO,
    };
    let new = seen.iter().find(|request| request.outcome.is_answer_of(WEST));
    let after = new.map_or(Duration::ZERO, |request| request.at.saturating_sub(promoted.from));
    let (name, old) = (
        site.switch.name(),
        match mode {
            Mode::Graceful => "answers",
            Mode::Ungraceful => "dead",
        },
    );
    let took = promoted.ran.took;
    let ttl = match site.pace.during {
        Some(during) => format!("{}, meanwhile {during}", site.pace.ttl),
        None => site.pace.ttl.to_string(),
    };
    let row = format!(
        "| `{name}` | {old} | {ttl} | {} | {} | {:.1} | {:.1} | {:.1} |\n",
        seen.len(),
        failed.len(),
        span.as_secs_f64(),
        after.as_secs_f64(),
        took.as_secs_f64(),
    );
    // Whoever closed standard error does not want it.
    write!(std::io::stderr().lock(), "{row}").ok();
}
