//! `examples/ci`: the workflows are YAML, and every command of lifeboat in them is one that the
//! program takes.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use lifeboat::cli::args::{Cli, two_dashes};
use saphyr_parser::{Event, Parser};

use super::{Case, ONE};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|end| end == "yml") {
            out.push(path);
        }
    }
}

/// All texts of a YAML file.
fn texts(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let mut all = Vec::new();
    for event in Parser::new_from_str(&text) {
        let (event, _) = event.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Event::Scalar(text, ..) = event {
            all.push(text.into_owned());
        }
    }
    all
}

/// The commands of lifeboat in a script: words without quotes, variables as `1`.
fn commands(script: &str) -> Vec<Vec<String>> {
    let script = script.replace("\\\n", " ");
    let ours = script.lines().map(str::trim).filter(|line| line.starts_with("lifeboat -"));
    let words = |line: &str| {
        let ends = |word: &&str| !matches!(*word, "||" | "|" | "&&" | ";" | ">" | ">>");
        line.split_whitespace().take_while(ends).map(word).collect()
    };
    ours.map(words).collect()
}

/// `"$PLAN"`, `${ALLOW:+-allow-destroy="$ALLOW"}`, `-chdir=infra`
fn word(text: &str) -> String {
    let text = text.replace('"', "");
    let optional = text.split_once(":+").and_then(|(_, rest)| rest.strip_suffix('}'));
    let text = optional.unwrap_or(&text);
    text.find('$').map_or_else(|| text.to_owned(), |at| format!("{}1", &text[..at]))
}

#[test]
fn every_command_of_the_workflows_is_one_that_the_program_takes() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci"), &mut all);
    let mut seen = Vec::new();
    for path in all {
        for command in texts(&path).iter().flat_map(|text| commands(text)) {
            let args = two_dashes(command.iter().map(OsString::from));
            let parsed = Cli::command().try_get_matches_from(args);
            assert!(parsed.is_ok(), "{}: {command:?}: {}", path.display(), parsed.unwrap_err());
            seen.push(command[2].clone());
        }
    }
    seen.sort();
    let of = |command: &str| seen.iter().filter(|word| *word == command).count();
    let counts = ["apply", "drift", "plan", "preflight", "show"].map(of);
    assert_eq!((counts, counts.iter().sum::<usize>()), ([2, 2, 6, 2, 2], seen.len()));
}

#[test]
fn commands_are_found_in_scripts() {
    let script =
        "code=0\nlifeboat -chdir=x apply \\\n  ${A:+-allow-destroy=\"$A\"} \"$P\" || code=$?\n";
    let words = ["lifeboat", "-chdir=x", "apply", "-allow-destroy=1", "1"];
    assert_eq!(commands(script), [words.map(str::to_owned)]);
}

#[test]
fn actions_are_pinned_and_artefacts_hold_no_plan() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci/github"), &mut all);
    let scripts: Vec<String> = all.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let uses = scripts.iter().flat_map(|text| text.lines()).filter_map(|l| l.split_once("uses: "));
    let pinned = |action: &str| {
        let commit = action.split_once('@').map(|(_, rest)| rest.split(' ').next().unwrap());
        commit.is_some_and(|c| c.len() == 40 && c.chars().all(|c| c.is_ascii_hexdigit()))
    };
    for (_, action) in uses {
        assert!(pinned(action), "{action}");
    }
    let kept = scripts.iter().flat_map(|text| text.split("path: |").skip(1));
    for files in kept {
        assert!(!files.contains(".plan") && !files.contains(".lifeboat"), "{files}");
    }
}

/// What the workflows do with the folder of state.
#[cfg(unix)]
#[test]
fn state_may_lie_elsewhere_behind_a_link() {
    let case = Case::new().file("infra/main.dr.hcl", ONE).file("elsewhere/.lifeboat/.keep", "");
    let link = case.path("infra/.lifeboat");
    std::os::unix::fs::symlink(case.path("elsewhere/.lifeboat"), &link).unwrap();
    let plan = case.path("w.plan").display().to_string();
    let out = format!("-out={plan}");
    case.run(&["-chdir=infra", "plan", "-input=false", "-detailed-exitcode", &out]).says(2, &[]);
    case.ok(&["-chdir=infra", "apply", "-input=false", "-lock-timeout=10m", &plan]);
    assert!(case.path("elsewhere/.lifeboat/state").is_dir());
    fs::remove_file(&link).unwrap();
    case.run(&["-chdir=infra", "plan", "-detailed-exitcode"]).says(2, &["1 to add"]);
}
