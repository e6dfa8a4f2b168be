//! `import` and `plan -generate-config-out` without servers: what stands in their way, and what they
//! leave behind.

use std::fs;

use super::{Case, ONE};

#[test]
fn an_import_takes_the_lock_and_is_in_the_history() {
    let case = Case::of(ONE);
    let ran = case.ok(&["import", "-var", "size=3", "terraform_data.web", "old"]);
    ran.says(0, &["terraform_data.web: Importing... [id=old]", "Import successful!"]);
    let history = case.ok(&["state", "history", "-json"]).json();
    assert_eq!(history["generations"][0]["command"], "import", "{history:#}");
    // What differs from the block is for the next plan; nothing else was evaluated.
    assert_eq!(case.ok(&["output", "-json"]).json(), serde_json::json!({}));
    case.run(&["plan", "-detailed-exitcode"]).says(2, &["0 to add, 1 to change"]);
    case.ok(&["apply", "-auto-approve"]);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
    assert_eq!(case.ok(&["output", "-raw", "size"]).stdout, "1");
}

#[test]
fn an_import_that_is_refused_leaves_no_trace() {
    let case = Case::of("variable \"x\" {}\nresource \"terraform_data\" \"a\" {}\n");
    let commands: [(&[&str], &[&str]); 4] = [
        (&["import", "-input=false", "terraform_data.a", "old"], &["config::no_value"]),
        (&["import", "-var=x=1", "terraform_data.b", "old"], &["engine::import_undeclared"]),
        (&["import", "-var=x=1", "terraform_data.a", ""], &["engine::import_target", "is empty"]),
        (&["import", "-var=x=1", "-lock-timeout=soon", "terraform_data.a", "i"], &["a duration"]),
    ];
    for (args, texts) in commands {
        case.run(args).says(1, texts);
        case.ok(&["state", "list"]).says(0, &[]);
        assert!(!case.path(".lifeboat/state/generations").exists(), "{args:?}");
        assert!(!case.path(".lifeboat/state/journal").exists(), "{args:?}");
    }
}

#[test]
fn what_is_written_is_what_the_plan_was_made_with() {
    let case = Case::of("import {\n  to = terraform_data.a\n  id = \"x$${y}\"\n}\n");
    let out = "-generate-config-out=new.dr.hcl";
    let ran = case.ok(&["plan", "-json", "-out=p", out]);
    let events = ran.lines();
    let planned = events.iter().find(|event| event["type"] == "planned_change").unwrap();
    assert_eq!(planned["change"]["importing"]["id"], "x${y}");
    assert!(ran.stderr.contains("was written to: new.dr.hcl"), "{ran:#?}");
    let text = fs::read_to_string(case.path("new.dr.hcl")).unwrap();
    assert!(text.contains("\n# Imported by the id \"x$${y}\".\n"), "{text}");
    assert!(text.ends_with("resource \"terraform_data\" \"a\" {\n}\n"), "{text}");
    case.run(&["fmt", "-check", "new.dr.hcl"]).says(0, &[]);
    // A plan holds its files: after an edit it is another plan.
    case.write("new.dr.hcl", text.replace("{\n}", "{\n  input = 1\n}"));
    case.run(&["apply", "p"]).says(1, &["plan::other_files", "new.dr.hcl"]);
    case.ok(&["apply", "-auto-approve"]).says(0, &["1 imported"]);
}

#[test]
fn blocks_are_written_for_single_objects_of_the_root_module_only() {
    let files = r#"
import {
  to = terraform_data.each["a"]
  id = "1"
}
import {
  to = module.m.terraform_data.deep
  id = "2"
}
import {
  for_each = toset(["x"])
  to       = terraform_data.all
  id       = each.key
}
module "m" {
  source = "./m"
}
"#;
    let case = Case::of(files).file("m/main.dr.hcl", "\n");
    let ran = case.run(&["plan", "-generate-config-out=new.dr.hcl"]);
    ran.says(1, &["engine::import_undeclared"]);
    assert_eq!(ran.stderr.matches("engine::import_undeclared").count(), 3, "{ran:#?}");
    assert!(!case.path("new.dr.hcl").exists());
    let none = Case::of(ONE);
    none.ok(&["plan", "-generate-config-out=new.dr.hcl"]);
    assert!(!none.path("new.dr.hcl").exists());
    let unknown = Case::of("import {\n  to = aws_nothing.a\n  id = \"1\"\n}\n");
    unknown.run(&["plan", "-generate-config-out=n.dr.hcl"]).says(1, &["plan::kind_unknown"]);
}
