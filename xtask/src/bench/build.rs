//! `bench build`: what a cold build costs, crate by crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;
use crate::cargo::{Target, cargo, run};
use crate::cost::Cost;
use crate::rustc;
use crate::scratch::Scratch;

/// From how much CPU time on a crate is listed.
const LISTED: Duration = Duration::from_secs(10);

/// Builds the workspace with its tests in an empty target folder and prints a table; with `core`
/// what the fast loop builds.
pub(crate) fn bench(arguments: &[String]) -> Result {
    let scratch = Scratch::new("build")?;
    let log = scratch.path().join("costs");
    let mut build = cargo(Target::Full)?;
    build.env("CARGO_TARGET_DIR", scratch.path().join("target"));
    rustc::record(&mut build, &log)?;
    if arguments.first().is_some_and(|what| what == "core") {
        crate::test::core_packages(&mut build);
    } else {
        build.args(["test", "--workspace"]);
    }
    let begun = Instant::now();
    run(build.arg("--no-run"))?;
    table(&log, begun.elapsed())
}

fn table(log: &Path, wall: Duration) -> Result {
    let mut crates: BTreeMap<String, Cost> = BTreeMap::new();
    let mut all = Cost::default();
    for line in fs::read_to_string(log)?.lines() {
        let (name, cost) = Cost::parse(line).ok_or("a line of the log of rustc is damaged")?;
        all.add(cost);
        crates.entry(name).or_default().add(cost);
    }
    all.wall = wall;
    let mut listed: Vec<_> = crates.into_iter().filter(|(_, cost)| cost.cpu >= LISTED).collect();
    listed.sort_by_key(|(_, cost)| std::cmp::Reverse(cost.cpu));
    println!("\n| crate | CPU s | wall s | peak memory MB |\n| --- | --- | --- | --- |");
    for (name, cost) in listed.iter().map(|(n, c)| (format!("`{n}`"), c)) {
        println!("{}", row(&name, cost));
    }
    println!("{}", row("all", &all));
    Ok(())
}

fn row(name: &str, cost: &Cost) -> String {
    let (cpu, wall) = (cost.cpu.as_secs(), cost.wall.as_secs());
    format!("| {name} | {cpu} | {wall} | {} |", cost.peak >> 20)
}
