//! Diagnostics as text (the only file that knows annotate-snippets) and as Terraform's JSON.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use lifeboat_sdk::{Diagnostic, Severity, Span};
use serde_json::{Value as Json, json};

use super::escape;
use crate::config::SourceMap;

/// How a diagnostic is shown.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// With colour.
    pub colour: bool,
    /// Columns for source lines.
    pub width: usize,
    /// Whether sentences are broken there too: people watch, no log is searched.
    pub wrap: bool,
}

/// A diagnostic for people.
pub fn text(diagnostic: &Diagnostic, sources: &SourceMap, look: Look) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.summary).id(diagnostic.code);
    let mut group = Group::with_title(title);
    let mut texts = Vec::new();
    let about = match (&diagnostic.address, diagnostic.span) {
        (Some(address), None) if !diagnostic.detail.contains(address.as_str()) => {
            format!("{address}: ")
        }
        _ => String::new(),
    };
    let detail = escape::lines(&format!("{about}{}", diagnostic.detail));
    let broken = |text: String, margin: usize| {
        if look.wrap { escape::wrapped(&text, look.width.saturating_sub(margin)) } else { text }
    };
    if !detail.trim().is_empty() {
        // Beside source lines there is a margin.
        texts.push(broken(detail, if diagnostic.span.is_some() { 8 } else { 0 }));
    }
    for (name, value) in &diagnostic.values {
        texts.push(format!("{} {}", escape::line(name), escape::line(value)));
    }
    let mut report = Vec::new();
    let mut placed = false;
    // Without a place there is no margin that a text could hang on.
    if let Some(snippet) = snippet(diagnostic, sources) {
        group = group.element(snippet);
        placed = true;
        let notes = texts.into_iter().map(|text| Level::NOTE.no_name().message(text));
        report.push(group.elements(notes));
    } else {
        report.push(group);
        let notes = texts.into_iter().map(|text| Level::NOTE.no_name().secondary_title(text));
        report.extend(notes.map(Group::with_title));
    }
    if let Some(help) = &diagnostic.help {
        report.push(Group::with_title(Level::HELP.secondary_title(broken(escape::lines(help), 6))));
    }
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let text = renderer.term_width(look.width).render(&report);
    if placed {
        return format!("{text}\n");
    }
    let kept = text.lines().filter(|line| !is_margin(line));
    kept.map(|line| format!("{line}\n")).collect()
}

/// Whether a line is nothing but the margin beside source lines, coloured or not.
fn is_margin(line: &str) -> bool {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.filter_map(|part| Some(part.split_once('m')?.1));
    rest.fold(first, |all, part| all + part).trim() == "|"
}

fn snippet<'s>(
    diagnostic: &Diagnostic,
    sources: &'s SourceMap,
) -> Option<Snippet<'s, annotate_snippets::Annotation<'s>>> {
    let span = diagnostic.span?;
    let source = sources.get(span.file)?;
    let text = &*source.text;
    let mut snippet = Snippet::source(text)
        .path(escape::line(&source.name))
        .annotation(AnnotationKind::Primary.span(range(text, span)));
    for label in diagnostic.labels.iter().filter(|l| l.span.file == span.file) {
        let annotation =
            AnnotationKind::Context.span(range(text, label.span)).label(escape::line(&label.text));
        snippet = snippet.annotation(annotation);
    }
    Some(snippet)
}

/// A byte range inside the text, on character boundaries.
fn range(text: &str, span: Span) -> std::ops::Range<usize> {
    let clamp = |byte: u32| {
        let mut at = usize::try_from(byte).unwrap_or(usize::MAX).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = clamp(span.start);
    start..clamp(span.end).max(start)
}

/// A diagnostic in Terraform's JSON, with our code beside it.
pub fn json(diagnostic: &Diagnostic, sources: &SourceMap) -> Json {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let detail = match &diagnostic.help {
        Some(help) => format!("{}\n\n{help}", diagnostic.detail),
        None => diagnostic.detail.clone(),
    };
    let mut out = json!({
        "severity": severity,
        "summary": diagnostic.summary,
        "detail": detail,
        "code": diagnostic.code,
    });
    if let Some(address) = &diagnostic.address {
        out["address"] = json!(address);
    }
    if let Some((range, snippet)) =
        diagnostic.span.and_then(|span| place(span, diagnostic, sources))
    {
        out["range"] = range;
        out["snippet"] = snippet;
    }
    out
}

/// A place in the files in Terraform's JSON.
pub fn located(span: Span, sources: &SourceMap) -> Option<Json> {
    let (source, start, end) = sources.range(span)?;
    let point = |p: crate::config::source::Position| json!({ "line": p.line, "column": p.column, "byte": p.byte });
    Some(json!({ "filename": &*source.name, "start": point(start), "end": point(end) }))
}

fn place(span: Span, diagnostic: &Diagnostic, sources: &SourceMap) -> Option<(Json, Json)> {
    let range = located(span, sources)?;
    let (source, start, end) = sources.range(span)?;
    let code = source.line(start.line);
    let highlight = usize::try_from(start.column.saturating_sub(1)).unwrap_or(0);
    let length = usize::try_from(end.byte.saturating_sub(start.byte)).unwrap_or(0);
    let context = diagnostic.context.map(|c| sources.text(c).to_owned());
    let snippet = json!({
        "context": context,
        "code": code,
        "start_line": start.line,
        "highlight_start_offset": highlight,
        "highlight_end_offset": (highlight + length).min(code.len().max(highlight)),
        "values": diagnostic
            .values
            .iter()
            .map(|(name, value)| json!({ "traversal": name, "statement": value }))
            .collect::<Vec<_>>(),
    });
    Some((range, snippet))
}
