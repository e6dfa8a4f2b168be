//! What resolvers still answer after a switch: asked, told while it goes on, and kept.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::keeper::Keeper;
use super::{Mode, Pace, Site, Switch};
use crate::scenarios::promotion::{APPROVED, EAST_FIRST, WEST_FIRST};
use crate::scenarios::stage::APPLY;
use crate::scenarios::web::{FILE, WEST};

/// Seconds, so that the resolver is seen with the old answer.
const TTL: u64 = 4;

#[test]
fn resolvers_are_asked_until_the_last_has_moved_and_who_does_not_answer_is_told_as_unknown() {
    let pace = Pace { ttl: TTL, during: None, hurry: 20 };
    let Some(site) = Site::start(Switch::Record, pace) else { return };
    let keeper = Keeper::start(site.bridge.addr(), "www.example.com.");
    // Nobody answers there.
    let dead = UdpSocket::bind("127.0.0.1:0").unwrap();
    let [server, kept, silent] =
        [site.bridge.addr(), keeper.address, dead.local_addr().unwrap()].map(|at| at.to_string());
    let line = format!("resolvers = [\"{server}\", \"{kept}\", \"{silent}\"]\n  switch = ");
    site.stage.folder.edit(FILE, "switch = ", &line);
    site.stage.expect_nothing();

    let promoted = site.promote(Mode::Graceful);
    let said = promoted.ran.said();
    for text in [
        "resolve resolvers.web for up to ",
        "resolvers.web: Asking resolvers what they still answer...",
        "resolvers.web: of 3 resolvers 1 still answers with us-east-1",
        "2 answer with us-west-2, the last after ",
        "1 unknown",
    ] {
        site.stage.check(said.contains(text), format_args!("it says {text:?}"));
    }

    let report = site.stage.expect(&["report", "-json"], 0).stdout;
    let report: Json = serde_json::from_str(&report).unwrap();
    let seen = &report["promotion"]["resolvers"][0];
    let counts = ["moved", "old", "unknown"].map(|name| seen[name].as_u64().unwrap());
    site.stage.same(counts, [2, 0, 1], "how many have moved, not yet, and are not known");
    let of = |at: &str| {
        let all = seen["resolvers"].as_array().unwrap();
        all.iter().find(|one| one["at"] == at).unwrap().clone()
    };
    let moved = |at: &str| of(at)["moved"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let later = moved(&kept).duration_since(moved(&server)).as_secs_f64();
    site.stage.check(
        later > 0.5 && later < 3.0 * f64::from(u32::try_from(TTL).unwrap()),
        format_args!("the old answer was kept {later} s longer"),
    );
    site.stage.same(seen["last_moved"].clone(), of(&kept)["moved"].clone(), "the last that moved");
    let why = of(&silent)["unknown"].as_str().unwrap().to_owned();
    site.stage.check(why.contains("no answer within"), format_args!("it is told why: {why}"));
    let rto = report["promotion"]["rto"]["measured_seconds"].as_f64().unwrap();
    let last = seen["last_moved_seconds"].as_f64().unwrap();
    site.stage
        .check(last > rto, format_args!("{last} s after the approval, switched after {rto} s"));

    let status = site.stage.expect(&["status"], 0).stdout;
    for text in [
        "resolvers.web at ",
        "2 of 3 answered with us-west-2 (the last since ",
        "of 1 it is not known",
    ] {
        site.stage.check(status.contains(text), format_args!("it says {text:?}:\n{status}"));
    }
    let page = site.stage.expect(&["report"], 0).stdout;
    site.stage.check(page.contains("| resolver | answered with | since | may until |"), page);
}

#[test]
fn a_promotion_that_is_held_does_not_wait_for_resolvers() {
    // Longer than the run may take.
    let pace = Pace { ttl: 60, during: None, hurry: 20 };
    let Some(site) = Site::start(Switch::Record, pace) else { return };
    let keeper = Keeper::start(site.bridge.addr(), "www.example.com.");
    let line = format!("resolvers = [\"{}\"]\n  switch = ", keeper.address);
    site.stage.folder.edit(FILE, "switch = ", &line);
    let topology = "  strategy = \"warm_standby\"\n";
    let window = format!("{topology}  failover {{\n    commit_window = \"5m\"\n  }}\n");
    site.stage.folder.edit(FILE, topology, &window);
    site.stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let mut run = site.stage.start_as(APPROVED, &[site.outside.trusted()]);
    run.until_said("1 still answers with us-east-1");
    let seen = Instant::now();
    site.endpoints[1].stop();
    let ran = run.finish();
    site.stage.check(ran.stderr.contains("apply::unhealthy"), "the new primary is ill");
    let took = seen.elapsed();
    site.stage.check(took < Duration::from_secs(50), format_args!("it was held after {took:?}"));
}

#[test]
fn a_run_that_dies_while_it_asks_is_gone_on_with_and_asks_again() {
    let pace = Pace { ttl: 1, during: None, hurry: 20 };
    let Some(site) = Site::start(Switch::Record, pace) else { return };
    let server = site.bridge.addr();
    let line = format!("resolvers = [\"{server}\"]\n  switch = ");
    site.stage.folder.edit(FILE, "switch = ", &line);
    site.stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let mut run = site.stage.start_as(APPROVED, &[site.outside.trusted()]);
    run.until_said("resolvers.web: Asking resolvers");
    drop(run);
    let status = site.stage.expect(&["status"], 0).stdout;
    site.stage.check(status.contains("A promotion is open"), format_args!("it is open:\n{status}"));
    let ran = site.apply(APPLY, "what is left of it");
    site.stage
        .check(ran.said().contains("of 1 resolver 1 answers with us-west-2"), "it asks again");
    site.until_answered_by(WEST);
    let status = site.stage.expect(&["status"], 0).stdout;
    for text in ["1 of 1 answered with us-west-2", "primary us-west-2"] {
        site.stage.check(status.contains(text), format_args!("it says {text:?}:\n{status}"));
    }
}
