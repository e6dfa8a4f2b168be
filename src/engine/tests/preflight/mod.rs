//! Each check of a preflight: in a topology that is well it passes, and it says so where it is not.

mod cases;
mod world;

use std::collections::BTreeSet;

use lifeboat_sdk::{Location, Name, RegionName, Scope};

use crate::engine::preflight::{CHECKS, Preflight, Verdict};
use crate::plan::Deferral;

use cases::{Case, copies, gates, records_and_data, runs_and_regions, traffic};
use world::{EAST, WEST, World, dns};

#[tokio::test]
async fn where_all_is_well_every_check_passes() {
    let judged = World::new(&[]).await.judged().await;
    let codes: BTreeSet<&str> = judged.checks.iter().map(|check| check.code).collect();
    // There is no gate.
    let all = CHECKS.iter().map(|(code, _)| *code).filter(|code| *code != "preflight::gate");
    assert_eq!(codes, all.collect());
    for check in &judged.checks {
        assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    }
    let Preflight { from, to, epoch, .. } = &judged;
    assert_eq!((&**from, &**to, *epoch, judged.worst()), (WEST, EAST, 3, Verdict::Pass));
}

#[tokio::test]
async fn a_graceful_promotion_is_stopped_by_what_fails_or_is_unknown_unless_that_is_ignored() {
    let mut world = World::new(&[]).await;
    world.copy = None;
    // This one is told, and stops nothing.
    world.expected = None;
    let judged = world.judged().await;
    let stops = |ignored: &[&str]| {
        let ignored: Vec<String> = ignored.iter().map(|name| (*name).to_owned()).collect();
        judged.stops(&ignored).iter().map(|check| check.code).collect::<Vec<_>>()
    };
    assert_eq!(stops(&[]), ["preflight::replication_lag"]);
    assert_eq!(stops(&["fence"]), ["preflight::replication_lag"]);
    for ignored in ["replication_lag", "preflight::replication_lag", "all"] {
        assert!(stops(&[ignored]).is_empty(), "{ignored}");
    }
}

#[tokio::test]
async fn each_check_says_what_is_wrong_of_what_it_is_about_and_what_to_do() {
    let mut all = runs_and_regions();
    all.extend(records_and_data());
    all.extend(traffic());
    all.extend(copies());
    all.extend(gates());
    let bad = |case: &&Case| case.verdict != Verdict::Pass;
    let shown: BTreeSet<&str> = all.iter().filter(bad).map(|case| case.code).collect();
    assert_eq!(shown, CHECKS.iter().map(|(code, _)| *code).collect());
    for (i, Case { edits, change, code, about, verdict }) in all.into_iter().enumerate() {
        let mut world = World::new(&edits).await;
        change(&mut world);
        let judged = world.judged().await;
        let same = |check: &&crate::engine::preflight::Check| {
            check.code == code && check.about.as_deref() == about
        };
        let check = judged.checks.iter().find(same);
        let check = check.unwrap_or_else(|| panic!("{i}: {code} {about:?}: {judged:#?}"));
        assert_eq!(check.verdict, verdict, "{i}: {check:?}");
        assert!(verdict == Verdict::Pass || check.fix.is_some(), "{i}: {check:?}");
    }
}

#[tokio::test]
async fn the_ttl_is_told_that_clients_see_and_how_long_lowering_it_is_waited_for() {
    let mut world = World::new(&[]).await;
    let told = async |world: &World| {
        let judged = world.judged().await;
        judged.checks.into_iter().find(|check| check.code == "preflight::dns_ttl").unwrap().message
    };
    let plain = "Health checks notice within 90 s and resolvers ask again within 60 s, 150 s in all, of \
                 an RTO of 30m.";
    assert_eq!(told(&world).await, plain);
    world.lowers(300, 60);
    let lowered = "Resolvers keep the answer for 300 s. This promotion lowers that to 60 s first, and \
                   waits 300 s for it while writes go on. Then health checks notice within 90 s and \
                   resolvers ask again within 60 s, 150 s in all, of an RTO of 30m. One without the old \
                   primary does not wait for that: then it is 390 s in all.";
    assert_eq!(told(&world).await, lowered);
}

#[tokio::test]
async fn records_behind_a_gate_may_need_a_control_plane_of_the_lost_region() {
    for edits in [&cases::GATED[..], &cases::ENTERED] {
        let mut world = World::new(edits).await;
        world.dns_at_home_in(WEST);
        let judged = world.judged().await;
        let found = judged.checks.iter().find(|c| c.code == "preflight::steps").unwrap();
        assert_eq!(found.verdict, Verdict::Pass, "{found:?}");
        assert!(found.message.contains("records behind a gate can wait"), "{found:?}");
    }
}

#[tokio::test]
async fn what_is_to_be_written_in_place_of_records_can_be_written() {
    let by = |lines: &'static str| ("name   = \"www.example.com\"", lines);
    let gate = "Write switch = \"operator\" with a gate";
    let all = ("bucket \"exports\" {", "bucket \"exports\" {\n  writers = \"all\"");
    for (edits, fix) in [
        (vec![], vec![gate]),
        (vec![by("name = \"www\"\n policy = \"weighted\"")], vec![gate]),
        (
            vec![
                by(
                    "name = \"www\"\n policy = \"weighted\"\n weights = { primary = 2, standby = 1 }",
                ),
                all,
            ],
            vec![gate, "weights = { primary = 100, standby = 0 }", "switch = \"health\""],
        ),
        (vec![by("name = \"www\"\n policy = \"latency\"")], vec!["Write switch = \"health\""]),
    ] {
        let mut world = World::new(&edits).await;
        world.dns_at_home_in(WEST);
        let judged = world.judged().await;
        let found = judged.checks.iter().find(|c| c.code == "preflight::steps").unwrap();
        let told = found.fix.as_deref().unwrap_or_default();
        for text in fix {
            assert!(told.contains(text), "{edits:?}: {told}");
        }
    }
}

#[tokio::test]
async fn records_rewritten_through_a_control_plane_of_the_lost_region_fail_even_if_deferred() {
    let mut world = World::new(&[]).await;
    let location = Location::Global { home: RegionName::from(WEST) };
    let scope = Scope { location, ..dns() };
    for change in world.made.plan.changes.iter_mut().filter(|c| c.scope == Some(dns())) {
        change.scope = Some(scope.clone());
    }
    world.made.plan.steps.retain(|step| !step.members.iter().any(|member| member.change == 0));
    let message = "no answer".to_owned();
    world.made.plan.changes[0].deferred = Some(Deferral::Unreachable { scope, message });
    let judged = world.judged().await;
    let found: Vec<_> = judged.checks.iter().filter(|c| c.code == "preflight::steps").collect();
    assert_eq!(found.len(), 2, "one for each record: {found:?}");
    assert!(found[1].message.contains("deferred"), "{found:?}");
    assert!(found.iter().all(|c| c.message.contains("control plane of route53")), "{found:?}");
    assert!(found.iter().all(|c| c.fix.as_ref().unwrap().contains("operator")), "{found:?}");
}

#[test]
fn the_page_lists_the_codes_that_there_are() {
    let page = std::fs::read_to_string("docs/preflight.md").unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `preflight::"));
    let named: Vec<Name> =
        rows.map(|row| format!("preflight::{}", row.split('`').next().unwrap()).into()).collect();
    let codes: Vec<Name> = CHECKS.iter().map(|(code, _)| (*code).into()).collect();
    assert_eq!(named, codes);
}
