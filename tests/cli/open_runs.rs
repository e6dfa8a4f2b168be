//! Runs that died, and what became of their journal, their plan, their key and state since.

use std::fs;

use lifeboat_state::digest::Digest;
use lifeboat_state::line;

use super::Case;

const MANY: &str = r#"
variable "secret" {
  sensitive = true
  default   = "hunter2-hunter2"
}
resource "terraform_data" "web" {
  count = 400
  input = count.index
}
output "secret" {
  value     = var.secret
  sensitive = true
}
"#;

/// A run that was killed in its middle, after one that was not.
fn killed() -> Case {
    let case = Case::of("resource \"terraform_data\" \"other\" {\n}\n");
    case.ok(&["apply", "-auto-approve"]);
    case.write("main.dr.hcl", MANY);
    let mut run = case.start(&["apply", "-auto-approve"]);
    for _ in 0..3 {
        run.until("Creation complete");
    }
    run.kill();
    case
}

/// The journal that is longest: that of the killed run.
fn journal(case: &Case) -> String {
    let folder = ".lifeboat/state/journal";
    let entries = fs::read_dir(case.path(folder)).unwrap().map(Result::unwrap);
    let longest = entries.max_by_key(|entry| entry.metadata().unwrap().len()).unwrap();
    format!("{folder}/{}", longest.file_name().display())
}

/// Writes the journal with its lines changed, as if they had been written so.
fn rewritten(case: &Case, edit: impl Fn(&str) -> String) {
    let name = journal(case);
    let bytes = case.read(&name);
    let (mut at, mut previous, mut out) = (0, None, String::new());
    while let Ok((line, taken)) = line::parse(&bytes[at..]) {
        let previous_now = previous.unwrap_or(line.previous);
        let text = line::encode(line.sequence, previous_now, &edit(line.json));
        previous = Some(line::link(&text));
        out.push_str(&text);
        at += taken;
    }
    case.write(&name, out);
}

/// Nothing is planned or applied on what is not known, and the reason is told.
fn stopped(case: &Case, texts: &[&str]) {
    for args in [&["plan"][..], &["apply", "-auto-approve"]] {
        case.run(args).says(1, texts);
    }
}
