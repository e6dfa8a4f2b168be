//! What `state check` found, as text and as JSON.

use std::fmt::Write as _;

use lifeboat_sdk::{Diagnostics, Severity, counted};
use serde_json::{Value as Json, json};

use super::diagnostic;
use super::escape::line;
use crate::config::SourceMap;

/// A part of what is kept: a generation, a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its serial, its run.
    pub name: String,
    /// A word: `whole`, `damaged`, `open`.
    pub standing: &'static str,
    /// What there is to say of it.
    pub detail: Option<String>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Which state it is.
    pub lineage: Option<String>,
    /// The generation that commands read; `None` where they cannot.
    pub newest: Option<u64>,
    /// The newest generation that is whole.
    pub good: Option<u64>,
    /// The generation to take back, where commands cannot read the state.
    pub offer: Option<u64>,
    /// Generations, oldest first.
    pub generations: Vec<Part>,
    /// Journals.
    pub journals: Vec<Part>,
    /// The lock: its standing and who has it.
    pub lock: Part,
    /// The key.
    pub key: Part,
    /// How many plans are recorded as applied.
    pub plans: usize,
    /// Problems.
    pub found: Diagnostics,
}

impl Report {
    /// The command that takes the good generation back, where it is needed.
    fn restore(&self) -> Option<String> {
        Some(format!("lifeboat state restore {}", self.offer?))
    }

    fn problems(&self) -> usize {
        self.found.0.iter().filter(|found| found.severity == Severity::Error).count()
    }
}

/// For people: what is there, what stands out, and the verdict. Problems are told as diagnostics.
pub fn text(report: &Report) -> String {
    if report.generations.is_empty() && report.journals.is_empty() && report.found.is_empty() {
        return "There is no state yet: nothing has been applied.\n".to_owned();
    }
    let mut out = String::new();
    parts(&mut out, "Generations", &report.generations, "whole");
    parts(&mut out, "Journals", &report.journals, "ended");
    for (name, part) in [("Lock", &report.lock), ("Key", &report.key)] {
        let detail = part.detail.as_deref().map(|text| format!(", {}", line(text)));
        let _ok = writeln!(out, "{name}: {}{}", part.standing, detail.unwrap_or_default());
    }
    let _ok = writeln!(out, "Applied plans: {}", report.plans);
    let verdict = match (report.problems(), report.newest) {
        (0, Some(newest)) => format!("All is well. The state is generation {newest}."),
        (0, None) => "All is well. There is no generation yet.".to_owned(),
        (problems, Some(newest)) => format!(
            "{} found. The state is generation {newest}, which is whole.",
            counted(problems, "problem")
        ),
        (problems, None) => format!("{} found.", counted(problems, "problem")),
    };
    let _ok = writeln!(out, "\n{verdict}");
    if let (Some(offer), Some(restore)) = (report.offer, report.restore()) {
        let _ok = writeln!(
            out,
            "Generation {offer} is the newest that is whole. This takes it back:\n    {restore}"
        );
    }
    out
}

/// How many there are, and those that are not `usual`.
fn parts(out: &mut String, title: &str, all: &[Part], usual: &str) {
    let usual_ones = all.iter().filter(|part| part.standing == usual).count();
    let rest =
        if usual_ones == all.len() { String::new() } else { format!(", {usual_ones} {usual}") };
    let _ok = writeln!(out, "{title}: {}{rest}", all.len());
    for part in all.iter().filter(|part| part.standing != usual) {
        let detail = part.detail.as_deref().map(|text| format!(": {}", line(text)));
        let (name, standing) = (line(&part.name), part.standing);
        let _ok = writeln!(out, "  {name} {standing}{}", detail.unwrap_or_default());
    }
}

/// For programs.
pub fn json(report: &Report) -> String {
    let part = |name: &str, part: &Part| {
        let id = part.name.parse::<u64>().map_or_else(|_| json!(part.name), |serial| json!(serial));
        json!({ name: id, "standing": part.standing, "detail": part.detail })
    };
    let list = |name: &str, parts: &[Part]| -> Vec<Json> {
        parts.iter().map(|it| part(name, it)).collect()
    };
    let mut found = report.found.clone();
    found.sort();
    let told = found.0.iter().map(|one| diagnostic::json(one, &SourceMap::default()));
    let standing = |part: &Part| json!({ "standing": part.standing, "detail": part.detail });
    let document = json!({
        "format_version": "1.0",
        "lifeboat_version": env!("CARGO_PKG_VERSION"),
        "whole": report.problems() == 0,
        "lineage": report.lineage,
        "newest": report.newest,
        "good": report.good,
        "restore": report.restore(),
        "generations": list("serial", &report.generations),
        "journals": list("run", &report.journals),
        "lock": standing(&report.lock),
        "key": standing(&report.key),
        "applied_plans": report.plans,
        "diagnostics": told.collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}
