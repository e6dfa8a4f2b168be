//! What a promotion would need, looked at on the servers: any day, and while a region is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_testbed::{Fault, Rule};

use super::folder::Folder;
use super::ran::Ran;
use super::stage::{APPLY, Stage};
use super::web::{EAST, EXAMPLE, FILE, WEST, raise_ttl};

const PREFLIGHT: &[&str] = &["preflight", "-input=false", "-json"];

/// The example, applied with the region in which Route 53 is not at home as its primary.
#[track_caller]
fn in_the_west() -> Stage {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.folder.edit(FILE, "primary  = \"us-east-1\"", "primary  = \"us-west-2\"");
    stage.expect(APPLY, 0);
    stage
}

/// The verdict of each check, by its code; the worst where it is about several things.
fn verdicts(ran: &Ran) -> BTreeMap<String, String> {
    let mut verdicts = BTreeMap::new();
    for event in ran.events().iter().filter(|event| event["type"] == "preflight_check") {
        let text = |name: &str| event["check"][name].as_str().unwrap_or_default().to_owned();
        let worst = verdicts.entry(text("code")).or_insert_with(|| "pass".to_owned());
        if *worst == "pass" || text("verdict") == "fail" {
            *worst = text("verdict");
        }
    }
    verdicts
}

/// The codes of the checks that came to this.
fn those(ran: &Ran, verdict: &str) -> Vec<String> {
    let all = verdicts(ran).into_iter().filter(|(_, is)| is == verdict);
    all.map(|(code, _)| code.trim_start_matches("preflight::").to_owned()).collect()
}

#[test]
fn on_a_day_like_any_other_nothing_fails_and_nothing_is_touched() {
    let stage = in_the_west();
    let ran = stage.expect(PREFLIGHT, 6);
    stage.same(those(&ran, "fail"), Vec::new(), "what fails");
    // Nobody has measured it yet.
    stage.same(those(&ran, "unknown"), vec!["time".into()], "unknown");
    stage.same(those(&ran, "pass").len(), 19, "the checks that pass");
    stage.same(ran.mutating(), 0, "a preflight changes nothing");
    let text = std::fs::read_to_string(stage.folder.path().join(FILE)).unwrap();
    stage.check(text.contains("primary  = \"us-west-2\""), "the files are as they were");
    stage.expect_nothing();
    // A promotion measures its steps: the way back is the same steps.
    stage.expect(&["promote", EAST, "-input=false", "-from-epoch=1"], 0);
    stage.expect(APPLY, 0);
    let ran = stage.expect(PREFLIGHT, 5);
    stage.same(those(&ran, "unknown"), Vec::new(), "what is not known");
    stage.same(those(&ran, "fail"), vec!["dns_switch".into(), "steps".into()], "what fails");
}

#[test]
fn a_primary_that_is_gone_is_told_in_time_and_what_needs_it_is_unknown() {
    let stage = in_the_west();
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(WEST).regional());
    let ran = stage.expect(PREFLIGHT, 6);
    stage.check(ran.took < Duration::from_secs(15), "the region's silence costs little");
    stage.same(those(&ran, "fail"), Vec::new(), "what fails");
    let unknown = [
        "fence",
        "primary_reachable",
        "replication_lag",
        "replication_rule",
        "role_records",
        "time",
    ];
    stage.same(those(&ran, "unknown"), unknown.map(str::to_owned).into(), "unknown");
    let told = format!("{WEST} does not answer");
    stage.check(ran.stdout.contains(&told), "the primary's silence is told");
    stage.same(ran.mutating(), 0, "a preflight changes nothing");
    // The other way round the target is gone, and that fails.
    stage.bed.proxy.clear();
    stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST).regional());
    let ran = stage.expect(PREFLIGHT, 5);
    let failed = those(&ran, "fail");
    stage.check(failed.contains(&"target_reachable".to_owned()), format_args!("{failed:?}"));
    stage.check(failed.contains(&"credentials".to_owned()), format_args!("{failed:?}"));
}

#[test]
fn a_name_that_resolvers_keep_for_an_hour_fails_where_nothing_lowers_that_first() {
    let stage = in_the_west();
    raise_ttl(&stage.bed.aws());
    let ran = stage.expect(PREFLIGHT, 6);
    stage.same(those(&ran, "fail"), Vec::new(), "what fails where it is lowered");
    stage.check(ran.stdout.contains("waits 3600 s for it"), "it says how long");
    // Without the old primary nobody waits for it.
    let down = [PREFLIGHT, &["-assume-down=us-west-2"]].concat();
    let ran = stage.expect(&down, 5);
    stage.check(those(&ran, "fail").contains(&"dns_ttl".to_owned()), "it is judged as it is");
    // Nor where the files leave it so long.
    stage.folder.edit(FILE, "ttl    = \"60s\"", "ttl    = \"60s\"\n  ttl_during = \"1h\"");
    let ran = stage.expect(PREFLIGHT, 5);
    stage.same(those(&ran, "fail"), vec!["dns_ttl".into()], "what fails");
    stage.check(ran.stdout.contains("for 3600 s while"), "it says how long");
    stage.check(ran.stdout.contains("Write ttl_during"), "and what to write");
}

#[test]
fn records_that_need_a_control_plane_of_the_primary_fail_with_the_steps_and_the_fix() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    let ran = stage.expect(PREFLIGHT, 5);
    stage.same(those(&ran, "fail"), vec!["dns_switch".into(), "steps".into()], "what fails");
    stage.check(ran.stdout.contains("switch = \\\"operator\\\""), "it says what to write");
    // What a person assumes to be down is not asked.
    let down = [PREFLIGHT, &["-assume-down=us-east-1"]].concat();
    let ran = stage.expect(&down, 5);
    stage.check(ran.calls.iter().all(|call| call.region != EAST), "nobody is called there");
    stage.same(those(&ran, "fail"), ["dns_switch", "plan", "steps"].map(str::to_owned).into(), "");
}
