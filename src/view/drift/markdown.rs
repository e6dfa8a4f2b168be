//! Drift as Markdown: the verdict, what is not known, a table, and what differs to open.

use lifeboat_sdk::Severity;

use super::report::{Found, Object, Report, Status, Verdict};
use super::unmanaged::{Stray, Strays, Unlisted};
use crate::view::markdown::{Page, block, code, details, evacuated, fenced, unprotected};

/// The page.
pub(super) fn page(report: &Report) -> String {
    let mut page = Page::default();
    let sign = match report.verdict {
        Verdict::None => "✅",
        Verdict::Drift | Verdict::Failed => "❌",
        Verdict::Unread => "⚠️",
    };
    let summary = report.summary.trim_start_matches("Drift: ").trim_end_matches('.');
    page.add(&format!("### {sign} lifeboat drift: {summary}\n\n"));
    if report.created.is_some() {
        page.add(&format!("{}.\n\n", report.counts()));
    }
    if report.incomplete {
        page.add("**Incomplete:** what could not be read may have changed too.\n\n");
    }
    for (region, since) in &report.fenced {
        page.add(&fenced(region, since));
    }
    for (region, since) in &report.evacuated {
        page.add(&evacuated(region, since));
    }
    if let Some(since) = &report.unprotected {
        page.add(&unprotected(since));
    }
    page.messages(report.found.iter().map(message));
    let troubled: Vec<Vec<String>> = report.scopes.iter().filter_map(scope).collect();
    page.table(&["could not be read", "objects", "why"], &troubled, "places");
    let known = |o: &&Object| !matches!(o.status, Status::Same | Status::Left);
    let rows: Vec<Vec<String>> = report.objects.iter().filter(known).map(row).collect();
    page.table(&["", "object", "where", "what", "declared in"], &rows, "objects");
    let strays: Vec<Vec<String>> = report.strays().map(stray).collect();
    page.table(&["in no state", "where", "tags name", "what to do"], &strays, "unmanaged objects");
    let unlisted = |one: &Unlisted| {
        let why = format!("{}: {}", one.cause, code(&one.message));
        vec![code(&one.name()), code(&one.scope.location.to_string()), why]
    };
    let unlisted: Vec<Vec<String>> = report.unlisted().map(unlisted).collect();
    page.table(&["could not be listed", "where", "why"], &unlisted, "listings");
    if let Some(text) = report.strays.as_ref().and_then(Strays::not_looked_for) {
        page.add(&format!("{text}\n\n"));
    }
    let opened: Vec<(&Object, Part<'_>)> = report.objects.iter().filter_map(part).collect();
    page.parts(opened.iter().map(|(object, part)| match part {
        Part::Difference(lines) => details(&object.address, "has changed", lines),
        Part::Unread(message) => {
            let lines: Vec<String> = message.lines().map(str::to_owned).collect();
            details(&object.address, "could not be read", &lines)
        }
    }));
    page.text()
}

/// A diagnostic.
fn message(found: &Found) -> String {
    let place = found.place.as_ref().map(|at| code(&format!("{}:{}", at.file, at.line)));
    let place = place.map(|at| format!(" in {at}")).unwrap_or_default();
    said(found, &place)
}

/// A diagnostic that is about this place.
pub fn said(found: &Found, place: &str) -> String {
    let word = match found.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
    };
    let summary = match found.code {
        // A summary with a code holds nothing from outside.
        Some(name) => format!("{} ({})", found.summary, code(name)),
        None => code(&found.summary),
    };
    let lines: Vec<String> = found.sentences().lines().map(str::to_owned).collect();
    let text = if lines.is_empty() { String::new() } else { block("text", &lines) + "\n" };
    format!("**{word}:** {summary}{place}\n\n{text}")
}

fn scope(status: &crate::plan::ScopeStatus) -> Option<Vec<String>> {
    let (cause, message) = status.trouble.as_ref()?;
    let name = format!("{} {}", status.scope.location, status.scope.service);
    let count = format!("{} of {}", status.unread, status.objects);
    let cause = crate::view::plan::word(cause);
    Some(vec![code(&name), count, format!("{cause}: {}", code(message))])
}

fn row(object: &Object) -> Vec<String> {
    let (sign, what) = match &object.status {
        Status::Changed(_) => ("`~`", "has changed".to_owned()),
        Status::Deleted => ("`-`", "has been deleted".to_owned()),
        Status::Unread(cause, _) => ("?", format!("could not be read: {cause}")),
        Status::Same | Status::Left => ("", String::new()),
    };
    let place = object.place.as_ref().map(|at| code(&format!("{}:{}", at.file, at.line)));
    vec![
        sign.to_owned(),
        code(&object.address),
        code(&object.location()),
        what,
        place.unwrap_or_else(|| "no file any more".to_owned()),
    ]
}

fn stray(stray: &Stray) -> Vec<String> {
    let place = stray.place.as_ref().map(|at| code(&format!("{}:{}", at.file, at.line)));
    let place = place.map(|at| format!(" ({at})")).unwrap_or_default();
    vec![
        code(&stray.name()),
        code(&stray.scope.location.to_string()),
        format!("{}{place}", code(&stray.address)),
        stray.advice().to_owned(),
    ]
}

/// What there is to open of an object.
enum Part<'r> {
    Difference(&'r [String]),
    Unread(&'r str),
}

fn part(object: &Object) -> Option<(&Object, Part<'_>)> {
    match &object.status {
        Status::Changed(lines) if lines.is_empty() => None,
        Status::Changed(lines) => Some((object, Part::Difference(lines))),
        Status::Unread(_, message) => Some((object, Part::Unread(message))),
        Status::Deleted | Status::Same | Status::Left => None,
    }
}
