//! `Output`: the one writer. Results on stdout, errors and progress on stderr; with `-json`
//! every line on stdout parses. A reader that goes away is no error; a disk that is full is one.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lifeboat_sdk::{Diagnostics, Severity};
use serde_json::{Value as Json, json};

use super::drift::{self, Format, Found, Report};
use super::paint::Paint;
use super::{diagnostic, escape};
use crate::config::SourceMap;

/// What programs read of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Nothing: text for people.
    #[default]
    Text,
    /// NDJSON.
    Lines,
    /// One JSON document.
    Document,
    /// One JSON document that says whether the files are valid.
    Verdict,
    /// A report on drift.
    Report(Format),
}

/// Where a stream goes.
pub type Sink = Box<dyn Write + Send>;

/// What was told of a failure, as documents of each form have it.
struct Told {
    json: Json,
    found: Found,
}

/// The writer of one command.
pub struct Output {
    out: Mutex<Sink>,
    err: Mutex<Sink>,
    /// Why results were lost: the first failed write.
    lost: Mutex<Option<io::Error>>,
    /// Colour on stdout.
    pub paint: Paint,
    /// Colour on stderr.
    pub paint_err: Paint,
    /// Columns.
    pub width: usize,
    /// Whether sentences of diagnostics are broken there.
    pub wrap: bool,
    /// NDJSON on stdout.
    pub json: bool,
    form: Form,
    /// Whether there was a result, and what was said of failures, for commands of one document.
    told: Mutex<(bool, Vec<Told>)>,
    /// The time as text, for JSON.
    pub now: fn() -> String,
}

impl Output {
    /// A writer to the given streams.
    pub fn new(out: Sink, err: Sink, form: Form, now: fn() -> String) -> Self {
        Self {
            out: Mutex::new(out),
            err: Mutex::new(err),
            lost: Mutex::default(),
            paint: Paint::default(),
            paint_err: Paint::default(),
            width: 100,
            wrap: false,
            json: form == Form::Lines,
            form,
            told: Mutex::default(),
            now,
        }
    }

    /// A result.
    pub fn result(&self, text: &str) {
        held(&self.told).0 = true;
        if let Err(error) = send(&self.out, text) {
            held(&self.lost).get_or_insert(error);
        }
    }

    /// Why results were lost, told in one line; a reader that went away is no loss.
    pub fn lost(&self) -> bool {
        let lost = held(&self.lost).take();
        if let Some(error) = &lost {
            self.note(&format!("Error: the output cannot be written: {error}\n"));
        }
        lost.is_some()
    }

    /// Something for people beside the result.
    pub fn note(&self, text: &str) {
        let safe = (self.form == Form::Report(Format::Github)).then(|| escape::no_commands(text));
        // There is no other place to say that this one cannot be written.
        drop(send(&self.err, safe.as_deref().unwrap_or(text)));
    }

    /// Something for people that is no result: on stdout where nothing parses it.
    pub fn say(&self, text: &str) {
        if self.is_text() { self.result(text) } else { self.note(text) }
    }

    /// Whether people read the results.
    pub fn is_text(&self) -> bool {
        self.form == Form::Text
    }

    /// One line of NDJSON.
    pub fn event(&self, kind: &str, level: &str, message: &str, more: Json) {
        let mut line = json!({
            "@level": level,
            "@message": message,
            "@module": "terraform.ui",
            "@timestamp": (self.now)(),
            "type": kind,
        });
        if let (Some(line), Json::Object(more)) = (line.as_object_mut(), more) {
            line.extend(more);
        }
        self.result(&format!("{line}\n"));
    }

    /// All diagnostics, sorted.
    pub fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        let mut sorted = diagnostics.clone();
        sorted.sort();
        for one in &sorted.0 {
            if self.json {
                let (level, word) = match one.severity {
                    Severity::Error => ("error", "Error"),
                    Severity::Warning => ("warn", "Warning"),
                };
                let message = format!("{word}: {}", one.summary);
                let body = json!({ "diagnostic": diagnostic::json(one, sources) });
                self.event("diagnostic", level, &message, body);
            } else {
                self.remember(diagnostic::json(one, sources), Found::of(one, sources));
                let (colour, wrap) = (self.paint_err.colour, self.wrap);
                let look = diagnostic::Look { colour, width: self.width, wrap };
                let text = diagnostic::text(one, sources, look);
                self.note(&format!("{text}\n"));
            }
        }
    }

    /// An error that is not about the files.
    pub fn error(&self, summary: &str, detail: &str) {
        let body = json!({ "severity": "error", "summary": summary, "detail": detail });
        if self.json {
            let body = json!({ "diagnostic": body });
            self.event("diagnostic", "error", &format!("Error: {summary}"), body);
        } else {
            self.remember(body, drift::unplaced(summary, detail));
            let head = self.paint_err.label(super::paint::Label::Error, "Error:");
            let gap = if detail.is_empty() { "" } else { "\n" };
            let (summary, detail) = (escape::line(summary), escape::lines(detail));
            self.note(&format!("{head} {summary}\n{gap}{detail}\n"));
        }
    }
}

impl Output {
    fn remember(&self, json: Json, found: Found) {
        held(&self.told).1.push(Told { json, found });
    }

    /// What was told of failures so far.
    pub fn found(&self) -> Vec<Found> {
        held(&self.told).1.iter().map(|told| told.found.clone()).collect()
    }

    /// The end of a command that failed: where it owed a document, that says why.
    pub fn failed(&self) {
        let (told, all) = std::mem::take(&mut *held(&self.told));
        if told || matches!(self.form, Form::Text | Form::Lines) {
            return;
        }
        if let Form::Report(format) = self.form {
            let found = all.into_iter().map(|told| told.found).collect();
            let report = Report::failure(found, Path::new(""));
            self.result(&format.render(&report));
            return;
        }
        let diagnostics: Vec<Json> = all.into_iter().map(|told| told.json).collect();
        let mut document = json!({ "format_version": "1.0", "diagnostics": diagnostics });
        if self.form == Form::Verdict {
            let of = |word: &str| diagnostics.iter().filter(|d| d["severity"] == word).count();
            document["valid"] = json!(false);
            document["error_count"] = json!(of("error"));
            document["warning_count"] = json!(of("warning"));
        }
        self.result(&format!("{document:#}\n"));
    }
}

/// Writes and flushes; what cannot be written ends output, not the work: what came after a gap
/// would be taken for the whole.
fn send(sink: &Mutex<Sink>, text: &str) -> io::Result<()> {
    let mut sink = held(sink);
    let written = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
    if written.is_err() {
        *sink = Box::new(io::sink());
    }
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
