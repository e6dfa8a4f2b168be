//! Drift as workflow commands: GitHub shows them beside the files and on the page of the run.
//!
//! GitHub shows ten errors and ten warnings of a step; the first command therefore has the counts.

use lifeboat_sdk::Severity;

use super::report::{Place, Report, Status, Verdict};
use super::unmanaged::Strays;
use crate::view::escape::{line, lines};
use crate::view::markdown::bounded;

/// Characters of a message: the whole log is longer, an annotation is not.
const LONGEST: usize = 4_000;

/// All commands, the verdict first.
pub(super) fn commands(report: &Report) -> String {
    let level = match report.verdict {
        Verdict::None => "notice",
        Verdict::Unread => "warning",
        Verdict::Drift | Verdict::Failed => "error",
    };
    let mut out = command(level, None, "lifeboat drift", &verdict(report));
    for found in &report.found {
        let level = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let code = found.code.map(|code| format!(" ({code})")).unwrap_or_default();
        let title = format!("{}{code}", found.summary);
        let text = match found.sentences() {
            none if none.is_empty() => found.summary.clone(),
            text => text,
        };
        out.push_str(&command(level, found.place.as_ref(), &title, &text));
    }
    for object in &report.objects {
        let address = &object.address;
        let (level, title, text) = match &object.status {
            Status::Same | Status::Left => continue,
            Status::Changed(lines) => ("error", "changed outside", lines.join("\n")),
            Status::Deleted => ("error", "deleted outside", "It is gone.".to_owned()),
            Status::Unread(cause, message) => {
                ("warning", "could not be read", format!("{cause}: {message}"))
            }
        };
        let text = format!("{address} ({}): {title}\n{text}", object.location());
        let text = text.trim_end();
        let title = format!("{address} {title}");
        out.push_str(&command(level, object.place.as_ref(), &title, text));
    }
    for stray in report.strays() {
        let text = format!("{}\n{}", stray.sentence(), stray.advice());
        let title = format!("{} is in no state", stray.name());
        out.push_str(&command("error", stray.place.as_ref(), &title, &text));
    }
    for one in report.unlisted() {
        let title = format!("{} could not be looked through", one.name());
        out.push_str(&command("warning", None, &title, &one.sentence()));
    }
    if let Some(text) = report.strays.as_ref().and_then(Strays::not_looked_for) {
        out.push_str(&command("notice", None, "unmanaged objects", &text));
    }
    for (status, cause, message) in report.dark() {
        let name = format!("{} {}", status.scope.location, status.scope.service);
        let text = format!("{name}: {cause}: {message}");
        out.push_str(&command("warning", None, &format!("{name} could not be read"), &text));
    }
    out
}

fn verdict(report: &Report) -> String {
    match report.created {
        Some(_) => format!("{} ({})", report.summary, report.counts()),
        None => report.summary.clone(),
    }
}

fn command(level: &str, place: Option<&Place>, title: &str, message: &str) -> String {
    let mut properties = String::new();
    if let Some(Place { file, line, column, end_line, end_column }) = place {
        properties = format!("file={},line={line},endLine={end_line}", property(file));
        // Columns are understood within one line only.
        if line == end_line {
            properties.push_str(&format!(",col={column},endColumn={end_column}"));
        }
        properties.push(',');
    }
    let title = property(&bounded(title, 200));
    format!("::{level} {properties}title={title}::{}\n", data(&bounded(message, LONGEST)))
}

/// A message, as the runner reads it.
fn data(text: &str) -> String {
    lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property: a comma would end it, a colon the properties.
fn property(text: &str) -> String {
    data(&line(text)).replace(':', "%3A").replace(',', "%2C")
}
