//! Each folder of `examples/` plans to its stored plan, applies, plans to nothing, and is destroyed.
//!
//! `UPDATE=1` writes the stored plans anew.

use std::env;
use std::fs;

use regex::Regex;

use super::compute;
use super::folder::{Folder, example};
use super::ingress::{CONTAINERS, World};
use super::service;
use super::stage::{APPLY, Stage};
use super::web::{self, EAST, WEST};

const STORED: &str = "plan.txt";
const DESTROY: &[&str] = &["destroy", "-input=false", "-auto-approve"];

#[track_caller]
fn plans_applies_and_goes(name: &str) {
    plays(&Stage::new(Folder::example(name)), name);
}

/// The same on servers where something is already.
#[track_caller]
fn plays(stage: &Stage, name: &str) {
    comes(stage, name);
    web::destroyed(stage);
}

/// The part of it until there is nothing more to do.
#[track_caller]
fn comes(stage: &Stage, name: &str) {
    let plan = stage.expect(&["plan", "-input=false"], 0);
    stage.same(plan.mutating(), 0, "a plan makes no mutating call");
    let path = example(name).join(STORED);
    let made = normalised(&plan.stdout);
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    let name = path.display();
    stage.check(made == stored, format_args!("the plan is not {name} (UPDATE=1 writes it)"));
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}

/// Without the lines of progress, whose order is that of answers, and spaces at the ends of lines;
/// ids that a server makes up are shortened.
fn normalised(text: &str) -> String {
    let id = Regex::new(r"\b(i|ami|vol|snap|sg|vpc)-[0-9a-f]{8,17}\b").unwrap();
    let text = id.replace_all(text, "$1-0");
    let progress = [": Refreshing state...", ": Reading...", ": Read complete"];
    let told = |line: &&str| !progress.iter().any(|words| line.contains(words));
    let lines: Vec<&str> = text.lines().filter(told).map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim())
}

#[test]
fn pilot_light() {
    let stage = service::stage();
    plays(&stage, service::EXAMPLE);
    let runs = ["us-east-1", "us-west-2"].map(|region| service::runs(&stage, region));
    let roles = [(true, [1, 2]), (false, [0, 0])];
    stage.same(runs, roles, "what is somebody else's is there, as it was left");
}

#[test]
fn pilot_light_compute() {
    let stage = compute::stage();
    let others = compute::others(&stage);
    plays(&stage, compute::EXAMPLE);
    let stopped = compute::Others { running: false, sizes: [0, 0, 4], ..others };
    stage.same(
        compute::others(&stage),
        stopped,
        "what is somebody else's is there, as it was left",
    );
}

#[test]
fn containers() {
    let world = World::example();
    let (stage, before) = (&world.stage, [EAST, WEST].map(|region| world.rules(region)));
    comes(stage, CONTAINERS);
    stage.same(world.rules(EAST), before[0].clone(), "the primary lets the same clients in");
    stage.check(world.rules(WEST).is_empty(), "the standby lets nobody in");

    // As its README says: the plan, the canary, and that both follow the primary.
    let refused = stage.expect(DESTROY, 5);
    stage.check(
        refused.said().contains("-confirm-one-way="),
        "who lets go of a closed group says so",
    );
    let seen = stage.expect(&["watch", WEST, "-once"], 0).said();
    stage.check(seen.contains("was in us-west-2 after"), &seen);
    stage.expect(&["promote", WEST, "-input=false", "-from-epoch=1"], 0);
    stage.check(world.rules(EAST).is_empty(), "the region that was left lets nobody in");
    stage.same(world.rules(WEST), before[1].clone(), "all that was revoked came back");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let seen = stage.expect(&["watch", "-once"], 0).said();
    stage.check(seen.contains("was in us-east-1 after"), &seen);
}

#[test]
fn replicated_buckets() {
    plans_applies_and_goes("replicated-buckets");
}

#[test]
fn two_region_web() {
    plans_applies_and_goes("two-region-web");
}

#[test]
fn active_active() {
    plans_applies_and_goes("active-active");
}

#[test]
fn three_regions() {
    plans_applies_and_goes("three-regions");
}

#[test]
fn retention_tiers() {
    plans_applies_and_goes("retention-tiers");
}

#[test]
fn resources_only() {
    plans_applies_and_goes("resources-only");
}

#[test]
fn every_example_is_played() {
    let entries = fs::read_dir(example("")).unwrap().map(Result::unwrap);
    // Workflows are no root module: tests/cli/ci.rs reads them.
    let folders = entries.filter(|entry| entry.path().join("main.dr.hcl").is_file());
    let mut found: Vec<String> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    found.sort();
    let played = [
        "active-active",
        "containers",
        // It is simulated (tests/cli/examples.rs), like the next and the last one.
        "global-database",
        "global-table",
        "pilot-light",
        "pilot-light-compute",
        "replicated-buckets",
        "resources-only",
        "retention-tiers",
        "three-regions",
        "two-region-web",
        "warm-standby-postgres",
    ];
    assert_eq!(found, played, "a test for each example");
}
