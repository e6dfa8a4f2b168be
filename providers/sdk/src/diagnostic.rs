//! Diagnostics as plain data: what is wrong, where, why, and what to do.

use std::fmt;

/// A file of the source map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A byte range in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// After the last byte.
    pub end: u32,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can go on.
    Error,
    /// Worth knowing.
    Warning,
}

/// A further place that explains the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub text: String,
}

/// A number and what is counted: `1 object`, `2 objects`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Stable, `stage::what`.
    pub code: &'static str,
    /// One line without user names and without a full stop.
    pub summary: &'static str,
    /// Sentences: what and why.
    pub detail: String,
    /// What to write or do instead.
    pub help: Option<String>,
    /// The object it is about.
    pub address: Option<String>,
    /// Where it is.
    pub span: Option<Span>,
    /// The enclosing construct's span, for the context of snippets.
    pub context: Option<Span>,
    /// Other places.
    pub labels: Vec<Label>,
    /// Values in the expression, as `("var.x", "is \"a\"")`, already safe to show.
    pub values: Vec<(String, String)>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, summary: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, summary, detail.into())
    }

    /// A warning.
    pub fn warning(code: &'static str, summary: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, summary, detail.into())
    }

    fn new(severity: Severity, code: &'static str, summary: &'static str, detail: String) -> Self {
        Self {
            severity,
            code,
            summary,
            detail,
            help: None,
            address: None,
            span: None,
            context: None,
            labels: Vec::new(),
            values: Vec::new(),
        }
    }

    /// With a place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// With a place, where there is one.
    #[must_use]
    pub fn at_opt(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the object it is about.
    #[must_use]
    pub fn about(mut self, address: impl fmt::Display) -> Self {
        self.address = Some(address.to_string());
        self
    }

    /// With one more place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// With the enclosing construct.
    #[must_use]
    pub fn within(mut self, span: Span) -> Self {
        self.context = Some(span);
        self
    }
}

/// All problems found; stages collect and go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds others.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether one is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sorts by file, place and code and removes repetitions: once, before showing.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.span.is_none(), d.span, d.severity, d.code);
            key(a)
                .cmp(&key(b))
                .then_with(|| a.address.cmp(&b.address))
                .then_with(|| a.detail.cmp(&b.detail))
        });
        self.0.dedup();
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, iter: I) {
        self.0.extend(iter);
    }
}
