//! `test` and `matrix`: the tests, with one feature set for all of them.

use std::env;
use std::process::Command;
use std::thread;

use crate::cargo::{Target, cargo, run};
use crate::{Result, tools};

/// The crates of the fast loop: they compile without any SDK and need no server.
const CORE: &[&str] = &["lifeboat-sdk", "lifeboat-state", "lifeboat"];

/// All test targets, and no documentation tests: starting rustdoc for each package takes seconds.
const EVERY: [&str; 3] = ["--lib", "--bins", "--tests"];

/// The tests of the core that start the program for each of their cases.
const STARTING: &[&str] = &["cli::", "language::"];

/// How many tests run at once, as the harness reads it.
const THREADS: &str = "RUST_TEST_THREADS";

/// The same for each core: most of them wait for servers, for what hangs and for what resolvers forget.
/// As many as there are pairs of servers (`tests/testbed/src/lease.rs`).
const PER_CORE: usize = 3;

/// What the tests need of the program beyond what people get: the points at which it dies.
pub(crate) const CRASHES: &str = "lifeboat/crash-points";

/// All tests; after `core` the fast ones; else those whose names hold one of the filters.
pub(crate) fn test(arguments: &[String]) -> Result {
    match arguments.split_first() {
        Some((core, filters)) if core == "core" => test_core(filters),
        _ => workspace(arguments, &[]),
    }
}

/// The tests of matrices, with every cell and the largest numbers of objects.
pub(crate) fn matrix(filters: &[String]) -> Result {
    let all = ["matrix", "dead_region", "crashes", "kills", "chance", "simulation", "storage"];
    let all = all.map(str::to_owned);
    let filters = if filters.is_empty() { &all } else { filters };
    workspace(filters, &[("LIFEBOAT_MATRIX", "full")])
}

/// The fast loop. Tests that start the program, two thousand times in all, are asked for by name:
/// `test core cli`, `test core language`; `test` has them all.
fn test_core(filters: &[String]) -> Result {
    let core = |targets: &[&str]| -> Result<Command> {
        let mut test = cargo(Target::Core)?;
        core_packages(&mut test);
        test.args(targets);
        Ok(test)
    };
    if !filters.is_empty() {
        return run(core(&EVERY)?.arg("--").args(filters));
    }
    // Built at once, then run in parts: unit tests have modules of the same names.
    run(core(&EVERY)?.arg("--no-run"))?;
    run(&mut core(&["--lib"])?)?;
    let skipped = STARTING.iter().flat_map(|group| ["--skip", group]);
    run(core(&["--test", "main", "--"])?.args(skipped))
}

/// Makes a cargo command test the core.
pub(crate) fn core_packages(command: &mut Command) {
    command.args(["test", "--no-default-features"]);
    for package in CORE {
        command.args(["--package", package]);
    }
}

fn workspace(filters: &[String], environment: &[(&str, &str)]) -> Result {
    tools::check()?;
    let mut test = cargo(Target::Full)?;
    if env::var_os(THREADS).is_none() {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        test.env(THREADS, (cores * PER_CORE).to_string());
    }
    test.args(["test", "--workspace", "--features", CRASHES]).envs(environment.iter().copied());
    run(test.arg("--").args(filters))
}
