//! The suites of expressions and diagnostics: values in batches, errors one by one.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::Value;

use super::corpus::{Verdict, id, write};
use super::json::{at, members, parse, same, text};
use super::report::{Report, compare_errors, error, of_stream, of_validate};
use crate::cli::Case;
use crate::cli::case::Ran;

/// Cases in one module.
const BATCH: usize = 80;

fn output(name: &str, case: &Value) -> String {
    let sensitive = at(case, &["sensitive"]).as_bool() == Some(true);
    let more = if sensitive { "  sensitive = true\n" } else { "" };
    format!("output \"{name}\" {{\n  value = {}\n{more}}}\n", text(case, &["expression"]))
}

/// The setup and the files of a case.
fn surroundings(case: &Value) -> Case {
    let folder = Case::new();
    if let Some(setup) = at(case, &["setup"]).as_str() {
        folder.write("setup.dr.hcl", setup);
    }
    write(&folder, members(case, &["files"]));
    folder
}

fn wants_error(case: &Value) -> bool {
    at(case, &["expected", "error"]).as_str().is_some()
}

/// Cases that can be judged together: of the same surroundings, and all of values or all of errors.
pub(super) fn batches(cases: &[Value]) -> Vec<Vec<&Value>> {
    let mut groups: BTreeMap<_, Vec<&Value>> = BTreeMap::new();
    for case in cases {
        let around = format!("{:?} {:?}", at(case, &["setup"]), at(case, &["files"]));
        groups.entry((around, wants_error(case))).or_default().push(case);
    }
    groups.values().flat_map(|group| group.chunks(BATCH)).map(<[&Value]>::to_vec).collect()
}

/// The verdicts on a batch; where it does not hold together, on each case alone.
pub(super) fn judge(batch: &[&Value]) -> Vec<(String, Verdict)> {
    let judged = if wants_error(batch[0]) { failing(batch.to_vec()) } else { values(batch) };
    let verdict = |case: &&Value| {
        let known = judged.contains(&id(case));
        (id(case), if known { None } else { alone(case).err() })
    };
    batch.iter().map(verdict).collect()
}

/// The name of the output and of the file of a case.
fn names(n: usize) -> (String, String) {
    (format!("r{n:04}"), format!("c{n:04}.dr.hcl"))
}

/// A file for each case, in the surroundings of all.
fn together(batch: &[&Value]) -> Case {
    let folder = surroundings(batch[0]);
    for (n, case) in batch.iter().enumerate() {
        let (name, file) = names(n);
        folder.write(&file, output(&name, case));
    }
    folder
}

/// Those of the batch whose values are the right ones; where an error stops all, of each half.
fn values(batch: &[&Value]) -> BTreeSet<String> {
    let Ok(outputs) = outputs(&together(batch)) else {
        let (first, second) = batch.split_at(batch.len() / 2);
        let halves = [first, second].into_iter().filter(|half| half.len() < batch.len());
        return halves.filter(|half| !half.is_empty()).flat_map(values).collect();
    };
    let right = |(n, case): &(usize, &&Value)| value(case, at(&outputs, &[&names(*n).0])).is_ok();
    batch.iter().enumerate().filter(right).map(|(_, case)| id(case)).collect()
}

/// Those of the batch whose error `validate` tells; errors of syntax hide those of other stages,
/// so that the rest is tried again without those that were told.
fn failing(mut rest: Vec<&Value>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    loop {
        let reports = of_validate(&run(&together(&rest), &["validate", "-json"]));
        let reports = reports.unwrap_or_default();
        let right = |(n, case): &(usize, &&Value)| {
            let file = names(*n).1;
            let got: Vec<Report> = reports.iter().filter(|r| r.file == file).cloned().collect();
            let want = expected(case);
            let moved = if want.file == "main.dr.hcl" { file } else { want.file.clone() };
            compare_errors(&[Report { file: moved, ..want }], &got).is_none()
        };
        let found: BTreeSet<String> =
            rest.iter().enumerate().filter(right).map(|(_, case)| id(case)).collect();
        rest.retain(|case| !found.contains(&id(case)));
        all.extend(found.iter().cloned());
        if found.is_empty() || rest.is_empty() {
            return all;
        }
    }
}

/// The error that a case expects.
fn expected(case: &Value) -> Report {
    Report { severity: "error".into(), ..Report::expected(at(case, &["expected"])) }
}

fn run(folder: &Case, args: &[&str]) -> Ran {
    Case::exactly(&mut folder.command(args))
}

/// What `output -json` shows after an apply.
fn outputs(folder: &Case) -> Result<Value, String> {
    let ran = run(folder, &["apply", "-json", "-input=false", "-auto-approve"]);
    let reports = of_stream(&ran)?;
    if let Some(error) = error(&reports) {
        return Err(format!("error: {}", error.place()));
    }
    if ran.code != 0 {
        return Err(format!("apply: exit {}: {}", ran.code, ran.stderr));
    }
    parse(&run(folder, &["output", "-json"]).stdout).ok_or_else(|| "output -json: no JSON".into())
}

/// Compares one output with the expected value and type.
fn value(case: &Value, got: &Value) -> Result<(), String> {
    let expected = at(case, &["expected"]);
    match (at(expected, &["absent"]).as_bool() == Some(true), got.is_null()) {
        (true, true) => return Ok(()),
        (true, false) => return Err("an output was expected to be absent".into()),
        (false, true) => return Err("no such output".into()),
        (false, false) => {}
    }
    for part in ["value", "type"] {
        let (want, got) = (at(expected, &[part]), at(got, &[part]));
        if !same(want, got) {
            return Err(format!("{part}: want {want:?}, got {got:?}"));
        }
    }
    Ok(())
}

/// Runs one case.
fn alone(case: &Value) -> Result<(), String> {
    let folder = surroundings(case);
    folder.write("main.dr.hcl", output("result", case));
    if !wants_error(case) {
        return value(case, at(&outputs(&folder)?, &["result"]));
    }
    let mut got = of_validate(&run(&folder, &["validate", "-json"]))?;
    if error(&got).is_none() {
        let planned = of_stream(&run(&folder, &["plan", "-json", "-input=false"]))?;
        if error(&planned).is_some() && text(case, &["expected", "phase"]) == "validate" {
            return Err("late: plan finds the error, not validate".into());
        }
        got = planned;
    }
    compare_errors(&[expected(case)], &got).map_or(Ok(()), Err)
}

/// What `validate` makes of one file.
pub(super) fn diagnostics(case: &Value) -> (String, Verdict) {
    let folder = Case::of(text(case, &["source"]));
    let ran = run(&folder, &["validate", "-json"]);
    let verdict = of_validate(&ran).map(|got| {
        let want = at(case, &["expected"]);
        let exit = at(want, &["exit"]).as_i64();
        if exit != Some(i64::from(ran.code)) {
            return Some(format!("exit: want {exit:?}, got {}", ran.code));
        }
        let want = super::json::items(want, &["diagnostics"]);
        let want: Vec<Report> = want.iter().map(Report::expected).collect();
        compare_errors(&want, &got)
    });
    (id(case), verdict.unwrap_or_else(Some))
}
