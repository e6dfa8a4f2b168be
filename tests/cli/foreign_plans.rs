//! Saved plans that are whole and still not to be carried out: too old, of another version, told
//! of another folder, or not whole in what they say.

use std::fs;

use serde_json::{Value as Json, json};

use super::{Case, ONE, stored};

/// The second object takes a value of the first.
const CHAIN: &str = r#"
resource "terraform_data" "first" {
}
resource "terraform_data" "second" {
  input = terraform_data.first.id
}
"#;

/// A saved plan of these files.
fn planned(files: &str) -> Case {
    let case = Case::of(files);
    case.ok(&["plan", "-out=p.plan"]);
    case
}

/// Applies the plan; the first object is made or not, the second is refused for this.
fn refused(case: &Case, first: usize, texts: &[&str]) {
    let ran = case.run(&["apply", "p.plan"]);
    ran.says(if first == 0 { 1 } else { 4 }, texts);
    let there = case.ok(&["state", "list"]).stdout.lines().count();
    assert_eq!(there, first, "{ran:#?}");
}

#[test]
fn an_expired_plan_is_made_again() {
    let case = planned(ONE);
    stored::plan(&case, |plan| plan["expires"] = json!("2026-01-02T03:04:05Z"));
    case.run(&["apply", "p.plan"]).says(1, &["plan::expired", "until <time>", "Make the plan"]);
    case.ok(&["state", "list"]).says(0, &[]);
}

#[test]
fn a_plan_of_another_version_is_made_again() {
    let case = planned(ONE);
    stored::plan(&case, |plan| plan["inputs"]["tool_version"] = json!("9.8.7"));
    let told = ["plan::other_version", "lifeboat 9.8.7 made it", "Make the plan"];
    case.run(&["apply", "p.plan"]).says(1, &told);
    stored::plan(&case, |plan| plan["format"] = json!(9));
    case.run(&["apply", "p.plan"]).says(1, &["has the format 9", "reads 2"]);
    case.run(&["show", "p.plan"]).says(1, &["has the format 9", "reads 2"]);
}

#[test]
fn a_saved_plan_tells_what_was_found_when_it_was_made() {
    let check = "check \"size\" {\n  assert {\n    condition     = var.size > 5\n    \
                 error_message = \"The size is small.\"\n  }\n}\n";
    let case = planned(&format!("{ONE}{check}"));
    case.run(&["show", "p.plan"]).says(0, &["1 to add", "plan::stored", "The size is small."]);
}

#[test]
fn a_plan_that_comes_out_otherwise_in_another_folder_is_not_carried_out() {
    let here = CHAIN.replace("terraform_data.first.id", "[path.cwd, terraform_data.first.id]");
    let (case, other) = (planned(&here), Case::of(&here));
    other.write("p.plan", case.read("p.plan"));
    refused(&other, 1, &["apply::inconsistent_plan", "terraform_data.second", "input[0]"]);
}

#[test]
fn a_plan_that_lacks_what_it_needs_is_not_carried_out() {
    // Where there are files, a plan of others is refused before that.
    let case = planned(CHAIN);
    fs::remove_file(case.path("main.dr.hcl")).unwrap();
    let only_first = "cmVzb3VyY2UgInRlcnJhZm9ybV9kYXRhIiAiZmlyc3QiIHsKfQo=";
    stored::plan(&case, |plan| plan["inputs"]["files"]["main.dr.hcl"] = json!(only_first));
    refused(&case, 1, &["apply::lost_declaration", "terraform_data.second"]);

    let case = planned(CHAIN);
    stored::plan(&case, |plan| plan["changes"][1]["after"] = Json::Null);
    refused(&case, 1, &["apply::plan", "terraform_data.second", "no document", "defect"]);

    let case = planned(CHAIN);
    stored::plan(&case, |plan| plan["changes"][1]["provider"] = json!("terraform.west"));
    refused(&case, 1, &["apply::kind", "terraform.west has no terraform_data", "plan again"]);
}

#[test]
fn a_value_that_never_became_known_is_not_written() {
    let case = planned(CHAIN);
    stored::plan(&case, |plan| {
        plan["steps"].as_array_mut().unwrap().remove(0);
        plan["steps"][0]["needs"] = json!([]);
    });
    refused(&case, 0, &["apply::unknown", "terraform_data.second", "input", "Plan again"]);
}
