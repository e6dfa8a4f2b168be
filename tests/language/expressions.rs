//! The suites of expressions and diagnostics: values in batches, errors one by one.

use std::collections::BTreeMap;

use lifeboat_sdk::Value;

use super::corpus::{Verdict, id, write};
use super::json::{at, members, parse, same, text};
use super::report::{Report, compare_errors, error, of_stream, of_validate};
use crate::cli::Case;
use crate::cli::case::Ran;

/// Values in one module.
const BATCH: usize = 40;

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

/// Cases whose values can be made together.
pub(super) fn batches(cases: &[Value]) -> Vec<Vec<&Value>> {
    let mut groups: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    let mut batches = Vec::new();
    for case in cases {
        if wants_error(case) {
            batches.push(vec![case]);
        } else {
            let key = format!("{:?} {:?}", at(case, &["setup"]), at(case, &["files"]));
            groups.entry(key).or_default().push(case);
        }
    }
    let whole = groups.values().flat_map(|group| group.chunks(BATCH)).map(<[&Value]>::to_vec);
    batches.extend(whole);
    batches
}

/// The verdicts on a batch; where it does not hold together, on each case alone.
pub(super) fn judge(batch: &[&Value]) -> Vec<(String, Verdict)> {
    if let [case] = batch {
        return vec![(id(case), alone(case).err())];
    }
    let folder = surroundings(batch[0]);
    for (n, case) in batch.iter().enumerate() {
        folder.write(&format!("c{n:04}.dr.hcl"), output(&format!("r{n:04}"), case));
    }
    let values = outputs(&folder).ok();
    let verdict = |(n, case): (usize, &&Value)| {
        let together = values.as_ref().map(|v| value(case, at(v, &[&format!("r{n:04}")])));
        let verdict = together.and_then(Result::ok).map_or_else(|| alone(case).err(), |()| None);
        (id(case), verdict)
    };
    batch.iter().enumerate().map(verdict).collect()
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
    let want = Report::expected(at(case, &["expected"]));
    let want = Report { severity: "error".into(), ..want };
    let mut got = of_validate(&run(&folder, &["validate", "-json"]))?;
    if error(&got).is_none() {
        let planned = of_stream(&run(&folder, &["plan", "-json", "-input=false"]))?;
        if error(&planned).is_some() && text(case, &["expected", "phase"]) == "validate" {
            return Err("late: plan finds the error, not validate".into());
        }
        got = planned;
    }
    compare_errors(&[want], &got).map_or(Ok(()), Err)
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
