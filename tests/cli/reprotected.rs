//! Hooks of the phase `reprotect`: in the ordinary apply after a promotion, around all that it does.

use super::{Case, pair};

const WEB: &str = r#"resource "terraform_data" "web" {
  input = "one"
}
"#;

const PROMOTE: [&str; 5] =
    ["promote", "us-west-2", "-input=false", "-from-epoch=1", "-no-reprotect"];

/// A hook that writes down what it is told, if `then` is well.
fn writes(name: &str, when: &str, then: &str) -> String {
    let told = "$LIFEBOAT_HOOK $LIFEBOAT_PHASE $LIFEBOAT_WHEN $LIFEBOAT_FROM $LIFEBOAT_TO \
                $LIFEBOAT_EPOCH $LIFEBOAT_MODE";
    format!(
        "hook \"{name}\" {{\n  phase = \"reprotect\"\n  when = \"{when}\"\n  command = [\"sh\", \"-c\", \
         \"echo {told} >> told && {then}\"]\n}}\n"
    )
}

fn promoted(hooks: &str) -> Case {
    let case = Case::of(&pair(&format!("{WEB}{hooks}")));
    case.ok(&["apply", "-auto-approve"]);
    case.ok(&PROMOTE);
    assert!(!case.path("told").exists(), "a promotion does not run them");
    case
}

fn told(case: &Case) -> String {
    String::from_utf8(case.read("told")).unwrap()
}

#[test]
fn they_are_run_once_before_and_after_all_that_protects_the_data_again() {
    let hooks = [writes("last", "after", "true"), writes("first", "before", "true")].concat();
    let case = promoted(&hooks);
    // Until they are done it is not protected.
    case.run(&["status"]).says(0, &["Unprotected since"]);
    let plan = ["Run hook.first before the data is protected again", "Run hook.last after"];
    case.run(&["plan", "-detailed-exitcode"]).says(2, &plan);
    let lines = case.run(&["plan", "-json"]).lines();
    let planned = lines.iter().filter(|line| line["type"] == "planned_hook");
    assert_eq!(planned.map(|line| &line["about"]).collect::<Vec<_>>(), ["hook.first", "hook.last"]);
    // A part of it is no re-protection.
    case.ok(&["apply", "-auto-approve", "-target=terraform_data.web"]);
    assert!(!case.path("told").exists());
    case.run(&["apply", "-auto-approve"]).says(0, &["hook.first: Done", "hook.last: Done"]);
    let words = |hook: &str, when: &str| {
        format!("{hook} reprotect {when} us-east-1 us-west-2 2 graceful\n")
    };
    assert_eq!(told(&case), [words("first", "before"), words("last", "after")].concat());
    assert_eq!(case.run(&["status", "-json"]).json()["unprotected"], serde_json::Value::Null);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
    case.ok(&["apply", "-auto-approve"]);
    assert_eq!(told(&case).lines().count(), 2, "they are run once");
    case.run(&["report"]).says(0, &["hook.first", "hook.last"]);
}

#[test]
fn where_one_fails_nothing_is_done_after_it_and_the_data_stays_unprotected() {
    let hooks = [writes("first", "before", "test -e up"), writes("last", "after", "true")].concat();
    let case = promoted(&hooks);
    let files = String::from_utf8(case.read("main.dr.hcl")).unwrap();
    case.write("main.dr.hcl", files.replace("\"one\"", "\"two\""));
    let failed = case.run(&["apply", "-auto-approve"]);
    assert_ne!(failed.code, 0, "{failed:#?}");
    failed.says(failed.code, &["apply::hook", "hook.first"]);
    assert_eq!(told(&case).lines().count(), 1, "the other one waits");
    let state = case.run(&["show", "-json"]).json();
    let web = &state["values"]["root_module"]["resources"][0]["values"]["input"];
    assert_eq!(web, "one", "what protects the data comes after it");
    case.run(&["status"]).says(0, &["Unprotected since"]);
    case.write("up", "");
    case.run(&["apply", "-auto-approve"]).says(0, &["1 changed"]);
    assert_eq!(told(&case).lines().count(), 3);
    assert_eq!(case.run(&["status", "-json"]).json()["unprotected"], serde_json::Value::Null);
}

#[test]
fn one_that_may_fail_ends_nothing_and_none_needs_a_region() {
    let optional =
        writes("first", "before", "false").replace("phase", "on_failure = \"continue\"\n  phase");
    let case = promoted(&optional);
    case.run(&["apply", "-auto-approve"]).says(0, &["apply::hook"]);
    assert_eq!(case.run(&["status", "-json"]).json()["unprotected"], serde_json::Value::Null);
    let needs =
        writes("first", "before", "true").replace("phase", "needs_region = \"us-west-2\"\n  phase");
    let case = Case::of(&pair(&format!("{WEB}{needs}")));
    case.run(&["validate"]).says(1, &["topology::conflict", "Remove needs_region"]);
}

#[test]
fn a_promotion_goes_on_into_it_and_into_nothing_that_nobody_approved() {
    let web = "resource \"terraform_data\" \"web\" {\n  count = 12\n}\n";
    let promote = &PROMOTE[..4];
    let hook = writes("last", "after", "true");
    let case = Case::of(&pair(&format!("{web}{hook}")));
    case.ok(&["apply", "-auto-approve"]);
    let files = String::from_utf8(case.read("main.dr.hcl")).unwrap();
    case.write("main.dr.hcl", files.replace("count = 12", "count = 1"));
    let waits = case.run(promote);
    let named = "terraform_data.web[1], terraform_data.web[2], terraform_data.web[3] and 8 more";
    waits.says(0, &["promotion::reprotection_waits", named, "Run `lifeboat apply`"]);
    assert!(!case.path("told").exists(), "nothing of it is begun");
    case.run(&["status"]).says(0, &["primary us-west-2", "Unprotected since"]);
    case.ok(&["apply", "-auto-approve"]);
    assert_eq!(told(&case).lines().count(), 1);

    let case = Case::of(&pair(&format!("{web}{hook}")));
    case.ok(&["apply", "-auto-approve"]);
    let ran = case.run(promote);
    ran.says(
        0,
        &["Its data is not copied anywhere yet.", "The promotion is over.", "hook.last: Done"],
    );
    assert_eq!(told(&case).lines().count(), 1);
    assert_eq!(case.run(&["status", "-json"]).json()["unprotected"], serde_json::Value::Null);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
}
