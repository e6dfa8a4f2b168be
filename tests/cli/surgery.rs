//! `state mv` and `state rm`: what they do, what they refuse, and what stands in their way.

use std::process::Stdio;

use super::case::Running;
use super::{Case, ONE, stored};

const FILES: &str = r#"
variable "secret" {
  sensitive = true
  default   = "hunter2-hunter2"
}
resource "terraform_data" "one" {
  input = var.secret
}
resource "terraform_data" "web" {
  count      = 2
  input      = count.index
  depends_on = [terraform_data.one]
}
module "m" {
  source = "./m"
}
"#;

const MODULE: &str =
    "resource \"terraform_data\" \"x\" {\n}\nresource \"terraform_data\" \"y\" {\n}\n";

/// Five objects in one generation.
fn applied() -> Case {
    let case = Case::of(FILES).file("m/main.dr.hcl", MODULE);
    case.ok(&["apply", "-auto-approve"]);
    case
}

fn list(case: &Case) -> Vec<String> {
    case.ok(&["state", "list"]).stdout.lines().map(str::to_owned).collect()
}

fn serial(case: &Case) -> u64 {
    case.ok(&["status", "-json"]).json()["serial"].as_u64().unwrap()
}

#[test]
fn what_moves_is_planned_at_its_new_address() {
    let case = applied();
    case.ok(&["state", "mv", "terraform_data.one", "terraform_data.first"]).says(
        0,
        &["Move \"terraform_data.one\" to \"terraform_data.first\"\nSuccessfully moved 1"],
    );
    case.ok(&["state", "mv", "module.m", "module.n"]).says(0, &["Successfully moved 2 object(s)."]);
    case.ok(&["state", "mv", "terraform_data.web", "terraform_data.site"]);
    let files = FILES.replace(".one", ".first").replace("\"one\"", "\"first\"");
    let files = files.replace("\"web\"", "\"site\"").replace("module \"m\"", "module \"n\"");
    case.write("main.dr.hcl", files);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
    let all = [
        "terraform_data.first",
        "terraform_data.site[0]",
        "terraform_data.site[1]",
        "module.n.terraform_data.x",
        "module.n.terraform_data.y",
    ];
    assert_eq!(list(&case), all);
    assert_eq!(serial(&case), 4);
    // The order of destruction is kept: what needs the moved one knows it by its new name.
    let shown = case.ok(&["show", "-json"]).json();
    let site = &shown["values"]["root_module"]["resources"][1];
    assert_eq!(site["depends_on"][0], "terraform_data.first", "{site:#}");
    case.ok(&["destroy", "-auto-approve"]).says(0, &["5 destroyed"]);
}

#[test]
fn a_secret_moves_with_its_object() {
    let case = applied();
    case.ok(&["state", "mv", "terraform_data.one", "module.m.terraform_data.z"]);
    // It opens at its new place, and is shown nowhere.
    let shown = case.ok(&["state", "show", "module.m.terraform_data.z"]);
    assert!(shown.stdout.contains("(sensitive value)"), "{shown:#?}");
    let newest = case.read(".lifeboat/state/generations/00000000000000000002");
    assert!(!String::from_utf8_lossy(&newest).contains("hunter2"));
    case.ok(&["state", "check"]).says(0, &["All is well"]);
}

#[test]
fn what_is_forgotten_is_made_anew_and_nothing_else() {
    let case = applied();
    let ran = case.ok(&["state", "rm", "module.m", "terraform_data.web[1]", "terraform_data.web"]);
    ran.says(0, &["Removed terraform_data.web[0]", "Removed terraform_data.web[1]"]);
    ran.says(0, &["Removed module.m.terraform_data.y", "Successfully removed 4 resource instance"]);
    assert_eq!(list(&case), ["terraform_data.one"]);
    case.run(&["plan"]).says(0, &["4 to add, 0 to change, 0 to destroy"]);
}

#[test]
fn tags_that_stay_are_told() {
    let tagged =
        |text: &str| text.replacen("\"ownership\":\"state_only\"", "\"ownership\":\"tags\"", 1);
    let case = Case::of(ONE);
    case.ok(&["apply", "-auto-approve"]);
    assert!(!case.ok(&["state", "rm", "-dry-run", "terraform_data.web"]).stdout.contains("tags"));
    stored::generation(&case, 1, tagged);
    let moved = ["Successfully moved", "name the old address until the next apply"];
    case.run(&["state", "mv", "terraform_data.web", "terraform_data.site"]).says(0, &moved);
    let gone = ["Successfully removed 1", "with its ownership tags", "takes it over again"];
    case.run(&["state", "rm", "terraform_data.site"]).says(0, &gone);
}

#[test]
fn trying_changes_nothing() {
    let case = applied();
    let before = (list(&case), serial(&case));
    let would = ["Would move \"module.m.terraform_data.x\" to \"module.n.terraform_data.x\""];
    let ran = case.ok(&["state", "mv", "-dry-run", "module.m", "module.n"]);
    ran.says(0, &would);
    assert!(!ran.stdout.contains("Success"), "{ran:#?}");
    case.ok(&["state", "rm", "-dry-run", "module.m"]).says(0, &["Would remove module.m."]);
    let json = case.ok(&["state", "rm", "-dry-run", "-json", "module.m"]).json();
    assert_eq!((&json["dry_run"], json["removed"].as_array().unwrap().len()), (&true.into(), 2));
    assert_eq!((list(&case), serial(&case)), before);
    let json = case.ok(&["state", "mv", "-json", "module.m", "module.n"]).json();
    assert_eq!((&json["dry_run"], &json["serial"]), (&false.into(), &2.into()));
    assert_eq!(json["moved"][0]["to"], "module.n.terraform_data.x");
}

#[test]
fn what_cannot_move_is_refused_with_the_reason() {
    let case = applied();
    let refused: [(&str, &str, &[&str]); 9] = [
        ("terraform_data.on", "terraform_data.b", &["state::no_object", "mean terraform_data.one"]),
        ("module.k", "module.n", &["state::no_object", "Did you mean module.m?"]),
        ("terraform_data.one", "terraform_data.web[1]", &["state::move_taken", "state rm 'terra"]),
        ("terraform_data.one", "terraform_data.web", &["state::move_taken", "data.web[0] there"]),
        ("terraform_data.one", "aws_s3_bucket.one", &["state::move_type", "type aws_s3_bucket"]),
        ("terraform_data.one", "module.n", &["state::move_sort", "and module.n is a module"]),
        ("terraform_data.one", "terraform_data.one", &["state::move_same"]),
        ("terraform_data.one", "one", &["state::no_address", "one is not an address"]),
        ("terraform_data.web", "terraform_data.b[0]", &["state::move_several", "2 objects"]),
    ];
    for (from, to, texts) in refused {
        for option in ["-dry-run", "-lock-timeout=0s"] {
            case.run(&["state", "mv", option, from, to]).says(1, texts);
        }
    }
    // Of several addresses one is none: nothing is forgotten.
    let absent = ["state::no_object", "no object terraform_data.wep", "mean terraform_data.web?"];
    case.run(&["state", "rm", "terraform_data.one", "terraform_data.wep"]).says(1, &absent);
    assert_eq!((list(&case).len(), serial(&case)), (5, 1));
    assert!(case.ok(&["status", "-json"]).json()["locked_by"].is_null());
}

/// An apply that waits for an answer and holds the lock meanwhile.
fn waiting(case: &Case) -> Running {
    let mut run = Running(case.command(&["apply"]).stdin(Stdio::piped()).spawn().unwrap());
    run.until("Plan:");
    run
}

#[test]
fn the_lock_of_another_run_is_waited_for_or_told() {
    let case = Case::of(ONE);
    case.ok(&["apply", "-auto-approve"]);
    case.write("main.dr.hcl", ONE.replace("default = 1", "default = 2"));
    let first = waiting(&case);
    let held = ["Error acquiring the state lock", "Operation: apply"];
    let commands: [&[&str]; 3] = [
        &["state", "mv", "terraform_data.web", "terraform_data.site"],
        &["state", "rm", "terraform_data.web"],
        &["state", "restore", "1"],
    ];
    for args in commands {
        case.run(args).says(1, &held);
    }
    // Looking needs no lock.
    let looks: [&[&str]; 5] = [
        &["state", "pull"],
        &["state", "check"],
        &["state", "history"],
        &["state", "list"],
        &["state", "rm", "-dry-run", "terraform_data.web"],
    ];
    for args in looks {
        case.ok(args);
    }
    for args in commands {
        let args: Vec<&str> = [&["state", args[1], "-lock-timeout=10m"][..], &args[2..]].concat();
        let mut second = case.start(&args);
        second.until_said("Waiting for the state lock, which tester@host holds...\n");
        let stopped = (1, "\n\nInterrupted: nothing was changed.\n".to_owned());
        assert_eq!(second.interrupt(), stopped);
    }
    let mut second = case.start(&["state", "rm", "-lock-timeout=10m", "terraform_data.web"]);
    second.until_said("Waiting for the state lock");
    first.kill();
    assert_eq!(second.0.wait().unwrap().code(), Some(0));
    assert_eq!(serial(&case), 2);
}

#[test]
fn nothing_is_changed_before_an_open_run_is_settled() {
    let case = Case::of("resource \"terraform_data\" \"other\" {\n}\n");
    case.ok(&["apply", "-auto-approve"]);
    case.write("main.dr.hcl", "resource \"terraform_data\" \"web\" {\n  count = 800\n}\n");
    let mut run = case.start(&["apply", "-auto-approve"]);
    run.until("Creation complete");
    run.kill();
    let told = ["state::open_run", "apply ", "was interrupted", "Run `lifeboat apply`"];
    let commands: [&[&str]; 4] = [
        &["state", "mv", "terraform_data.other", "terraform_data.b"],
        &["state", "mv", "-dry-run", "terraform_data.other", "terraform_data.b"],
        &["state", "rm", "terraform_data.other"],
        &["state", "rm", "-dry-run", "terraform_data.other"],
    ];
    for args in commands {
        case.run(args).says(1, &told);
    }
    let check = case.ok(&["state", "check"]);
    check.says(0, &["Journals: 2, 1 ended", " open: since ", "in doubt", "All is well"]);
    case.ok(&["apply", "-auto-approve"]);
    // What a later run settled is still told by the run that made it.
    let history = case.ok(&["state", "history", "-json"]).json();
    for entry in history["generations"].as_array().unwrap() {
        assert_eq!(entry["command"], "apply", "{entry:#}");
        assert!(entry["time"].is_string() && entry["run"].is_string(), "{entry:#}");
    }
    case.ok(&["state", "rm", "terraform_data.web"]).says(0, &["removed 800 resource"]);
}

#[test]
fn a_saved_plan_is_stale_after_a_change_of_state() {
    let case = Case::of(ONE);
    case.ok(&["apply", "-auto-approve"]);
    case.ok(&["plan", "-var=size=2", "-out=p.plan"]);
    case.ok(&["state", "mv", "terraform_data.web", "terraform_data.site"]);
    case.run(&["apply", "p.plan"]).says(1, &["plan::stale"]);
}
