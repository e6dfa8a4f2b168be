//! The corpus of tests/conformance: cases, known failures, and work shared by two threads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lifeboat_sdk::Value;

use super::json::{at, parse, text};
use crate::cli::Case;

/// Runs at once; more than processors, since a run waits for the disk now and then.
const JOBS: usize = 3;

/// Why a case fails; `None` where it passes.
pub(super) type Verdict = Option<String>;

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// The cases of a file of one JSON document per line.
pub(super) fn lines(name: &str) -> Vec<Value> {
    let content = std::fs::read_to_string(root().join(name)).unwrap();
    content.lines().map(|line| parse(line).unwrap_or_else(|| panic!("{name}: {line}"))).collect()
}

/// The cases that are folders, with where their modules are.
pub(super) fn modules() -> Vec<(Value, PathBuf)> {
    let folders = std::fs::read_dir(root().join("modules")).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let case = |folder: PathBuf| {
        let content = std::fs::read_to_string(folder.join("case.json")).unwrap();
        (parse(&content).unwrap(), folder.join("config"))
    };
    folders.into_iter().map(case).collect()
}

/// Does a piece of work for each item, several at once, and keeps their order.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                loop {
                    let mine = {
                        let mut next = next.lock().unwrap();
                        *next += 1;
                        *next - 1
                    };
                    let Some(item) = items.get(mine) else { return };
                    let result = work(item);
                    done.lock().unwrap().insert(mine, result);
                }
            });
        }
    });
    done.into_inner().unwrap().into_values().collect()
}

/// Writes the files of a case: texts, bytes in hexadecimal, null for none.
pub(super) fn write(folder: &Case, files: &[(lifeboat_sdk::Name, Value)]) {
    for (name, content) in files {
        match (content.as_str(), at(content, &["hex"]).as_str()) {
            (Some(text), _) => folder.write(name, text),
            (None, Some(hex)) => folder.write(name, bytes(hex)),
            (None, None) => drop(std::fs::remove_file(folder.path(name))),
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Ids that are known to fail, each with its reason.
fn known() -> BTreeMap<String, String> {
    let content = std::fs::read_to_string(root().join("known_failures.txt")).unwrap_or_default();
    let lines = content.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = |line: &str| {
        let (id, reason) = line.split_once(' ').unwrap_or_else(|| panic!("no reason: {line}"));
        (id.to_owned(), reason.trim().to_owned())
    };
    lines.map(split).collect()
}

/// How many pass; fails where the list of known failures is not true, or where it is too few.
pub(super) fn hold(suite: &str, verdicts: &[(String, Verdict)], percent: usize) -> String {
    let known = known();
    let (mut surprises, mut passed) = (Vec::new(), 0);
    for (id, verdict) in verdicts {
        passed += usize::from(verdict.is_none());
        match (verdict, known.get(id)) {
            (Some(why), None) => surprises.push(format!("{id} fails: {why}")),
            (None, Some(_)) => surprises.push(format!("{id} passes: take it off the list")),
            _ => {}
        }
    }
    assert!(surprises.is_empty(), "{suite}: {}\n{}", surprises.len(), surprises.join("\n"));
    assert!(passed * 100 >= verdicts.len() * percent, "{suite}: under {percent} % pass");
    format!("{suite}: {passed} of {} pass", verdicts.len())
}

/// The id of a case.
pub(super) fn id(case: &Value) -> String {
    text(case, &["id"]).to_owned()
}

#[test]
fn known_failures_are_cases_with_reasons() {
    let mut ids: BTreeSet<String> = modules().iter().map(|(case, _)| id(case)).collect();
    for file in ["expressions.jsonl", "diagnostics.jsonl", "fmt.jsonl", "console.jsonl"] {
        ids.extend(lines(file).iter().map(id));
    }
    for (known, reason) in known() {
        assert!(ids.contains(&known), "{known} is no case");
        assert!(!reason.is_empty(), "{known} has no reason");
    }
}
