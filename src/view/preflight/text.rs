//! A preflight as text: a line per check, and what to do below those that do not pass.

use std::fmt::Write as _;

use super::summary;
use crate::config::SourceMap;
use crate::engine::preflight::{Check, Preflight, Verdict};
use crate::view::drift::Place;
use crate::view::escape::{line, wrapped};
use crate::view::paint::{Label, Paint};

/// The report of `lifeboat preflight`, with lines of so many columns at most where that is asked.
pub fn text(
    preflight: &Preflight,
    sources: &SourceMap,
    paint: Paint,
    width: Option<usize>,
) -> String {
    let Preflight { from, to, epoch, .. } = preflight;
    let title = format!("Preflight: {} in place of {}, epoch {epoch}", line(to), line(from));
    let mut out = format!("\n{}\n\n", paint.label(Label::Strong, &title));
    for check in &preflight.checks {
        let Check { code, about, span, verdict, message, fix } = check;
        let label = match verdict {
            Verdict::Pass => Label::Add,
            Verdict::Unknown => Label::Warning,
            Verdict::Fail => Label::Error,
        };
        let word = paint.label(label, &format!("{:<7}", verdict.word()));
        let about = about.as_deref().map(|about| format!(" {}", line(about))).unwrap_or_default();
        // Where there is something to mend.
        let place = span.filter(|_| fix.is_some()).and_then(|span| Place::of(span, sources));
        let place = place.map(|at| format!(" ({}:{}:{})", line(&at.file), at.line, at.column));
        let _ok = writeln!(out, "  {word} {code}{about}{}", place.unwrap_or_default());
        let _ok = writeln!(out, "          {}", line(message));
        if let Some(fix) = fix {
            let _ok = writeln!(out, "          {} {}", paint.label(Label::Strong, "->"), line(fix));
        }
    }
    let _ok = writeln!(out, "\n{}", summary(preflight));
    match width {
        Some(width) => wrapped(&out, width) + "\n",
        None => out,
    }
}
