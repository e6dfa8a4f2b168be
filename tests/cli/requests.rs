//! Requests to a promotion that is under way, from a second terminal.

use std::process::Command;

use super::case::Running;
use super::{Case, pair};

const WEB: &str = r#"resource "terraform_data" "web" {
  input = region.us-west-2.name
}
"#;

const PROMOTE: [&str; 4] = ["promote", "us-west-2", "-input=false", "-from-epoch=1"];

/// A hook that waits until something is written into the pipe `NAME`, and then ends as the command does.
fn waits(name: &str, phase: &str, then: &str) -> String {
    format!(
        "hook \"{name}\" {{\n  phase = \"{phase}\"\n  command = [\"sh\", \"-c\", \"cat {name} && {then}\"]\n}}\n"
    )
}

/// A topology with these hooks, applied, and a pipe for each that waits.
fn applied(hooks: &str, pipes: &[&str]) -> Case {
    let case = Case::of(&pair(&format!("{WEB}{hooks}")));
    for pipe in pipes {
        assert!(Command::new("mkfifo").arg(case.path(pipe)).status().unwrap().success());
    }
    case.ok(&["apply", "-auto-approve"]);
    case
}

/// A promotion whose hook `drain` runs and waits.
fn draining(case: &Case) -> Running {
    let mut run = case.start(&PROMOTE);
    run.until_said("hook.drain: Running...\n");
    run
}

/// Ends a run, and tells all that it still said.
fn ended(mut run: Running) -> (i32, String) {
    use std::io::Read as _;
    let mut said = String::new();
    run.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    run.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (run.0.wait().unwrap().code().unwrap_or(-1), said)
}

#[test]
fn a_promotion_is_paused_and_gone_on_with_from_another_terminal() {
    let case = applied(&waits("drain", "fence", "true"), &["drain"]);
    let mut run = draining(&case);
    let asked = case.run(&["promote", "-pause", "-reason=the vendor calls back"]);
    asked.says(0, &["Request 1 (pause): Paused: what runs ends, and nothing more begins"]);
    run.until_said("Request 1 of tester@host (pause, \"the vendor calls back\"): Paused");
    run.until_said("Paused by tester@host");
    let status = ["Paused by tester@host since ", "(the vendor calls back)", "promote -resume"];
    case.run(&["status"]).says(0, &status);
    case.run(&["promote", "-pause"]).says(5, &["Request 2 (pause) is refused", "paused already"]);
    case.write("drain", "");
    run.until_said("hook.drain: Done");
    // The lock is held, and nothing of what follows is done.
    case.run(&["apply", "-auto-approve"]).says(1, &["Error acquiring the state lock"]);
    assert_eq!(case.run(&["status", "-json"]).json()["primary"], "us-east-1");
    case.run(&["promote", "-resume"]).says(0, &["Request 3 (resume): Goes on"]);
    let (code, said) = ended(run);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("us-west-2 is the primary, in epoch 2"), "{said}");
    case.run(&["report"]).says(0, &["request 1", "pause by tester@host: the vendor calls back"]);
    assert_eq!(case.run(&["status", "-json"]).json()["paused"], serde_json::Value::Null);
}

#[test]
fn a_promotion_that_another_process_takes_over_stays_paused() {
    let case = applied(&waits("drain", "fence", "true"), &["drain"]);
    let mut run = draining(&case);
    case.run(&["promote", "-pause"]).says(0, &["Request 1 (pause): Paused"]);
    case.write("drain", "");
    run.until_said("hook.drain: Done");
    run.kill();
    case.run(&["status"]).says(0, &["Paused by tester@host"]);
    let mut next = case.start(&["apply"]);
    next.until_said("Going on with the promotion of us-west-2");
    next.until_said("Paused by tester@host");
    case.run(&["promote", "-resume"]).says(0, &["Request 2 (resume): Goes on"]);
    let (code, said) = ended(next);
    assert_eq!(code, 0, "{said}");
    assert_eq!(case.run(&["status", "-json"]).json()["primary"], "us-west-2");
}

#[test]
fn what_runs_is_left_out_where_it_fails_after_all() {
    let case = applied(&waits("drain", "fence", "false"), &["drain"]);
    let run = draining(&case);
    let skip = ["promote", "-skip=hook.drain", "-reason=it never works"];
    case.run(&skip)
        .says(0, &["Request 1 (skip hook.drain): The promotion goes on without hook.drain"]);
    case.run(&["promote", "-skip=hook.other", "-reason=no"]).says(1, &["without: hook.drain"]);
    case.write("drain", "");
    let (code, said) = ended(run);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("apply::hook"), "{said}");
    case.run(&["report"]).says(0, &["skipped: it never works"]);
}

#[test]
fn what_failed_runs_again_while_another_step_still_runs() {
    let fails =
        "hook \"vpn\" {\n  phase = \"fence\"\n  command = [\"test\", \"-e\", \"tunnel\"]\n}\n";
    let case = applied(&format!("{fails}{}", waits("drain", "fence", "true")), &["drain"]);
    let run = draining(&case);
    case.run(&["promote", "-retry=hook.drain"]).says(5, &["Nothing that is meant has failed"]);
    case.write("tunnel", "");
    // It may still be under way.
    let retried = (0..50).any(|_| case.run(&["promote", "-retry"]).code == 0);
    assert!(retried, "it never failed");
    case.write("drain", "");
    let (code, said) = ended(run);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("hook.vpn: Done"), "{said}");
}

#[test]
fn a_promotion_is_given_up_from_another_terminal_until_the_claim() {
    let case = applied(&waits("drain", "fence", "true"), &["drain"]);
    let run = draining(&case);
    case.run(&["promote", "-abort"]).says(0, &["Request 1 (abort): The run ends"]);
    case.run(&["promote", "-resume"]).says(5, &["abort has ended the run"]);
    case.write("drain", "");
    let (code, said) = ended(run);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("us-west-2 in place of us-east-1 is given up"), "{said}");
    case.run(&["promote", "-pause"]).says(1, &["No promotion is open"]);
    assert!(
        String::from_utf8(case.read("main.dr.hcl")).unwrap().contains("primary  = \"us-east-1\"")
    );

    let case = applied(&waits("drain", "promote", "true"), &["drain"]);
    let run = draining(&case);
    case.run(&["promote", "-abort"]).says(5, &["too late: the claim of us-west-2 has begun"]);
    case.write("drain", "");
    assert_eq!(ended(run).0, 0);
}

#[test]
fn a_request_for_another_run_is_told_and_ignored() {
    let fails =
        "hook \"drain\" {\n  phase = \"fence\"\n  command = [\"test\", \"-e\", \"done\"]\n}\n";
    let case = applied(fails, &[]);
    case.run(&PROMOTE).says(4, &["apply::hook"]);
    case.run(&["promote", "-pause"]).says(0, &["No run is under way: the next `lifeboat apply`"]);
    case.run(&["status"]).says(0, &["Request 1 of tester@host at ", "not taken yet: pause"]);
    case.run(&["promote", "-abort"]).says(0, &["is given up"]);
    case.write("done", "");
    let told = ["Request 1 of tester@host (pause): It is not taken: it was made for run "];
    let ran = case.run(&PROMOTE);
    ran.says(0, &["us-west-2 is the primary"]);
    ran.says(0, &told);
    let later = case.run(&["apply", "-auto-approve"]);
    assert!(!later.stderr.contains("Request 1"), "{later:#?}");
}

#[test]
fn a_graceful_promotion_goes_on_without_the_region_that_is_left() {
    let case = applied(&waits("drain", "fence", "true"), &["drain"]);
    let mut run = draining(&case);
    let without = ["promote", "-ungraceful", "-reason=fire"];
    case.run(&without).says(5, &["-attest=us-east-1 -reason=TEXT -accept-loss=unknown"]);
    // Nothing was ever compared, so that no ceiling can be kept.
    let ceiling = [&without[..], &["-attest=us-east-1", "-accept-loss=5m"]].concat();
    let why = ["promotion::loss_unknown", "at most 5m is accepted"];
    case.run(&ceiling).says(5, &why);
    let soon = [&without[..], &["-attest=us-east-1", "-accept-loss=soon"]].concat();
    case.run(&soon).says(1, &["-accept-loss=soon"]);
    let other = [&without[..], &["-attest=us-west-2", "-accept-loss=unknown"]].concat();
    case.run(&other).says(5, &["A person must attest that us-east-1 is down"]);
    let said = [&without[..], &["-attest=us-east-1", "-accept-loss=unknown"]].concat();
    case.run(&said)
        .says(0, &["Request 1 (ungraceful): The run ends", "planned anew without us-east-1"]);
    // The run that ends, and the one after it.
    case.write("drain", "");
    run.until_said("planned anew without us-east-1.\n");
    run.until_said("hook.drain: Running...\n");
    case.write("drain", "");
    let (code, said) = ended(run);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("us-west-2 is the primary"), "{said}");
}

#[test]
fn with_json_every_line_parses_and_tells_the_requests() {
    let case = applied(&waits("drain", "fence", "true"), &["drain"]);
    let mut run = case.start(&[&PROMOTE[..], &["-json"]].concat());
    run.until_said("hook.drain: Running...\n");
    let asked = case.run(&["promote", "-pause", "-json"]);
    let line = asked.lines().pop().unwrap();
    assert_eq!((&line["type"], &line["request"]["taken"]), (&"request".into(), &true.into()));
    run.until("\"type\":\"paused\"");
    case.write("drain", "");
    case.ok(&["promote", "-resume", "-json"]);
    let (code, said) = ended(run);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("\"type\":\"request\""), "{said}");
}

#[test]
fn a_request_that_is_not_taken_in_time_is_told_as_such() {
    let case = applied(&waits("drain", "fence", "true"), &["drain"]);
    let run = draining(&case);
    case.run(&["promote", "-pause", "-wait=0s"]).says(0, &["has not taken it within 0s"]);
    case.run(&["promote", "-pause", "-wait=soon"]).says(1, &["-wait=soon is not a duration"]);
    run.kill();
}
