//! Whole conversations, compared with what is written down in tests/cli/*.txt.
//!
//! A transcript begins with the files as `== NAME` and their lines, then has commands as
//! `$ lifeboat …`, with ` < NAME` where they read a file, and with what they say. After a change of
//! words: `UPDATE=1 cargo test -p lifeboat --test main transcripts`, then read the difference.

use std::fs;
use std::path::Path;

use super::Case;

/// The transcript as the program makes it today.
fn replayed(text: &str) -> String {
    let head_end = text.find("$ lifeboat").unwrap();
    let (head, rest) = text.split_at(head_end);
    let case = Case::new();
    for file in head.split("== ").skip(1) {
        let (name, content) = file.split_once('\n').unwrap();
        case.write(name, content.trim_end().to_owned() + "\n");
    }
    let commands = rest.lines().filter_map(|line| line.strip_prefix("$ lifeboat"));
    let mut made = head.to_owned();
    for command in commands {
        let command = command.trim_start();
        let (words, input) = command.split_once(" < ").unwrap_or((command, ""));
        let args: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
        let ran = match input {
            "" => case.run(&args),
            name => case.run_with(&args, &String::from_utf8(case.read(name)).unwrap()),
        };
        assert!(!ran.stderr.contains("panicked"), "{command}: {ran:#?}");
        if args.contains(&"-json") {
            assert!(ran.lines_or_document(), "{command}: not JSON: {ran:#?}");
        }
        made.push_str(&ran.transcript(command));
    }
    made.trim_end().to_owned() + "\n"
}

#[test]
fn what_is_said_is_what_is_written_down() {
    let update = std::env::vars_os().any(|(name, value)| name == "UPDATE" && value == "1");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "txt") {
            continue;
        }
        seen += 1;
        let written = fs::read_to_string(&path).unwrap();
        let made = replayed(&written);
        if update {
            fs::write(&path, &made).unwrap();
        } else {
            let diff = similar::TextDiff::from_lines(&written, &made);
            let diff = diff.unified_diff().to_string();
            assert!(diff.is_empty(), "{}:\n{diff}", path.display());
        }
    }
    assert!(seen > 3, "{seen} transcripts");
}
