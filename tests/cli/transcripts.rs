//! Whole conversations, compared with what is written down in tests/cli/*.txt.
//!
//! A transcript begins with the files as `== NAME` and their lines, then has commands as
//! `$ lifeboat …`, with ` < NAME` where they read a file, and with what they say. After a change of
//! words: `UPDATE=1 cargo test -p lifeboat --test main transcripts`, then read the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::Case;
use super::man::commands;

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

/// The transcripts.
fn all() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    paths.sort();
    paths
}

#[test]
fn what_is_said_is_what_is_written_down() {
    let update = std::env::vars_os().any(|(name, value)| name == "UPDATE" && value == "1");
    let all = all();
    assert!(all.len() > 3, "{all:?}");
    for path in all {
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
}

/// What a transcript shows of each command: `ok`, `empty` (nothing was applied yet), `wrong` (an
/// option that is none), `json`.
fn shown(text: &str, commands: &[String], found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let mut applied = false;
    for part in text.split("$ lifeboat ").skip(1) {
        let line = part.lines().next().unwrap_or_default();
        let named = |name: &&String| line == name.as_str() || line.starts_with(&format!("{name} "));
        let Some(command) = commands.iter().rev().find(named) else { continue };
        let what = found.entry(command.clone()).or_default();
        let fine = ["-- exit 0", "-- exit 2"].iter().any(|exit| part.contains(exit));
        let notes = [
            (fine, "ok"),
            (!applied, "empty"),
            (line.contains("-bogus"), "wrong"),
            (line.split(' ').any(|word| word == "-json"), "json"),
        ];
        what.extend(notes.iter().filter(|(is, _)| *is).map(|(_, name)| *name));
        applied |= fine && line.starts_with("apply");
    }
}

#[test]
fn each_command_is_shown_in_success_with_an_empty_state_a_wrong_flag_and_json() {
    let case = Case::new();
    let mut names = commands(&case, &[]);
    names.push("man".to_owned());
    let inner = commands(&case, &["state"]);
    names.retain(|name| name != "state");
    names.extend(inner.iter().map(|name| format!("state {name}")));
    let mut found = BTreeMap::new();
    for path in all() {
        shown(&fs::read_to_string(path).unwrap(), &names, &mut found);
    }
    let wanted: BTreeSet<&str> = ["ok", "empty", "wrong", "json"].into();
    for name in &names {
        let missing: Vec<_> = wanted.difference(&found[name]).collect();
        assert!(missing.is_empty(), "`lifeboat {name}` is not shown with: {missing:?}");
    }
}
