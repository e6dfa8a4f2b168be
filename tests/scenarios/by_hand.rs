//! What `show -commands` prints does what `apply` does: run in a shell, with the AWS CLI of Amazon.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use lifeboat_testbed::{Entry, Requirements, Venv};

use super::bundles::guard;
use super::folder::Folder;
use super::promotion::{APPROVED, EAST_FIRST, WEST_FIRST, answered, fenced, ready};
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, FILE, WEST};
use super::{compute, service};

/// What is saved, and what is printed for it.
const PLAN: &str = "promotion.plan";

/// A folder with the program `aws`.
fn aws_cli() -> Folder {
    let venv = Venv::ensure(&Requirements::AWS_CLI).unwrap();
    let folder = Folder::new();
    let script = format!("#!/bin/sh\nexec {} -I -m awscli \"$@\"\n", venv.python().display());
    folder.write("aws", &script);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path().join("aws"), executable).unwrap();
    folder
}

/// Runs what was printed, and gives what it said.
#[track_caller]
fn typed(stage: &Stage, tools: &Folder, script: &str) -> String {
    stage.folder.write("by-hand.sh", script);
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", tools.path().display());
    let mut shell = stage.bed.command("sh");
    let ran = shell.arg("by-hand.sh").current_dir(stage.folder.path()).env("PATH", path);
    let ran = ran.output().unwrap();
    let said = [ran.stdout, ran.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    let said = said.concat();
    stage.note(format_args!("by hand:\n{script}\n{said}"));
    stage.check(ran.status.success(), "a shell runs it to its end");
    said
}

/// All that a promotion changes, as it is on the servers.
fn live(stage: &Stage) -> Vec<String> {
    let aws = stage.bed.aws();
    let get = |service: &str, region: &str, path: &str| {
        aws.raw(service, region, "GET", path).send().unwrap().ok().unwrap().text()
    };
    let zone = aws.zone_id("example.com").unwrap().unwrap();
    let sets = aws.raw("route53", EAST, "GET", &format!("/2013-04-01/hostedzone/{zone}/rrset"));
    // Ids of checks are made up anew on each server.
    let sets = sets.send().unwrap().ok().unwrap().texts("ResourceRecordSet");
    let cut = |set: &String| match (set.find("<HealthCheckId>"), set.find("</HealthCheckId>")) {
        (Some(from), Some(to)) => format!("{}{}", &set[..from], &set[to..]),
        _ => set.clone(),
    };
    let mut all: Vec<String> = sets.iter().map(cut).collect();
    for (region, bucket) in [(EAST, BUCKET), (WEST, COPY)] {
        all.push(get("s3", region, &format!("/{bucket}?policy")));
        all.push(record(stage, region));
    }
    all
}

/// The role record of a region, without what is another one on each server.
fn record(stage: &Stage, region: &str) -> String {
    let bucket = format!("lifeboat-web-123456789012-{region}");
    let path = format!("/{bucket}/role.json");
    let aws = stage.bed.aws();
    let text = aws.raw("s3", region, "GET", &path).send().unwrap().ok().unwrap().text();
    let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let object = record.as_object_mut().unwrap();
    object.remove("lineage").unwrap();
    object.remove("promotion");
    record.to_string()
}

#[test]
fn a_shell_with_the_aws_cli_promotes_as_apply_does() {
    let tools = aws_cli();
    let by_apply = ready();
    by_apply.expect(APPROVED, 0);

    let stage = ready();
    stage.expect(&["plan", "-input=false", &format!("-out={PLAN}")], 0);
    let printed = stage.expect(&["show", "-commands", PLAN], 0);
    stage.same(printed.calls.len(), 0, "printing calls nobody");
    typed(&stage, &tools, &printed.stdout);
    stage.same(fenced(&stage, EAST, BUCKET), true, "the region that was left takes no writes");
    stage.same(fenced(&stage, WEST, COPY), false, "the new primary takes writes");
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    stage.same(live(&stage), live(&by_apply), "all is as apply leaves it");
    guard(&stage, WEST, 0);
    guard(&stage, EAST, 5);

    // The records are ahead of the state: nothing else is done with it before that is adopted.
    let refused = stage.expect(APPLY, 5);
    for text in ["promotion::behind", "lifeboat adopt us-west-2"] {
        stage.check(refused.stderr.contains(text), format_args!("{text} is told"));
    }
    stage.same(refused.mutating(), 0, "nothing is changed");
    let adopted = stage.expect(&["adopt", WEST, "-input=false", "-from-epoch=1"], 0);
    // The state and the bundles lie in buckets, too.
    let moves = |call: &&Entry| call.mutating && call.operation != "PutObject";
    stage.same(adopted.calls.iter().filter(moves).count(), 0, "all was done but what state says");
    stage.expect(APPLY, 0);
    by_apply.expect(APPLY, 0);
    stage.expect_nothing();
    stage.same(live(&stage), live(&by_apply), "all is as apply leaves it");
}

/// Machines and groups are waited for, too: what is closed after them must find them stopped.
#[test]
fn what_runs_is_started_and_stopped_by_hand_as_apply_does() {
    let tools = aws_cli();
    let stage = service::stage();
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    stage.expect(&["plan", "-input=false", &format!("-out={PLAN}")], 0);
    let printed = stage.expect(&["show", "-commands", PLAN], 0);
    typed(&stage, &tools, &printed.stdout);
    stage.same(service::runs(&stage, WEST), service::PRIMARY, "the new primary runs");
    stage.same(service::runs(&stage, EAST), (false, [0, 0]), "what is left has stopped");
    guard(&stage, WEST, 0);
}

#[test]
fn lifeboat_finds_nothing_to_do_after_an_ordinary_plan_by_hand() {
    let tools = aws_cli();
    let stage = compute::stage();
    let named = "  name             = \"web\"";
    let suspended = |process| format!("{named}\n  suspended_processes = [\"{process}\"]");
    stage.folder.edit(FILE, named, &suspended("AZRebalance"));
    stage.expect(APPLY, 0);
    stage.folder.edit(FILE, "state       = \"stopped\"", "state       = \"running\"");
    stage.folder.edit(FILE, "default = 0", "default = 2");
    stage.folder.edit(FILE, &suspended("AZRebalance"), &suspended("Launch"));
    stage.expect(&["plan", "-input=false", &format!("-out={PLAN}")], 0);
    let printed = stage.expect(&["show", "-commands", PLAN], 0);
    let json = stage.expect(&["show", "-commands", "-json", PLAN], 0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let lines = json["steps"].as_array().unwrap().iter().map(|step| &step["lines"]);
    let commands = lines.flat_map(|lines| lines.as_array().unwrap());
    let commands = commands.filter_map(|line| line["command"].as_str());
    for command in commands {
        stage.check(printed.stdout.contains(command), format_args!("{command} is in both"));
    }
    typed(&stage, &tools, &printed.stdout);
    let others = compute::others(&stage);
    stage.same((others.running, others.sizes), (true, [2, 2, 4]), "the standby is awake");
    stage.same(others.suspended, vec!["Launch".to_owned()], "what is suspended");
    stage.expect_nothing();
}
