//! Objects that move, and what is in their way.

use super::Case;

const TWO: &str =
    "resource \"terraform_data\" \"a\" {\n}\nresource \"terraform_data\" \"b\" {\n}\n";

#[test]
fn a_move_to_where_something_is_changes_nothing() {
    let case = Case::of(TWO);
    case.ok(&["apply", "-auto-approve"]);
    let moved = "moved {\n  from = terraform_data.a\n  to   = terraform_data.b\n}\n";
    case.write("main.dr.hcl", format!("{}{moved}", TWO.split_once("}\n").unwrap().1));
    case.run(&["plan"]).says(0, &["1 to destroy", "plan::move_blocked"]);
}

#[test]
fn a_move_keeps_the_object() {
    let case = Case::of("resource \"terraform_data\" \"a\" {\n}\n");
    case.ok(&["apply", "-auto-approve"]);
    let id = |case: &Case| {
        let ran = Case::exactly(&mut case.command(&["show", "-json"]));
        ran.json()["values"]["root_module"]["resources"][0]["values"]["id"].clone()
    };
    let before = id(&case);
    case.write(
        "main.dr.hcl",
        "resource \"terraform_data\" \"b\" {\n}\nmoved {\n  from = terraform_data.a\n  to   = \
         terraform_data.b\n}\n",
    );
    case.run(&["plan"]).says(0, &["0 to add, 0 to change, 0 to destroy"]);
    case.ok(&["apply", "-auto-approve"]);
    assert_eq!(case.ok(&["state", "list"]).stdout, "terraform_data.b\n");
    assert_eq!(id(&case), before);
}
