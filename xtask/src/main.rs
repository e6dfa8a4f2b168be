//! Tasks of this repository, run as `cargo xtask TASK`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program for developers: its output is its purpose"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it reads the developer's environment and measures real time"
)]

mod bed;
mod bench;
mod cargo;
mod ci;
mod cost;
mod demo;
mod mutants;
mod rustc;
mod scratch;
mod test;
mod tools;

use std::env;
use std::process::ExitCode;

/// A task's result: the error is a sentence for the developer.
type Result<T = (), E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// A task: its name, its arguments, what it does, and the function.
type Task = (&'static str, &'static str, &'static str, fn(&[String]) -> Result);

#[rustfmt::skip]
const TASKS: &[Task] = &[
    ("test", "[core | FILTER…]", "all tests, or the loop without servers, or those with such names", test::test),
    ("matrix", "[FILTER…]", "the full matrices of faults and crash points, of which `test` runs a sample", test::matrix),
    ("mutants", "[FILTER…]", "defects planted in a copy of the engine, each of which the simulation must catch", mutants::mutants),
    ("demo", "[PROGRAM]", "the whole story on local servers, step by step", demo::demo),
    ("testbed", "", "local servers and the proxy, to play with by hand", bed::testbed),
    ("bench", "[figures [NAME…] | build | failover | FOLDER]", "the figures of docs/benchmarks.md, the cost of a cold build, what clients see of a promotion, or the commands on local servers", bench::bench),
    ("ci", "", "everything that must pass before a push", ci::ci),
];

fn main() -> ExitCode {
    if rustc::is_wrapper() {
        return rustc::wrapped();
    }
    if let Some(log) = cost::log() {
        return cost::measured(&log);
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    let Some((_, _, _, task)) = TASKS.iter().find(|(task, ..)| *task == name) else {
        return usage(name);
    };
    match task(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage(name: &str) -> ExitCode {
    println!("usage: cargo xtask TASK\n");
    for (task, arguments, what, _) in TASKS {
        println!("  {:<24} {what}", format!("{task} {arguments}"));
    }
    if matches!(name, "help" | "--help" | "-h") {
        return ExitCode::SUCCESS;
    }
    eprintln!("\ncargo xtask: there is no task `{name}`");
    ExitCode::FAILURE
}
