//! The generations of state as a table and as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::escape::line;
use crate::engine::compare::Counts;

/// How much is shown of the name of a run.
const SHORT: usize = 8;

/// What wrote a generation, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The command: `apply`, `state mv`; empty if that is not known.
    pub command: String,
    /// The run, for commands that keep a journal.
    pub run: Option<String>,
    /// Who, for commands that keep none.
    pub by: Option<String>,
    /// When, as text.
    pub at: Option<String>,
}

/// A generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its serial.
    pub serial: u64,
    /// Its size in bytes.
    pub size: usize,
    /// What wrote it.
    pub origin: Origin,
    /// The generation whose content it has, if it took one back.
    pub restored: Option<u64>,
    /// How many objects it holds; `None` where it cannot be read.
    pub objects: Option<usize>,
    /// Against the generation before it; `None` where that is not kept.
    pub counts: Option<Counts>,
    /// Why it cannot be read, or does not count.
    pub trouble: Option<String>,
}

/// The table, newest first.
pub fn text(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "There is no generation of the state yet.\n".to_owned();
    }
    let head = ["Serial", "Time", "Made by", "Objects", "Size"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(entries.iter().map(row)).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for [serial, time, by, objects, size] in &rows {
        let [a, b, c, d, e] = widths;
        let _ok = writeln!(out, "{serial:>a$}  {time:b$}  {by:c$}  {objects:d$}  {size:>e$}");
    }
    for entry in entries {
        if let Some(trouble) = &entry.trouble {
            let _ok = writeln!(out, "\nGeneration {}: {}.", entry.serial, line(trouble));
        }
    }
    out
}

fn row(entry: &Entry) -> [String; 5] {
    let Entry { serial, size, origin, restored, objects, counts, trouble } = entry;
    let mut by = line(&origin.command);
    if let Some(back) = restored.filter(|_| origin.command.starts_with("state restore")) {
        let _ok = write!(by, " {back}");
    }
    if let Some(run) = &origin.run {
        let run: String = line(run).chars().take(SHORT).collect();
        let _ok = write!(by, "{}run {run}", if by.is_empty() { "" } else { ", " });
    }
    if let Some(who) = &origin.by {
        let _ok = write!(by, ", {}", line(who));
    }
    let objects = match (trouble, objects, counts) {
        (Some(_), ..) | (_, None, _) => "-".to_owned(),
        (_, Some(objects), None) => objects.to_string(),
        (_, Some(objects), Some(counts)) => format!("{objects} ({})", short(*counts)),
    };
    let time = origin.at.as_deref().map_or_else(|| "-".to_owned(), |at| line(&seconds(at)));
    [serial.to_string(), time, by, objects, bytes(*size)]
}

/// An instant without the parts of a second.
fn seconds(at: &str) -> String {
    at.split_once('.').map_or_else(|| at.to_owned(), |(whole, _)| format!("{whole}Z"))
}

/// `+1 ~0 -2`, and what moved.
fn short(counts: Counts) -> String {
    let Counts { added, changed, removed, moved } = counts;
    let moved = if moved > 0 { format!(", {moved} moved") } else { String::new() };
    format!("+{added} ~{changed} -{removed}{moved}")
}

/// `812 B`, `12 kB`, `3 MB`
fn bytes(size: usize) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{} kB", (size + 500) / 1_000),
        _ => format!("{} MB", (size + 500_000) / 1_000_000),
    }
}

/// The same for programs, newest first.
pub fn json(entries: &[Entry]) -> String {
    let all: Vec<Json> = entries.iter().map(entry).collect();
    let document = json!({
        "format_version": "1.0",
        "lifeboat_version": env!("CARGO_PKG_VERSION"),
        "generations": all,
    });
    format!("{document:#}\n")
}

fn entry(entry: &Entry) -> Json {
    let Entry { serial, size, origin, restored, objects, counts, trouble } = entry;
    let changes = counts.map(|Counts { added, changed, removed, moved }| {
        json!({ "added": added, "changed": changed, "removed": removed, "moved": moved })
    });
    let command = (!origin.command.is_empty()).then_some(&origin.command);
    json!({
        "serial": serial,
        "time": origin.at,
        "command": command,
        "run": origin.run,
        "by": origin.by,
        "restored": restored,
        "objects": objects,
        "changes": changes,
        "bytes": size,
        "trouble": trouble,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (size, text) in [(0, "0 B"), (999, "999 B"), (1_499, "1 kB"), (2_600_000, "3 MB")] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn the_table_fits_a_terminal() {
        let run = "6f1e8a52-6c1d-4d5e-9a55-0d9f5a3f7a11".to_owned();
        let at = Some("2026-11-21T15:40:12.123456Z".to_owned());
        let applied = Origin { command: "destroy".into(), run: Some(run), by: None, at };
        let counts = Counts { added: 12, changed: 120, removed: 1, moved: 0 };
        let full = Entry {
            serial: 12_345,
            size: 123_456,
            origin: applied,
            objects: Some(120),
            counts: Some(counts),
            ..Entry::default()
        };
        let damaged = Entry { serial: 1, trouble: Some("cut\u{1b}".into()), ..Entry::default() };
        let text = text(&[full, damaged]);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.contains("120 (+12 ~120 -1)") && text.contains("destroy, run 6f1e8a52"));
        assert!(text.contains("Generation 1: cut\\u{1b}."), "{text}");
    }
}
