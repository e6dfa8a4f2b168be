//! The matrix as a table, with totals.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use super::cell::{Cell, Played};

/// Writes it to standard error, past the test harness.
pub(super) fn show(played: &[(Cell, Result<Played, String>)]) {
    let mut rows: Vec<String> = played.iter().map(|(cell, outcome)| row(cell, outcome)).collect();
    rows.sort();
    let mut totals: BTreeMap<String, usize> = BTreeMap::new();
    for (_, outcome) in played {
        let outcome =
            outcome.as_ref().map_or("failed".to_owned(), |p| format!("exit {}", codes(p)));
        *totals.entry(outcome).or_default() += 1;
    }
    let mut table = format!(
        "\n{:<17} {:<21} {:<6} {:<8} {:>7} {:>7} {:>8} {:>6}\n{}\n{} cells",
        "fault",
        "strikes",
        "run",
        "exit",
        "well",
        "struck",
        "deferred",
        "calls",
        rows.join("\n"),
        played.len()
    );
    for (outcome, count) in totals {
        // Writing to a String cannot fail.
        write!(table, ", {count} {outcome}").ok();
    }
    // Whoever closed standard error does not want it.
    writeln!(std::io::stderr().lock(), "{table}\n").ok();
}

fn row(cell: &Cell, outcome: &Result<Played, String>) -> String {
    let Ok(played) = outcome else { return format!("{cell} FAILED") };
    let [well, struck] = played.times.map(|time| format!("{:.1} s", time.as_secs_f64()));
    let (deferred, calls) = (played.deferred, played.struck);
    format!("{cell} {:<8} {well:>7} {struck:>7} {deferred:>8} {calls:>6}", codes(played))
}

fn codes(played: &Played) -> String {
    let codes: Vec<String> = played.codes.iter().map(ToString::to_string).collect();
    codes.join(", ")
}
