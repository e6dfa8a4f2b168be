//! Runs that died, and what became of their journal, their plan, their key and state since.

use super::{Case, stored};

const MANY: &str = r#"
resource "terraform_data" "other" {
}
variable "secret" {
  sensitive = true
  default   = "hunter2-hunter2"
}
resource "terraform_data" "web" {
  count = 800
  input = count.index
}
output "secret" {
  value     = var.secret
  sensitive = true
}
"#;

/// A run of a part that was killed in its middle, after one that was not: nobody reads on, and
/// what it says is more than a pipe holds.
fn killed() -> Case {
    let case = Case::of("resource \"terraform_data\" \"other\" {\n}\n");
    case.ok(&["apply", "-auto-approve"]);
    case.write("main.dr.hcl", MANY);
    let mut run = case.start(&["apply", "-auto-approve", "-target=terraform_data.web"]);
    for _ in 0..3 {
        run.until("Creation complete");
    }
    run.kill();
    case
}

/// Nothing is planned or applied on what is not known, and the reason is told.
fn stopped(case: &Case, texts: &[&str]) {
    for args in [&["plan"][..], &["apply", "-auto-approve"]] {
        case.run(args).says(1, texts);
    }
}

#[test]
fn a_journal_that_cannot_be_read_stops_every_plan() {
    let case = killed();
    let name = stored::journal_name(&case);
    let mut bytes = case.read(&name);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    case.write(&name, bytes);
    stopped(&case, &["apply::journal", "damaged at frame", "not known what run"]);
}

#[test]
fn an_object_that_the_journal_cannot_tell_stops_every_plan() {
    let case = killed();
    stored::journal(&case, |json| json.replace(r#""type":["object""#, r#""type":["objects""#));
    stopped(&case, &["apply::journal_damaged", "What the step left is not in state"]);
}

#[test]
fn without_its_key_the_plan_of_an_open_run_cannot_be_read() {
    let case = killed();
    let key = case.read(".lifeboat/key");
    let other = Case::of("");
    other.run(&["apply", "-auto-approve"]);
    case.write(".lifeboat/key", other.read(".lifeboat/key"));
    stopped(&case, &["apply::stored_plan", ".lifeboat/key"]);
    case.write(".lifeboat/key", key);
    case.run(&["apply", "-auto-approve"]).says(0, &["Apply complete"]);
}

#[test]
fn damaged_state_under_an_open_run_stops_every_plan() {
    let case = killed();
    stored::generation(&case, 1, |text| text.replace(r#"["object""#, r#"["objects""#));
    case.run(&["plan"]).says(1, &["apply::state", "terraform_data.other"]);
    case.run(&["apply", "-auto-approve"]).says(1, &["state::unreadable", "terraform_data.other"]);
}
