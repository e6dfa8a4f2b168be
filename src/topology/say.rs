//! What `Reader` says again and again: durations, choices, ranges, what has no effect.

use lifeboat_sdk::Span;

use super::declaration::Strategy;
use super::duration::Duration;
use super::read::{Reader, Source};
use super::{Ground, codes};
use crate::config::suggest;

impl Reader<'_, '_> {
    /// A duration.
    pub(super) fn duration(&mut self, text: &str, span: Span) -> Option<Duration> {
        match Duration::parse(text) {
            Ok(duration) => Some(duration),
            Err(error) => {
                let detail = format!("{text:?} is no duration: {error}.");
                let help =
                    "Write a number and a unit: \"30s\", \"15m\", \"1h\", \"30d\", \"2w\", \"7y\".";
                self.found.push(codes::DURATION.error(detail).at(span).help(help));
                None
            }
        }
    }

    /// A duration that may be left out.
    pub(super) fn maybe_duration(&mut self, text: Option<&String>, span: Span) -> Option<Duration> {
        text.and_then(|text| self.duration(text, span))
    }

    /// Whether a text is one of several; a problem with the nearest where it is not.
    pub(super) fn choice(&mut self, what: &str, given: &str, all: &[&str], span: Span) -> bool {
        if all.contains(&given) {
            return true;
        }
        let known: Vec<String> = all.iter().map(|c| format!("{c:?}")).collect();
        let detail = format!("{what:?} takes {}, not {given:?}.", one_of(&known));
        let near = suggest::nearest(given, all.iter().copied());
        let diagnostic = codes::CHOICE.error(detail).at(span);
        let diagnostic = match near {
            Some(_) => suggest::with(diagnostic, near),
            None => diagnostic
                .help(format!("Write {what} = {}.", known.first().cloned().unwrap_or_default())),
        };
        self.found.push(diagnostic);
        false
    }

    /// Whether a number is in a range.
    pub(super) fn in_range(
        &mut self,
        what: &str,
        n: i64,
        range: std::ops::RangeInclusive<i64>,
        span: Span,
    ) -> bool {
        if range.contains(&n) {
            return true;
        }
        let (low, high) = (range.start(), range.end());
        let detail = format!("{what:?} is a number from {low} to {high}, not {n}.");
        let help = format!("Write a whole number from {low} to {high}.");
        self.found.push(codes::NUMBER.error(detail).at(span).help(help));
        false
    }

    /// Whether one region writes at a time, by `writers` of a component or else by the strategy.
    pub(super) fn one_writer(
        &mut self,
        ground: &Ground<'_>,
        source: &Source<'_>,
        writers: Option<&str>,
    ) -> bool {
        let Some(writers) = writers else { return ground.strategy != Strategy::ActiveActive };
        self.choice("writers", writers, &["primary", "all"], source.at("writers"));
        writers != "all"
    }

    /// Says that an argument or block has no effect yet.
    pub(super) fn unsupported(&mut self, what: &str, span: Span, help: &str) {
        let detail = format!("{what} has no effect in this version, and what has none is refused.");
        self.found.push(codes::UNSUPPORTED.error(detail).at(span).help(help));
    }

    /// Says that two arguments exclude each other.
    pub(super) fn conflict(&mut self, detail: impl Into<String>, span: Span, help: &str) {
        self.found.push(codes::CONFLICT.error(detail).at(span).help(help));
    }
}

/// `"a", "b" or "c"`
pub(super) fn one_of(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
