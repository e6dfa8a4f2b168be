//! The outage matrix: faults × what they strike × commands (issue 3, must show 3).
//!
//! `cargo test` plays each fault once, with scope and command going round; with
//! `LIFEBOAT_MATRIX=full` (`cargo xtask matrix`) every cell is played. The table of outcomes goes
//! to standard error past the harness, which shows what a passed test prints to nobody.

mod cell;
mod dead_region;
mod files;
mod judge;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;
use std::{env, thread};

use lifeboat_testbed::{Fault, Nth, Plane};

use super::web::{EAST, WEST};
use cell::{Cell, Played};

/// One way in which calls fail.
#[derive(Debug)]
struct Row {
    name: &'static str,
    fault: Fault,
    nth: Nth,
    /// Whether some calls get through, so that the region may be read all the same.
    partial: bool,
}

const fn row(name: &'static str, fault: Fault) -> Row {
    Row { name, fault, nth: Nth::All, partial: false }
}

#[rustfmt::skip]
static ROWS: &[Row] = &[
    row("hang", Fault::BlackHole),
    row("refuse", Fault::Refuse),
    row("reset", Fault::Reset),
    row("503", Fault::Status503),
    row("throttle", Fault::Throttle),
    Row { partial: true, ..row("slow 4.9 s", Fault::Slow(Duration::from_millis(4900))) },
    Row { partial: true, nth: Nth::EveryOther, ..row("every other call", Fault::Status503) },
    row("lost reply", Fault::DropAnswer),
    row("trickling body", Fault::TrickleBody),
];

/// What a fault strikes.
#[derive(Debug)]
struct Struck {
    name: &'static str,
    region: &'static str,
    /// Whether the global services at home in the region are struck too.
    global: bool,
}

static STRUCK: &[Struck] = &[
    Struck { name: "us-west-2", region: WEST, global: false },
    Struck { name: "us-east-1", region: EAST, global: false },
    Struck { name: "us-east-1 and global", region: EAST, global: true },
];

impl Struck {
    /// `None`: both.
    fn plane(&self) -> Option<Plane> {
        (!self.global).then_some(Plane::Regional)
    }

    fn other(&self) -> &'static str {
        if self.region == EAST { WEST } else { EAST }
    }
}

/// What is run meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Plan,
    Apply,
    Drift,
}

const VERBS: [Verb; 3] = [Verb::Plan, Verb::Apply, Verb::Drift];

/// How many cells are played at a time.
const AT_ONCE: usize = 2;

/// Whether every cell is asked for.
pub(super) fn full() -> bool {
    env::var("LIFEBOAT_MATRIX").is_ok_and(|asked| asked == "full")
}

/// All cells, or each fault once.
fn cells(full: bool) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (i, row) in ROWS.iter().enumerate() {
        for (j, struck) in STRUCK.iter().enumerate() {
            for (k, verb) in VERBS.into_iter().enumerate() {
                // A Latin square: three rows meet each scope and each command once.
                if full || (j == i % 3 && k == (i + i / 3) % 3) {
                    cells.push(Cell { row, struck, verb, quick: !full });
                }
            }
        }
    }
    cells
}

#[test]
fn outage_matrix() {
    let mut waiting = cells(full());
    waiting.reverse();
    let waiting = Mutex::new(waiting);
    let played: Mutex<Vec<(Cell, Result<Played, String>)>> = Mutex::default();
    let worker = || {
        loop {
            let Some(cell) = waiting.lock().unwrap().pop() else { break };
            let outcome = catch_unwind(AssertUnwindSafe(|| cell.play()));
            let outcome = outcome.map_err(|panic| {
                let text = panic.downcast_ref::<String>().cloned();
                text.unwrap_or_else(|| "it failed without words".to_owned())
            });
            played.lock().unwrap().push((cell, outcome));
        }
    };
    thread::scope(|scope| {
        for _ in 1..AT_ONCE {
            scope.spawn(worker);
        }
        worker();
    });
    let played = played.into_inner().unwrap();
    table::show(&played);
    let failed: Vec<String> = played
        .iter()
        .filter_map(|(cell, outcome)| Some(format!("{cell}: {}", outcome.as_ref().err()?)))
        .collect();
    assert!(failed.is_empty(), "{} cells failed:\n{}", failed.len(), failed.join("\n\n"));
}

#[test]
fn each_fault_scope_and_command_is_among_the_few() {
    let few = cells(false);
    assert_eq!(few.len(), ROWS.len());
    for struck in STRUCK {
        for verb in VERBS {
            let both = |cell: &&Cell| cell.verb == verb && cell.struck.name == struck.name;
            assert_eq!(few.iter().filter(both).count(), 1, "{} × {verb:?}", struck.name);
        }
    }
}
