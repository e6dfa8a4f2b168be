//! Two runs at once, and runs that die.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use super::case::Running;
use super::{Case, ONE};

/// An apply that waits for an answer and holds the lock meanwhile.
fn waiting(case: &Case) -> Running {
    let mut run = Running(case.command(&["apply"]).stdin(Stdio::piped()).spawn().unwrap());
    run.until("Plan: 1 to add");
    run
}

/// Approves a waiting run, which must fail with these texts.
fn approved(mut run: Running, texts: &[&str]) {
    run.0.stdin.take().unwrap().write_all(b"yes\n").unwrap();
    let mut said = String::new();
    run.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(run.0.wait().unwrap().code(), Some(1), "{said}");
    for text in texts {
        assert_eq!(said.matches(text).count(), 1, "{text:?} in {said}");
    }
}

#[test]
fn a_second_run_is_told_who_holds_the_lock() {
    let case = Case::of(ONE);
    let mut first = waiting(&case);
    let held = ["Error acquiring the state lock", "Operation: apply", "tester@host, process "];
    case.run(&["apply", "-auto-approve"]).says(1, &held);
    case.run(&["destroy", "-auto-approve", "-lock-timeout=100ms"]).says(1, &held);
    let json = case.run(&["apply", "-auto-approve", "-json"]);
    assert!(json.lines().iter().any(|l| l["diagnostic"]["severity"] == "error"), "{json:#?}");
    // Reading never waits.
    case.run(&["plan"]).says(0, &["1 to add"]);
    case.run(&["drift"]).says(0, &["No drift"]);
    case.run(&["status"]).says(0, &[]);
    first.0.stdin.take().unwrap().write_all(b"yes\n").unwrap();
    assert_eq!(first.0.wait().unwrap().code(), Some(0));
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
}

#[test]
fn a_run_waits_for_the_lock_when_it_is_told_to() {
    let case = Case::of(ONE);
    let mut first = waiting(&case);
    let second = case.start(&["apply", "-auto-approve", "-lock-timeout=60s"]);
    first.0.stdin.take().unwrap().write_all(b"yes\n").unwrap();
    assert_eq!(first.0.wait().unwrap().code(), Some(0));
    let mut second = second;
    assert_eq!(second.0.wait().unwrap().code(), Some(0));
    case.run(&["status"]).says(0, &[]);
    assert_eq!(case.ok(&["state", "list"]).stdout, "terraform_data.web\n");
}

#[test]
fn the_lock_of_a_dead_run_does_not_last() {
    let case = Case::of(ONE);
    case.ok(&["apply", "-auto-approve"]);
    case.write("main.dr.hcl", ONE.replace("web", "site"));
    let mut run = Running(case.command(&["apply"]).stdin(Stdio::piped()).spawn().unwrap());
    run.until("Plan: 1 to add");
    case.run(&["status"]).says(0, &["Locked by tester@host"]);
    run.kill();
    case.run(&["status"]).says(0, &["a lock of a run that has ended (tester@host"]);
    assert!(case.run(&["status", "-json"]).json()["locked_by"].is_null());
    case.run(&["apply", "-auto-approve"]).says(0, &["1 added"]);
}

#[test]
fn a_lock_is_broken_by_its_id_only() {
    let case = Case::of(ONE);
    let first = waiting(&case);
    let raw = Case::exactly(&mut case.command(&["apply", "-auto-approve"]));
    let id = raw.stderr.lines().find_map(|line| line.trim().strip_prefix("ID:")).unwrap().trim();
    case.run(&["force-unlock", "-force", "0"]).says(1, &["lock"]);
    case.run_with(&["force-unlock", id], "no\n").says(1, &["cancelled"]);
    case.run(&["force-unlock", "-force", id]).says(0, &["has been broken"]);
    case.run(&["apply", "-auto-approve"]).says(0, &["1 added"]);
    approved(first, &["apply::refused", "Nothing was called", "no other run is under way"]);
    case.run(&["plan"]).says(0, &["No changes"]);
}

#[test]
fn a_run_that_cannot_record_what_it_did_goes_on_when_the_disk_is_mended() {
    let case = Case::of(ONE);
    let first = waiting(&case);
    let generations = ".lifeboat/state/generations";
    case.write(generations, "in the way");
    approved(first, &["apply::unrecorded", "Nothing was started after that", "Mend the disk"]);
    fs::remove_file(case.path(generations)).unwrap();
    case.run(&["apply", "-auto-approve"]).says(0, &["Apply complete"]);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
    assert_eq!(case.ok(&["state", "list"]).stdout, "terraform_data.web\n");
}

#[test]
fn an_interrupt_ends_a_question_and_frees_the_lock() {
    let case = Case::of(ONE);
    let asked = |args: &[&str]| {
        let mut run = Running(case.command(args).stdin(Stdio::piped()).spawn().unwrap());
        run.until_said("Enter a value: ");
        run
    };
    let stopped = (1, "\n\nInterrupted: nothing was changed.\n".to_owned());
    assert_eq!(asked(&["apply"]).interrupt(), stopped);
    assert_eq!(case.run(&["status", "-json"]).json()["locked_by"], serde_json::Value::Null);
    case.ok(&["apply", "-auto-approve"]).says(0, &["1 added"]);
    assert_eq!(asked(&["destroy"]).interrupt(), stopped);
    assert_eq!(asked(&["force-unlock", "0"]).interrupt(), stopped);
    case.ok(&["destroy", "-auto-approve"]).says(0, &["1 destroyed"]);
}

#[test]
fn an_interrupt_ends_the_wait_for_a_lock() {
    let case = Case::of(ONE);
    let first = waiting(&case);
    let mut second = case.start(&["apply", "-auto-approve", "-lock-timeout=10m"]);
    second.until_said("Waiting for the state lock, which tester@host holds...\n");
    let stopped = (1, "\n\nInterrupted: nothing was changed.\n".to_owned());
    assert_eq!(second.interrupt(), stopped);
    first.kill();
    case.ok(&["apply", "-auto-approve"]).says(0, &["1 added"]);
}

#[test]
fn what_a_killed_apply_left_is_finished_by_the_next() {
    for done in [1, 100] {
        let case = Case::of(
            "resource \"terraform_data\" \"web\" {\n  count = 400\n  input = count.index\n}\n\
             output \"ids\" {\n  value = length(distinct(terraform_data.web[*].id))\n}\n",
        );
        // Nobody reads on, so the run is in the middle when it is killed.
        let mut run = case.start(&["apply", "-auto-approve"]);
        for _ in 0..done {
            run.until("Creation complete");
        }
        run.kill();
        case.run(&["plan"]).says(0, &[]);
        case.run(&["apply", "-auto-approve"]).says(0, &["Apply complete"]);
        case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
        assert_eq!(case.ok(&["state", "list"]).stdout.lines().count(), 400);
        assert_eq!(case.ok(&["output", "-raw", "ids"]).stdout, "400");
    }
}

#[test]
fn a_lock_says_who_holds_it_without_a_name_too() {
    let case = Case::of(ONE);
    let mut command = case.command(&["apply"]);
    let mut first = Running(command.env_remove("USER").stdin(Stdio::piped()).spawn().unwrap());
    first.until("Plan: 1 to add");
    let raw = Case::exactly(&mut case.command(&["apply", "-auto-approve"]));
    let line = |head: &str| raw.stderr.lines().find(|l| l.trim().starts_with(head)).unwrap();
    assert!(!line("Who:").contains("unknown"), "{raw:#?}");
    assert!(line("Who:").contains(&format!("host, process {}", first.0.id())), "{raw:#?}");
    assert!(line("Created:").ends_with('Z') && !line("Created:").contains('.'), "{raw:#?}");
}
