//! The console: values of files, variables and state; scripts of several lines; a terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use nix::pty::openpty;

use super::{Case, ONE, TOPOLOGY};

/// What one line of the console prints.
fn answer(case: &Case, line: &str) -> String {
    let ran = case.run_with(&["console"], line);
    assert_eq!(ran.code, 0, "{line}: {ran:#?}");
    ran.stdout
}

#[test]
fn objects_are_those_of_the_state_and_unknown_before() {
    let case = Case::of(ONE);
    assert_eq!(answer(&case, "terraform_data.web.output"), "(known after apply)\n");
    case.ok(&["apply", "-auto-approve"]);
    assert_eq!(answer(&case, "terraform_data.web.output + 1"), "2\n");
    // The files as they are now, the objects as they were applied.
    case.write("main.dr.hcl", ONE.replace("default = 1", "default = 7"));
    assert_eq!(answer(&case, "[var.size, terraform_data.web.output]"), "[\n  7,\n  1,\n]\n");
}

#[test]
fn what_topology_blocks_stand_for_has_its_names_and_later_values() {
    let case = Case::of(&format!("{TOPOLOGY}\nbucket \"exports\" {{}}\n"));
    assert_eq!(answer(&case, "region.us-west-2.role"), "\"standby\"\n");
    let name = answer(&case, "bucket.exports.name[\"us-west-2\"]");
    assert_eq!(name, "\"main-exports-123456789012-us-west-2\"\n");
    let later = "bucket.exports.aws_s3_bucket[\"us-east-1\"].arn";
    assert_eq!(answer(&case, later), "(known after apply)\n");
}

#[test]
fn a_variable_without_a_value_is_unknown_and_asks_for_nothing() {
    let case = Case::of("variable \"size\" {\n  type = number\n}\n");
    assert_eq!(answer(&case, "[1, var.size]"), "[\n  1,\n  (known after apply),\n]\n");
    let given = case.run_with(&["console", "-var", "size=2"], "var.size * 2");
    given.says(0, &["4"]);
}

#[test]
fn a_script_has_an_answer_per_expression_and_ends_at_the_first_error() {
    let case = Case::of(ONE);
    let script = "1 + 1\n\n# nothing\n{\n  a = 1\n}\n<<EOT\none\ntwo\nEOT\n";
    let ran = case.run_with(&["console"], script);
    assert_eq!(ran.stdout, "2\n{\n  \"a\" = 1\n}\n<<EOT\none\ntwo\n\nEOT\n", "{ran:#?}");
    let ran = case.run_with(&["console"], "1\nvar.sise\n2\n");
    ran.says(1, &["1\n", "error[config::undeclared]", "<console>:1:1", "var.size"]);
    assert_eq!(ran.stdout, "1\n");
    let ended = case.run_with(&["console"], "1\nexit\nnope\n");
    assert_eq!((ended.code, &*ended.stdout), (0, "1\n"));
    // What two lines use is wrong in each of them.
    case.write("main.dr.hcl", "locals {\n  bad = tonumber(\"x\")\n}\n");
    case.run_with(&["console"], "can(1)\nlocal.bad").says(1, &["true", "main.dr.hcl:2:"]);
}

#[test]
fn the_type_of_a_value_is_no_value() {
    let case = Case::of(ONE);
    case.run_with(&["console"], "[type(1)]").says(1, &["error[", "`type(…)` stands alone"]);
    case.run_with(&["console"], "type()").says(1, &["`type` takes one expression"]);
    assert_eq!(answer(&case, "type(terraform_data.web.id)"), "dynamic\n");
    case.ok(&["apply", "-auto-approve"]);
    assert_eq!(answer(&case, "type(terraform_data.web.id)"), "string\n");
}

#[test]
fn secrets_stay_secret() {
    let case = Case::of("variable \"key\" {\n  sensitive = true\n  default   = \"hunter2\"\n}\n");
    for args in [&["console"][..], &["console", "-json"]] {
        let script = "var.key\n{ a = [var.key] }\n\"${var.key}!\"\ntype(var.key)\n";
        let ran = case.run_with(args, script);
        ran.says(0, &["(sensitive value)"]);
        assert!(!format!("{ran:?}").contains("hunter2"), "{ran:#?}");
    }
}

#[test]
fn answers_are_json_line_by_line() {
    let case = Case::of(ONE);
    let ran = case.run_with(&["console", "-json"], "[1]\ntype(1)\nterraform_data.web.id\nnope\n");
    assert_eq!(ran.code, 1);
    let lines = ran.lines();
    let of = |at: usize, key: &str| lines[at]["answer"][key].clone();
    assert_eq!((of(1, "value"), of(1, "sensitive")), (serde_json::json!([1]), false.into()));
    assert_eq!((of(2, "type"), of(2, "value")), ("number".into(), serde_json::Value::Null));
    assert_eq!(of(3, "value"), serde_json::Value::Null);
    assert_eq!((&*lines[4]["type"].to_string(), lines.len()), ("\"diagnostic\"", 5));
}

#[test]
fn each_question_has_its_own_chance() {
    let ran = Case::of(ONE).run_with(&["console"], "length(distinct([uuid(), uuid()]))\n");
    assert_eq!(ran.stdout, "2\n");
    // Ids are written by name in what a run came to: this run is left as it is.
    let case = Case::of(ONE);
    let mut command = case.command(&["console"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"uuid()\nuuid()\n").unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let (first, second) = output.trim().split_once('\n').unwrap();
    assert_ne!(first, second);
}

#[test]
fn neither_a_lock_nor_a_file_is_left() {
    let case = Case::of(ONE);
    answer(&case, "var.size");
    assert!(!case.path(".lifeboat").exists());
}

#[test]
fn a_terminal_has_a_prompt_keys_and_a_history() {
    let case = Case::of(ONE);
    let pty = openpty(None, None).unwrap();
    let mut command = case.command(&["console"]);
    command.env("TERM", "xterm").stderr(Stdio::null());
    command.stdin(pty.slave.try_clone().unwrap()).stdout(pty.slave);
    let mut child = command.spawn().unwrap();
    // The last of ours: when the program ends, so does what can be read.
    drop(command);
    let mut terminal = File::from(pty.master);
    let mut shown = String::new();
    let mut until = |text: &str, terminal: &mut File| {
        let after = loop {
            if let Some(at) = shown.find(text) {
                break shown.split_off(at + text.len());
            }
            let mut bytes = [0; 512];
            let read = terminal.read(&mut bytes).unwrap_or(0);
            assert!(read > 0, "no {text:?} in {shown:?}");
            shown.push_str(&String::from_utf8_lossy(&bytes[..read]));
        };
        shown = after;
    };
    until("> ", &mut terminal);
    // A digit is put before the one that was typed: the arrow moves the cursor.
    terminal.write_all(b"1\x1b[D4\r").unwrap();
    until("41\r\n", &mut terminal);
    until("> ", &mut terminal);
    terminal.write_all(b"nope\x03").unwrap();
    until("nope", &mut terminal);
    until("> ", &mut terminal);
    // What was dropped is no answer; the line before it comes back, and goes on.
    terminal.write_all(b"\x1b[A + 1\r").unwrap();
    until("\r\n42\r\n", &mut terminal);
    until("> ", &mut terminal);
    terminal.write_all(b"[\r").unwrap();
    until(": ", &mut terminal);
    terminal.write_all(b"]\r").unwrap();
    until("[]\r\n", &mut terminal);
    until("> ", &mut terminal);
    terminal.write_all(b"\x04").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
