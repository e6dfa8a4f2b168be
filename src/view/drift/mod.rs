//! Drift, in the formats that people and CI systems read. Each is a pure function of one report, and
//! each says what could not be read or compared.

mod github;
mod json;
mod junit;
mod markdown;
mod report;
mod sarif;
#[cfg(test)]
mod tests;
mod text;
mod unmanaged;

pub use markdown::said;
pub use report::{Found, Object, Place, Report, Status, Verdict, unplaced};
pub use text::{counts, summary, text};
pub use unmanaged::{Stray, Strays, Unlisted};

/// The formats of `drift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// JUnit's XML: a suite per location, a case per object.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// For a pull request or a summary of a job.
    Markdown,
    /// Workflow commands, which GitHub shows beside the files.
    Github,
}

impl Format {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("json", Self::Json),
        ("junit", Self::Junit),
        ("sarif", Self::Sarif),
        ("markdown", Self::Markdown),
        ("github", Self::Github),
    ];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// The report in this format. That for people is made of the plan itself ([`text()`]); of what
    /// failed before there was one it is a sentence.
    pub fn render(self, report: &Report) -> String {
        match self {
            Self::Text => format!("{}\n", report.summary),
            Self::Json => json::document(report),
            Self::Junit => junit::document(report),
            Self::Sarif => sarif::document(report),
            Self::Markdown => markdown::page(report),
            Self::Github => github::commands(report),
        }
    }
}
