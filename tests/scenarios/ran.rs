//! What a run of the program came to.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use lifeboat_testbed::Entry;
use serde_json::Value as Json;

/// A run that has ended.
#[derive(Debug)]
pub(super) struct Ran {
    /// The arguments.
    pub(super) arguments: String,
    /// The exit code; nothing when a signal ended it.
    pub(super) code: Option<i32>,
    /// Standard output.
    pub(super) stdout: String,
    /// Standard error.
    pub(super) stderr: String,
    /// How long it ran.
    pub(super) took: Duration,
    /// The calls that reached the proxy meanwhile.
    pub(super) calls: Vec<Entry>,
}

impl Ran {
    /// The lines of `-json`: each must parse.
    pub(super) fn events(&self) -> Vec<Json> {
        let parse = |line: &str| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("not a line of JSON ({error}): {line}\n{self}"))
        };
        self.stdout.lines().map(parse).collect()
    }

    /// Action and address of each line of this type, in order: `planned_change`, `resource_drift`,
    /// `deferred_change`.
    pub(super) fn changes(&self, kind: &str) -> Vec<(String, String)> {
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let change = |event: &Json| {
            let change = &event["change"];
            (text(&change["action"]), text(&change["resource"]["addr"]))
        };
        self.events().iter().filter(|event| event["type"] == kind).map(change).collect()
    }

    /// Whether the plan or the drift says that something could not be read.
    pub(super) fn incomplete(&self) -> bool {
        self.events().iter().any(|event| event["incomplete"] == true)
    }

    /// Each location and service that is told of, and whether all of it was read.
    pub(super) fn scopes(&self) -> Vec<(String, bool)> {
        let is = |event: &&Json| event["type"] == "scope_status";
        let scope = |event: &Json| {
            let name = event["scope"]["location"].as_str().unwrap_or_default();
            (name.to_owned(), event["scope"]["unread"] == 0)
        };
        self.events().iter().filter(is).map(scope).collect()
    }

    /// The document that it printed.
    pub(super) fn document(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// How many of its calls would change something.
    pub(super) fn mutating(&self) -> usize {
        self.calls.iter().filter(|call| call.mutating).count()
    }

    /// Its calls in order, with when each began and ended since the first.
    pub(super) fn timeline(&self) -> String {
        let first = self.calls.first().map(|call| call.started).unwrap_or_default();
        let seconds = |at: Duration| at.saturating_sub(first).as_secs_f64();
        let line = |call: &Entry| {
            let ended = call.ended.map_or("open".to_owned(), |at| format!("{:.2}", seconds(at)));
            let Entry { operation, region, outcome, .. } = call;
            format!("{:>6.2} {ended:>6} {operation} {region} {outcome:?}", seconds(call.started))
        };
        self.calls.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// All that it said.
    pub(super) fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        let code = self.code.map_or("none: a signal".to_owned(), |code| code.to_string());
        writeln!(f, "$ lifeboat {}", self.arguments)?;
        self.stdout.lines().filter_map(told).try_for_each(|line| writeln!(f, "{line}"))?;
        f.write_str(&self.stderr)?;
        let (calls, writes) = (self.calls.len(), self.mutating());
        writeln!(f, "(exit code {code} after {seconds:.1} s, {calls} calls, {writes} mutating)")
    }
}

/// A line of a transcript: of a line of JSON its message, and nothing of reads that went well.
fn told(line: &str) -> Option<String> {
    let Ok(event) = serde_json::from_str::<Json>(line) else { return Some(line.to_owned()) };
    let reads = matches!(event["type"].as_str(), Some("refresh_start" | "refresh_complete"));
    let message = event["@message"].as_str().unwrap_or(line).to_owned();
    let detail = event["diagnostic"]["detail"].as_str().unwrap_or_default();
    (!reads).then(|| format!("{message} {detail}").trim_end().to_owned())
}

/// Writes a table to standard error, past the test harness: its first row are the heads.
pub(super) fn tell_table<const N: usize>(rows: &[[String; N]]) {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let mut table = String::from("\n");
    for row in rows {
        for (column, text) in row.iter().enumerate() {
            let width = width(column);
            table +=
                &if column == 0 { format!("{text:<width$}") } else { format!("  {text:>width$}") };
        }
        table.push('\n');
    }
    // Whoever closed standard error does not want it.
    writeln!(std::io::stderr().lock(), "{table}").ok();
}
