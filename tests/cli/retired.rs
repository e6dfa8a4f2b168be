//! `retire` as people type it. What a promotion left is written into the state by hand: databases are made by
//! the simulated cloud only (`tests/simulation/databases/retired.rs`).

use super::{Case, pair, stored};

const WEB: &str = r#"resource "terraform_data" "web" {
  input = "web"
}
"#;

/// The folder of a state that keeps something under a name, since a time.
fn keeping(names: &[&str], since: &str) -> Case {
    let case = Case::of(&pair(WEB));
    case.ok(&["apply", "-auto-approve"]);
    stored::newer(&case, 1, |text| {
        let (head, payload) = text.split_once('\n').unwrap();
        let mut payload: serde_json::Value = serde_json::from_str(payload).unwrap();
        let object = &mut payload["objects"]["terraform_data.web"];
        let one = |name: &&str| {
            serde_json::json!({
                "key": name, "provider": "terraform", "schema_version": 0, "identity": name,
                "scope": object["scope"], "document": object["document"],
            })
        };
        object["deposed"] = names.iter().map(one).collect();
        let kept =
            |name: &&str| ((*name).to_owned(), serde_json::json!({ "epoch": 1, "since": since }));
        let kept: serde_json::Map<_, _> = names.iter().map(kept).collect();
        payload["promotions"]["retired"]["terraform_data.web"] = kept.into();
        format!("{head}\n{payload}\n")
    });
    case
}

const LONG_AGO: &str = "2020-01-01T00:00:00Z";
/// Until when it must be kept then.
const UNTIL: &str = "2020-01-08T00:00:00Z";
const AHEAD: &str = "2100-01-01T00:00:00Z";

#[test]
fn status_and_plan_tell_what_is_kept_since_when_and_until_when_and_leave_it() {
    let case = keeping(&["web-retired-e1"], LONG_AGO);
    let said = format!(
        "web-retired-e1, which a promotion left, is kept since {LONG_AGO}, at least until {UNTIL}: then \
         `lifeboat retire 'terraform_data.web'` deletes it."
    );
    let exactly = |args: &[&str]| Case::exactly(&mut case.command(args));
    exactly(&["status"]).says(0, &[&said]);
    let status = exactly(&["status", "-json"]).json();
    let kept = serde_json::json!([{
        "address": "terraform_data.web", "name": "web-retired-e1", "region": "", "epoch": 1,
        "since": LONG_AGO, "until": UNTIL,
    }]);
    assert_eq!(status["retired"], kept);
    exactly(&["plan", "-detailed-exitcode"]).says(0, &[&said]);
    let lines = exactly(&["plan", "-json"]).lines();
    let line = lines.iter().find(|line| line["type"] == "retired").unwrap();
    assert_eq!(line["retired"], kept[0]);
    case.ok(&["plan", "-out=p.plan"]);
    assert_eq!(exactly(&["show", "-json", "p.plan"]).json()["retired"], kept);
    case.ok(&["apply", "-auto-approve"]);
    case.run(&["status"]).says(0, &["web-retired-e1"]);
}

#[test]
fn each_is_confirmed_by_its_name_and_nothing_else_is_deleted() {
    let case = keeping(&["web-retired-e1", "web-retired-e3"], LONG_AGO);
    let needs = "-confirm=web-retired-e1";
    case.run(&["retire", "-input=false"]).says(5, &["must be confirmed by its name", needs]);
    case.run(&["retire", "-input=false", "-confirm=web-retired-e1"])
        .says(5, &["-confirm=web-retired-e3"]);
    case.run(&["retire", "-confirm=web"]).says(1, &["this plan does not delete that"]);
    case.write("main.dr.hcl", pair(&WEB.replace("\"web\"\n}", "\"other\"\n}")));
    let all = ["retire", "-confirm=web-retired-e1", "-confirm=web-retired-e3"];
    // What has the place of what goes must be as it shall be.
    case.run(&all).says(5, &["retire::not_replaced", "terraform_data.web is not as it shall be"]);
    case.write("main.dr.hcl", pair(WEB));
    case.run(&all).says(
        0,
        &[
            "terraform_data.web (retired as web-retired-e1), which a promotion left, will be destroyed",
            "Retire: what promotions left goes: web-retired-e1, web-retired-e3",
            "0 added, 0 changed, 2 destroyed",
        ],
    );
    assert_eq!(case.run(&["status", "-json"]).json()["retired"], serde_json::json!([]));
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
    case.run(&["retire"]).says(0, &["nothing was kept for as long as it must be"]);
}

#[test]
fn before_its_time_it_is_named_with_a_reason() {
    let case = keeping(&["web-retired-e1"], AHEAD);
    case.run(&["retire"]).says(0, &["nothing was kept for as long as it must be"]);
    case.run(&["retire", "terraform_data.web", "-confirm=web-retired-e1"])
        .says(5, &["retire::too_early", "-early=web-retired-e1 -reason=TEXT"]);
    case.run(&["retire", "terraform_data.other"])
        .says(5, &["retire::not_retired", "terraform_data.web (web-retired-e1)"]);
    case.run(&["retire", "-early=web-retired-e1"]).says(1, &["-reason"]);
    let early = ["retire", "-early=web-retired-e1", "-reason=the disk is needed"];
    case.run(&early).says(5, &["-confirm=web-retired-e1"]);
    let with: Vec<&str> = early.into_iter().chain(["-confirm=web-retired-e1"]).collect();
    case.run(&with)
        .says(0, &["Before its time: web-retired-e1 (the disk is needed)", "1 destroyed"]);
    assert_eq!(case.run(&["status", "-json"]).json()["retired"], serde_json::json!([]));
}

#[test]
fn destroy_takes_what_is_kept_too() {
    let case = keeping(&["web-retired-e1"], AHEAD);
    case.run(&["destroy", "-auto-approve"]).says(0, &["2 destroyed"]);
    assert_eq!(case.run(&["status", "-json"]).json()["retired"], serde_json::json!([]));
}
