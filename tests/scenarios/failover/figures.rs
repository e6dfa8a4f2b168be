//! What clients saw of a promotion, as a row of the table of `cargo xtask bench failover`.

use std::io::Write as _;
use std::time::Duration;

use super::client::{EVERY, Outcome, Request};
use super::crowd::Step;
use super::{Mode, Promoted, Site, measured};
use crate::scenarios::web::WEST;

/// Writes it to standard error, past the test harness, where it was measured.
pub(super) fn show(site: &Site, mode: Mode, seen: &[Request], promoted: &Promoted) {
    if !measured() {
        return;
    }
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
    let after = format!("{:.1}", after.as_secs_f64());
    row(&[&format!("`{name}`"), old, &ttl], seen, &after, took);
}

/// Writes what was moved and how, what failed of these requests, and how long the command took.
fn row(heads: &[&str; 3], seen: &[Request], after: &str, took: Duration) {
    let lost = |request: &&Request| !matches!(request.outcome, Outcome::Answered(_));
    let failed: Vec<Duration> = seen.iter().filter(lost).map(|request| request.at).collect();
    let span = match (failed.first(), failed.last()) {
        (Some(first), Some(last)) => *last + EVERY - *first,
        _ => Duration::ZERO,
    };
    tell(&format!(
        "| {} | {} | {} | {:.1} | {after} | {:.1} |\n",
        heads.join(" | "),
        seen.len(),
        failed.len(),
        span.as_secs_f64(),
        took.as_secs_f64(),
    ));
}

/// What clients saw of weights that moved, and which share of the answers there was by each of them.
pub(super) fn show_weights(heads: &[&str; 3], seen: &[Request], took: Duration, steps: &[Step]) {
    if !measured() {
        return;
    }
    row(heads, seen, "", took);
    for step in steps {
        let ([first, second], [due, share]) = (step.weights, step.shares());
        tell(&format!(
            "  {first} : {second}: {} answers, {:.1} % with us-east-1, by the weights {:.1} %\n",
            step.count(),
            100.0 * share,
            100.0 * due,
        ));
    }
}

fn tell(text: &str) {
    // Whoever closed standard error does not want it.
    write!(std::io::stderr().lock(), "{text}").ok();
}
