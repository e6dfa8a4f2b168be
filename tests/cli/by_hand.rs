//! What is typed by hand where no AWS is needed: hooks and gates, run by the shell that it is printed for.

use super::{Case, pair};

const HOOKS: &str = r#"hook "told" {
  phase   = "switch"
  when    = "before"
  command = ["sh", "-c", "printf '%s|' \"$LIFEBOAT_TO\" \"$LIFEBOAT_EPOCH\" \"$1\" > told", "sh", "it's $HOME"]
  timeout = "30s"
}
hook "fails" {
  phase      = "switch"
  when       = "after"
  command    = ["false"]
  timeout    = "30s"
  on_failure = "continue"
}
hook "last" {
  phase   = "commit"
  when    = "after"
  command = ["touch", "last"]
  timeout = "30s"
}
resource "terraform_data" "web" {
  input = "web"
}
"#;

#[test]
fn hooks_are_run_with_their_environment_and_what_may_fail_ends_nothing() {
    let case = Case::of(&pair(HOOKS));
    case.ok(&["apply", "-auto-approve"]);
    case.ok(&["plan", "-standing=us-west-2", "-out=plan"]);
    let script = Case::exactly(&mut case.command(&["show", "-commands", "plan"])).stdout;
    case.write("by-hand.sh", &script);
    let mut shell = std::process::Command::new("sh");
    let ran = shell.arg("by-hand.sh").current_dir(case.path("")).output().unwrap();
    assert!(ran.status.success(), "{script}\n{}", String::from_utf8_lossy(&ran.stderr));
    let told = String::from_utf8(case.read("told")).unwrap();
    assert_eq!(told, "us-west-2|2|it's $HOME|", "{script}");
    assert!(case.path("last").exists(), "what may fail ended the script: {script}");
}
