//! Exit codes, closed pipes, colours and widths.

use std::process::Stdio;

use super::stored;
use super::{Case, ONE, TOPOLOGY};

/// So many objects that what is said of them is more than a pipe holds.
fn many() -> Case {
    Case::of("resource \"terraform_data\" \"web\" {\n  count = 600\n  input = count.index\n}\n")
}

#[test]
fn exit_codes_tell_what_happened() {
    let case = Case::of(ONE);
    case.run(&["plan"]).says(0, &["1 to add"]);
    case.run(&["plan", "-detailed-exitcode"]).says(2, &["1 to add"]);
    case.run(&["--chdir=.", "plan", "--detailed-exitcode"]).says(2, &["1 to add"]);
    case.run(&["apply", "-auto-approve"]).says(0, &["1 added"]);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
    case.run(&["drift"]).says(0, &["No drift"]);
    case.write("main.dr.hcl", "nonsense");
    case.run(&["plan", "-detailed-exitcode"]).says(1, &["config::expected_item"]);
    case.run(&["drift"]).says(1, &["config::expected_item"]);
    let guarded = ONE.replace("input", "lifecycle {\n prevent_destroy = true\n}\ninput");
    case.write("main.dr.hcl", guarded);
    case.run(&["destroy", "-auto-approve"]).says(1, &["plan::prevent_destroy"]);
    case.ok(&["state", "list"]).says(0, &["terraform_data.web"]);
    case.write("main.dr.hcl", ONE);
    let none = ["plan::allow_destroy_count", "remove -allow-destroy"];
    let change = &["apply", "-auto-approve", "-var=size=2", "-allow-destroy=3"];
    case.run(change).says(5, &none);
    let counted = ["plan::allow_destroy_count", "-allow-destroy=3 was given", "replaces 1"];
    case.run(&["destroy", "-auto-approve", "-allow-destroy=3"]).says(5, &counted);
    case.run(&["destroy", "-auto-approve", "-allow-destroy=1"]).says(0, &["1 destroyed"]);
}

#[test]
fn what_goes_goes_before_what_it_used_whatever_the_files_say_now() {
    let object =
        |name: &str, body: &str| format!("resource \"terraform_data\" \"{name}\" {{\n{body}\n}}\n");
    let after = |name: &str| format!("depends_on = [terraform_data.{name}]");
    let old = object("a", "") + &object("b", &format!("count = 1\n{}", after("a")));
    let case = Case::of(&old);
    case.ok(&["apply", "-auto-approve"]);
    let new = object("a", &format!("triggers_replace = 2\n{}", after("b")));
    case.write("main.dr.hcl", new + &object("b", "count = 0"));
    let ran = case.run(&["apply", "-auto-approve"]);
    ran.says(0, &["1 added", "2 destroyed"]);
    let at = |text: &str| ran.stdout.find(text).unwrap_or_else(|| panic!("{text}: {ran:?}"));
    let gone = at("terraform_data.b[0]: Destruction complete");
    assert!(gone < at("terraform_data.a: Destroying..."), "{ran:?}");
}

#[test]
fn objects_that_need_each_other_in_state_are_told_as_a_cycle() {
    let case = Case::of(
        "resource \"terraform_data\" \"a\" {}\n\
         resource \"terraform_data\" \"b\" {\n  depends_on = [terraform_data.a]\n}\n",
    );
    case.ok(&["apply", "-auto-approve"]);
    stored::generation(&case, 1, |text| {
        let own = r#""ownership":"state_only","#;
        text.replacen(own, &format!(r#"{own}"depends_on":["terraform_data.b"],"#), 1)
    });
    let told =
        ["plan::cycle", "terraform_data.a -> terraform_data.b -> terraform_data.a", "-target"];
    case.run(&["destroy", "-auto-approve"]).says(1, &told);
}

#[test]
fn a_changed_primary_is_a_promotion_that_needs_an_approval_of_its_own() {
    let topology = "topology \"web\" {\n  strategy = \"warm_standby\"\n  regions  = [\"us-east-1\", \
                    \"us-west-2\"]\n  primary  = \"us-east-1\"\n}\nregion \"us-east-1\" { account = \
                    \"123456789012\" }\nregion \"us-west-2\" { account = \"123456789012\" }\n";
    let case = Case::of(&format!("{topology}{ONE}"));
    case.ok(&["apply", "-auto-approve"]);
    let other = topology.replace("primary  = \"us-east-1\"", "primary  = \"us-west-2\"");
    case.write("main.dr.hcl", format!("{other}{ONE}"));
    let told = "Promotion: us-east-1 -> us-west-2, epoch 1 -> 2";
    case.run(&["plan", "-detailed-exitcode"]).says(2, &[told]);
    let option = "-promote=us-west-2 -from-epoch=1";
    case.run(&["apply", "-auto-approve"]).says(5, &[told, "does not approve that", option]);
    let apply = |region: &str, epoch: &str| {
        let (region, epoch) = (format!("-promote={region}"), format!("-from-epoch={epoch}"));
        case.run(&["apply", "-input=false", &region, &epoch])
    };
    for (region, epoch) in [("us-east-1", "1"), ("us-west-2", "2"), ("us-west-2", "0")] {
        apply(region, epoch).says(5, &["What was given approves", option]);
    }
    case.run(&["apply", "-promote=us-west-2"]).says(1, &["-from-epoch"]);
    case.run(&["plan", "-target=terraform_data.one"]).says(5, &["promotion::not_whole", "-target"]);
    case.run(&["destroy", "-auto-approve"]).says(5, &["promotion::not_whole", "destroy"]);
    apply("us-west-2", "1").says(0, &["The epoch is claimed"]);
    case.run(&["status"]).says(0, &["primary us-west-2 (epoch 2)"]);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
    // The files of before are stale, whatever approves them.
    case.write("main.dr.hcl", format!("{topology}{ONE}"));
    apply("us-west-2", "1").says(5, &["promotion::stale_files", "lifeboat promote us-east-1"]);
    // Who names the epoch that is now means it.
    apply("us-east-1", "2").says(0, &["epoch 2 -> 3"]);
}

#[test]
fn an_output_that_cannot_be_stored_leaves_the_rest_in_state() {
    let (open, close) = ("[".repeat(30), "]".repeat(30));
    let case = Case::of(&format!(
        "resource \"terraform_data\" \"deep\" {{\n  input = jsonencode({open}{close})\n}}\n\
         output \"deep\" {{\n  value = {open}jsondecode(terraform_data.deep.output){close}\n}}\n",
    ));
    let told = ["1 added", "apply::output", "output.deep", "nested more than 48 levels"];
    case.run(&["apply", "-auto-approve"]).says(1, &told);
    case.run(&["state", "list"]).says(0, &["terraform_data.deep"]);
}

#[test]
fn drift_gives_no_verdict_where_it_failed() {
    let case = Case::of(TOPOLOGY).file("more.dr.hcl", ONE);
    case.ok(&["apply", "-auto-approve"]);
    let moved = "primary  = \"us-west-2\"";
    case.write("main.dr.hcl", TOPOLOGY.replace("primary  = \"us-east-1\"", moved));
    let ran = case.run(&["drift"]);
    ran.says(1, &["It cannot be told whether there is drift", "promotion::pending"]);
    assert!(!ran.stdout.contains("No drift"), "{ran:#?}");
    let ran = case.run(&["drift", "-json"]);
    assert!(ran.code == 1 && !ran.stdout.contains("change_summary"), "{ran:#?}");
}

#[test]
fn with_json_every_line_parses_also_when_something_fails() {
    let case = Case::of(ONE);
    let failing: [&[&str]; 5] = [
        &["plan", "-json", "-var=other=1"],
        &["apply", "-json", "-auto-approve", "-var-file=absent"],
        &["apply", "-json", "absent.plan"],
        &["destroy", "-json"],
        &["drift", "-json", "-var=other=1"],
    ];
    for args in failing {
        let ran = case.run(args);
        let lines = ran.lines();
        let told = lines.iter().any(|line| line["type"] == "diagnostic");
        assert!(told || ran.code == 0, "{args:?}: {ran:#?}");
    }
    case.write("main.dr.hcl", "nonsense");
    assert_eq!(case.run(&["validate", "-json"]).json()["valid"], false);
}

/// Every failure is one of these: lines that hold a diagnostic, or a document of them.
#[test]
fn with_json_every_failure_is_json() {
    let case = Case::of("nonsense").file(".lifeboat/state/lock", "nonsense");
    let lines: [&[&str]; 11] = [
        &["init", "-json"],
        &["init", "-json", "-bogus"],
        &["plan", "-json", "-bogus"],
        &["plan", "-json", "-parallelism=many"],
        &["plan", "-json", "-refresh-only", "-destroy"],
        &["-chdir=nowhere", "apply", "-json"],
        &["apply", "-bogus", "-json"],
        &["apply", "-json", "one", "two"],
        &["destroy", "-json", "-auto-approve"],
        &["drift", "-json"],
        &["drift", "--json", "--bogus"],
    ];
    for args in lines {
        let ran = case.run(args);
        let all = ran.lines();
        let told = all.iter().any(|line| line["diagnostic"]["severity"] == "error");
        assert!(ran.code == 1 && told && all[0]["type"] == "version", "{args:?}: {ran:#?}");
    }
    let documents: [&[&str]; 21] = [
        &["show", "-json"],
        &["show", "-json", "nope"],
        &["show", "-json", "main.dr.hcl"],
        &["show", "-bogus", "-json"],
        &["output", "-json"],
        &["output", "-json", "-raw", "nope"],
        &["state", "show", "-json"],
        &["state", "show", "-json", "nope"],
        &["state", "mv", "-json", "a.b", "a.c"],
        &["state", "mv", "-json", "-dry-run", "a.b", "a.c"],
        &["state", "mv", "-json", "a.b"],
        &["state", "rm", "-json", "a.b"],
        &["state", "rm", "-json"],
        &["state", "rm", "-json", "-lock-timeout=soon", "a.b"],
        &["state", "pull", "-json"],
        &["state", "check", "-json"],
        &["state", "history", "-json", "-bogus"],
        &["state", "diff", "-json"],
        &["state", "restore", "-json", "7"],
        &["status", "-json"],
        &["version", "-json", "-bogus"],
    ];
    for args in documents {
        let ran = case.run(args);
        let document = ran.json();
        let told = document["diagnostics"][0]["severity"] == "error";
        assert!(ran.code == 1 && told && !ran.stderr.is_empty(), "{args:?}: {ran:#?}");
    }
    for args in [&["validate", "-json"][..], &["validate", "-json", "-bogus"]] {
        let ran = case.run(args);
        let document = ran.json();
        let right = document["valid"] == false && document["error_count"] == 1;
        assert!(ran.code == 1 && right, "{args:?}: {ran:#?}");
    }
}

#[test]
fn init_tells_programs_what_came_of_it() {
    let code = |case: &Case| case.ok(&["init", "-json"]).lines()[1]["message_code"].clone();
    assert_eq!(code(&Case::of(ONE)), "output_init_success_message");
    assert_eq!(code(&Case::new()), "output_init_empty_message");
}

#[test]
fn help_fits_eighty_columns() {
    let case = Case::new().env("COLUMNS", "200");
    let commands = "init validate plan apply destroy drift import show output state force-unlock \
                    status version";
    let all = commands.split_whitespace().map(|command| vec![command]);
    let state = "list show mv rm pull check history diff restore";
    let state = state.split_whitespace().map(|command| vec!["state", command]);
    for mut args in all.chain(state).chain([vec![]]) {
        args.push("-help");
        let ran = case.ok(&args);
        let long = ran.stdout.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{args:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let case = many();
    for args in [&["plan"][..], &["plan", "-json"], &["apply", "-auto-approve"], &["show"]] {
        let mut child = case.command(args).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {stderr}");
        assert!(stderr.is_empty(), "{args:?}: {stderr}");
    }
    let mut listing = case.start(&["state", "list"]);
    listing.until("terraform_data.web[0]");
    drop(listing.0.stdout.take());
    assert_eq!(listing.0.wait().unwrap().code(), Some(0));
    // Nobody listens to the errors either.
    let mut child = case.command(&["bogus"]).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn no_escape_sequences_reach_a_pipe_or_no_colour() {
    let coloured = Case::of(ONE).env("NO_COLOR", "1").env("TERM", "xterm-256color");
    let piped = Case::of(ONE).env("TERM", "xterm-256color");
    for case in [&coloured, &piped] {
        for args in [&["plan"][..], &["plan", "-var=x=1"], &["bogus"], &["plan", "-no-color"]] {
            let ran = case.run(args);
            assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{ran:#?}");
        }
    }
}

#[test]
fn text_of_others_cannot_steer_the_terminal() {
    let case = Case::of("output \"o\" {\n  value = \"\\u001b[31mred\\u0007\"\n}\n");
    let applied = case.run(&["apply", "-auto-approve"]);
    let shown = [applied, case.run(&["output"]), case.run(&["show"])];
    for ran in &shown {
        assert!(!ran.stdout.contains(['\u{1b}', '\u{7}']), "{ran:#?}");
    }
}

#[test]
fn a_narrow_terminal_still_shows_the_place() {
    let long = format!("output \"o\" {{\n  value = [{} var.regoin]\n}}\n", "1, ".repeat(60));
    let case = Case::of(&long).env("COLUMNS", "40");
    let ran = case.run(&["validate"]);
    ran.says(1, &["config::undeclared", "main.dr.hcl:2:", "regoin"]);
    let wide = ran.stderr.lines().filter(|line| line.contains(" | ") && line.len() > 60).count();
    assert_eq!(wide, 0, "{ran:#?}");
    Case::of(ONE).env("COLUMNS", "wide").run(&["plan"]).says(0, &["1 to add"]);
}

#[cfg(feature = "aws")]
#[test]
fn drift_that_cannot_be_told_is_not_called_none() {
    let case = Case::of(
        "provider \"aws\" {\n  region = \"us-east-1\"\n}\n\
         resource \"aws_s3_bucket\" \"web\" {\n  count = 9\n  bucket = \"web-${count.index}\"\n}\n",
    )
    .env("AWS_EC2_METADATA_DISABLED", "true");
    let ran = case.run(&["drift"]);
    ran.says(1, &["cannot be told", "There are no credentials", "and 4 more", "AWS_PROFILE"]);
    assert!(!ran.stdout.contains("No drift"), "{ran:#?}");
    assert!(!ran.stderr.contains("in chain"), "{ran:#?}");
    let ran = case.run(&["drift", "-json"]);
    let lines = ran.lines();
    assert_eq!(lines[0]["type"], "version", "{ran:#?}");
    assert_eq!(lines.iter().filter(|l| l["type"] == "diagnostic").count(), 1, "{ran:#?}");
    // What was found of the rest is no verdict.
    assert!(!lines.iter().any(|l| l["type"] == "change_summary"), "{ran:#?}");
    // Where they were looked for is in the log.
    assert!(case.run(&["-vv", "drift"]).stderr.contains("found in chain"));
}
