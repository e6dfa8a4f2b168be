//! `Output`: the one writer. Results on stdout, errors and progress on stderr; with `-json`
//! every line on stdout parses. A reader that goes away is no error.

use std::io::{self, Write};
use std::sync::Mutex;

use lifeboat_sdk::{Diagnostics, Severity};
use serde_json::{Value as Json, json};

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
}

/// Where a stream goes.
pub type Sink = Box<dyn Write + Send>;

/// The writer of one command.
pub struct Output {
    out: Mutex<Sink>,
    err: Mutex<Sink>,
    /// Colour on stdout.
    pub paint: Paint,
    /// Colour on stderr.
    pub paint_err: Paint,
    /// Columns.
    pub width: usize,
    /// NDJSON on stdout.
    pub json: bool,
    form: Form,
    /// Whether there was a result, and what was said of failures, for commands of one document.
    told: Mutex<(bool, Vec<Json>)>,
    /// The time as text, for JSON.
    pub now: fn() -> String,
}

impl Output {
    /// A writer to the given streams.
    pub fn new(out: Sink, err: Sink, form: Form, now: fn() -> String) -> Self {
        Self {
            out: Mutex::new(out),
            err: Mutex::new(err),
            paint: Paint::default(),
            paint_err: Paint::default(),
            width: 100,
            json: form == Form::Lines,
            form,
            told: Mutex::default(),
            now,
        }
    }

    /// A result.
    pub fn result(&self, text: &str) {
        held(&self.told).0 = true;
        send(&self.out, text);
    }

    /// Something for people beside the result.
    pub fn note(&self, text: &str) {
        send(&self.err, text);
    }

    /// Something for people that is no result: on stdout where nothing parses it.
    pub fn say(&self, text: &str) {
        if self.json { self.note(text) } else { self.result(text) }
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
                self.remember(|| diagnostic::json(one, sources));
                let text = diagnostic::text(one, sources, self.paint_err.colour, self.width);
                self.note(&format!("{text}\n"));
            }
        }
    }

    /// An error that is not about the files.
    pub fn error(&self, summary: &str, detail: &str) {
        let body = || json!({ "severity": "error", "summary": summary, "detail": detail });
        if self.json {
            let body = json!({ "diagnostic": body() });
            self.event("diagnostic", "error", &format!("Error: {summary}"), body);
        } else {
            self.remember(body);
            let head = self.paint_err.label(super::paint::Label::Error, "Error:");
            let gap = if detail.is_empty() { "" } else { "\n" };
            let (summary, detail) = (escape::line(summary), escape::lines(detail));
            self.note(&format!("{head} {summary}\n{gap}{detail}\n"));
        }
    }
}

impl Output {
    fn remember(&self, diagnostic: impl FnOnce() -> Json) {
        if matches!(self.form, Form::Document | Form::Verdict) {
            held(&self.told).1.push(diagnostic());
        }
    }

    /// The end of a command that failed: where it owed a document, that says why.
    pub fn failed(&self) {
        let (told, diagnostics) = std::mem::take(&mut *held(&self.told));
        if told || !matches!(self.form, Form::Document | Form::Verdict) {
            return;
        }
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

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Writes and flushes; a closed pipe ends output, not the work.
fn send(sink: &Mutex<Sink>, text: &str) {
    let mut sink = held(sink);
    let written = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
    if written.is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
        *sink = Box::new(io::sink());
    }
}
