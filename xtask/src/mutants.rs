//! `mutants`: defects planted in the engine, each of which the simulation must catch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::Result;
use crate::cargo::{Target, cargo, root, run, shown};
use crate::scratch::Scratch;
use crate::test::CRASHES;

/// Defects and the tests that must notice them.
struct Suite {
    /// Where the patches are; the lines of each before the first `---` say what it plants.
    patches: &'static str,
    /// The tests.
    checks: &'static str,
    /// What they are built with.
    build: &'static [&'static str],
    target: Target,
    seeds: &'static str,
}

const SUITES: [Suite; 3] = [
    Suite {
        patches: "tests/simulation/mutants",
        checks: "simulation::whatever",
        build: &["--no-default-features", "--package", "lifeboat"],
        target: Target::Core,
        seeds: "200",
    },
    Suite {
        patches: "tests/simulation/databases/mutants",
        checks: "simulation::databases::whatever",
        build: &["--no-default-features", "--package", "lifeboat"],
        target: Target::Core,
        seeds: "12",
    },
    // Promotions are made of objects of AWS.
    Suite {
        patches: "tests/simulation/promotion/mutants",
        checks: "simulation::promotion::whatever",
        build: &["--workspace", "--features", CRASHES],
        target: Target::Full,
        seeds: "300",
    },
];

/// A defect.
struct Mutant {
    name: String,
    path: PathBuf,
    suite: &'static Suite,
}

/// What the simulation said of a tree.
enum Said {
    /// Nothing: all is as it should be.
    Nothing,
    /// The first seed with a violation, and the violation.
    Found(String, String),
}

/// Applies each patch, or those whose names hold one of the filters, to a copy of the tree.
pub(crate) fn mutants(filters: &[String]) -> Result {
    let asked = |m: &Mutant| filters.is_empty() || filters.iter().any(|f| m.name.contains(&**f));
    let all: Vec<Mutant> = patches()?.into_iter().filter(asked).collect();
    let tree = copy_of_the_tree()?;
    for suite in &SUITES {
        let asked = all.iter().any(|mutant| mutant.suite.patches == suite.patches);
        if asked && let Said::Found(seed, said) = simulate(tree.path(), suite)? {
            return Err(format!("the tree without a mutant is at fault: {seed}: {said}").into());
        }
    }
    let mut rows = Vec::new();
    let mut missed = Vec::new();
    for Mutant { name, path, suite } in &all {
        apply(tree.path(), path, false)?;
        match simulate(tree.path(), suite)? {
            Said::Found(seed, said) => rows.push(format!("| {name} | {seed} | {said} |")),
            Said::Nothing => missed.push(name.clone()),
        }
        apply(tree.path(), path, true)?;
    }
    println!("\n| mutant | caught by | what the checker said |\n| --- | --- | --- |");
    rows.iter().for_each(|row| println!("{row}"));
    if missed.is_empty() && !all.is_empty() {
        return Ok(());
    }
    Err(format!("{} mutants of {} were not caught: {missed:?}", missed.len(), all.len()).into())
}

fn patches() -> Result<Vec<Mutant>> {
    let mut all = Vec::new();
    for suite in &SUITES {
        let before = all.len();
        for entry in fs::read_dir(root().join(suite.patches))? {
            let path = entry?.path();
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
            if path.extension().is_some_and(|end| end == "patch") {
                all.push(Mutant { name: name.unwrap_or_default(), path, suite });
            }
        }
        all[before..].sort_by(|a: &Mutant, b: &Mutant| a.name.cmp(&b.name));
    }
    Ok(all)
}

/// The files that belong to the repository, as they are now.
fn copy_of_the_tree() -> Result<Scratch> {
    let scratch = Scratch::new("mutants")?;
    let mut list = Command::new("git");
    list.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = output(&mut list)?;
    for name in listed.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let name = String::from_utf8_lossy(name).into_owned();
        let (from, to) = (root().join(&name), scratch.path().join(&name));
        if !from.is_file() {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(scratch.path()))?;
        fs::copy(from, to)?;
    }
    Ok(scratch)
}

fn apply(tree: &Path, patch: &Path, reverse: bool) -> Result {
    let mut git = Command::new("git");
    // A copy inside another repository would be taken for a part of that.
    git.current_dir(tree).env("GIT_CEILING_DIRECTORIES", tree).arg("apply");
    if reverse {
        git.arg("--reverse");
    }
    run(git.arg(patch))
}

/// Builds a tree and plays the simulation.
fn simulate(tree: &Path, suite: &Suite) -> Result<Said> {
    let command = || -> Result<Command> {
        let mut test = cargo(suite.target)?;
        test.current_dir(tree).env("LIFEBOAT_SEEDS", suite.seeds).env("RUST_BACKTRACE", "0");
        test.arg("test").args(suite.build).args(["--test", "main"]);
        Ok(test)
    };
    run(command()?.arg("--no-run"))?;
    let told = command()?.args(["--", suite.checks]).stdin(Stdio::null()).output()?;
    if told.status.success() {
        return Ok(Said::Nothing);
    }
    let text =
        String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr);
    let found = text.lines().find_map(|line| line.strip_prefix("seed ")?.split_once(": "));
    let (seed, said) = found.ok_or_else(|| format!("it failed without a seed:\n{text}"))?;
    Ok(Said::Found(format!("seed {seed}"), said.chars().take(120).collect()))
}

fn output(command: &mut Command) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() { Ok(output) } else { Err(shown(command).into()) }
}
