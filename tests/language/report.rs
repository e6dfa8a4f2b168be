//! What the program reports, in the shape in which the corpus expects it.

use std::collections::BTreeMap;

use lifeboat_sdk::Value;

use super::json::{at, items, parse, text, whole};
use crate::cli::case::Ran;

/// A diagnostic by what is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Report {
    pub(super) file: String,
    pub(super) line: i64,
    pub(super) column: i64,
    pub(super) summary: String,
    pub(super) detail: String,
    pub(super) severity: String,
}

impl Report {
    fn of(diagnostic: &Value) -> Self {
        let line = whole(diagnostic, &["range", "start", "line"]).unwrap_or(0);
        let column = whole(diagnostic, &["range", "start", "column"]).unwrap_or(0);
        let file = if line == 0 { "" } else { text(diagnostic, &["range", "filename"]) };
        Self {
            file: file.to_owned(),
            line,
            column,
            summary: text(diagnostic, &["summary"]).to_owned(),
            detail: text(diagnostic, &["detail"]).to_owned(),
            severity: text(diagnostic, &["severity"]).to_owned(),
        }
    }

    /// As a case expects it.
    pub(super) fn expected(want: &Value) -> Self {
        let line = whole(want, &["line"]).unwrap_or(0);
        Self {
            file: if line == 0 { String::new() } else { text(want, &["file"]).to_owned() },
            line,
            column: whole(want, &["column"]).unwrap_or(0),
            summary: text(want, &["summary"]).to_owned(),
            detail: text(want, &["contains"]).to_owned(),
            severity: text(want, &["severity"]).to_owned(),
        }
    }

    pub(super) fn is_error(&self) -> bool {
        self.severity == "error"
    }

    /// Whether both are at the same line.
    pub(super) fn beside(&self, other: &Self) -> bool {
        (&self.file, self.line) == (&other.file, other.line)
    }

    pub(super) fn place(&self) -> String {
        format!("{}:{}:{} {}: {}", self.file, self.line, self.column, self.summary, self.detail)
    }
}

/// The diagnostics of `validate -json`, in order of their places.
pub(super) fn of_validate(ran: &Ran) -> Result<Vec<Report>, String> {
    let document = parse(&ran.stdout);
    let document = document.ok_or_else(|| format!("validate -json: exit {}, no JSON", ran.code))?;
    let mut found: Vec<Report> =
        items(&document, &["diagnostics"]).iter().map(Report::of).collect();
    found.sort();
    Ok(found)
}

/// The diagnostics among the lines of `plan -json` and `apply -json`.
pub(super) fn of_stream(ran: &Ran) -> Result<Vec<Report>, String> {
    let mut found = Vec::new();
    for line in ran.stdout.lines().filter(|line| !line.trim().is_empty()) {
        let line = parse(line).ok_or_else(|| format!("exit {}: not JSON: {line}", ran.code))?;
        if text(&line, &["type"]) == "diagnostic" {
            found.push(Report::of(at(&line, &["diagnostic"])));
        }
    }
    found.sort();
    Ok(found)
}

/// The first error.
pub(super) fn error(reports: &[Report]) -> Option<&Report> {
    reports.iter().find(|report| report.is_error())
}

/// An error at its place where one is expected, and none where none is.
pub(super) fn compare_errors(want: &[Report], got: &[Report]) -> Option<String> {
    match (error(want), error(got)) {
        (None, None) => None,
        (Some(want), None) => Some(format!("no error, want {}", want.place())),
        (None, Some(got)) => Some(format!("error: {}", got.place())),
        (Some(want), Some(got)) => (want.line > 0 && !want.beside(got))
            .then(|| format!("position: want {}, got {}", want.place(), got.place())),
    }
}

/// Everything that is expected is there; further reports beside an error are allowed.
pub(super) fn compare_all(want: &[Value], got: &[Report]) -> Option<String> {
    let mut places: BTreeMap<(String, String, i64), Vec<Report>> = BTreeMap::new();
    for report in want.iter().map(Report::expected) {
        let key = match report.line {
            0 => (report.severity.clone(), report.summary.clone(), 0),
            line => (report.severity.clone(), report.file.clone(), line),
        };
        places.entry(key).or_default().push(report);
    }
    for ((severity, ..), wanted) in &places {
        let near = |got: &&Report| {
            got.severity == *severity && (wanted[0].line == 0 || wanted[0].beside(got))
        };
        let near: Vec<&Report> = got.iter().filter(near).collect();
        if near.is_empty() {
            let seen: Vec<String> = got.iter().map(Report::place).collect();
            return Some(format!("diagnostic: want {}, got {seen:?}", wanted[0].place()));
        }
        let lacks = wanted.iter().find(|w| !near.iter().any(|g| g.detail.contains(&w.detail)));
        if let Some(lacks) = lacks {
            return Some(format!("diagnostic {}: the detail lacks its text", lacks.place()));
        }
    }
    let wanted_error = places.keys().any(|(severity, ..)| severity == "error");
    let unwanted = error(got).filter(|_| !wanted_error);
    unwanted.map(|error| format!("error: {}", error.place()))
}
