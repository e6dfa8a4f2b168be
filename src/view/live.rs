//! What `status -live` tells besides the state: whether another region does what the primary does, and whether
//! two take writes.

use std::fmt::Write as _;

use lifeboat_sdk::{Diagnostic, Diagnostics, counted};
use serde_json::{Value as Json, json};

use super::escape::{line, lines};
use crate::plan::Plan;

/// What is live, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// That another region does what the primary does.
    role_drift: Option<Diagnostic>,
    /// That two regions take writes to data with one writer.
    split_brain: Option<Diagnostic>,
    /// How many objects could not be read.
    unread: usize,
}

impl Live {
    /// Of a look at everything, and what it found.
    pub fn of(plan: &Plan, found: &Diagnostics) -> Self {
        let told = |code: &str| found.0.iter().find(|one| one.code == code).cloned();
        Self {
            role_drift: told("promotion::role_drift"),
            split_brain: told("promotion::split_brain"),
            unread: plan.scopes.iter().map(|scope| scope.unread).sum(),
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for found in [&self.split_brain, &self.role_drift].into_iter().flatten() {
            let _ok = writeln!(out, "{}: {}", found.summary, lines(&found.detail));
            if let Some(help) = &found.help {
                let _ok = writeln!(out, "  {}", line(help));
            }
        }
        if out.is_empty() {
            out.push_str("Live: no region but the primary does what it does, as far as was read\n");
        }
        if self.unread > 0 {
            let unread = counted(self.unread, "object");
            let _ok = writeln!(out, "Live: {unread} could not be read, and tell nothing");
        }
        out
    }

    /// For programs.
    pub fn json(&self) -> Json {
        let one = |found: &Diagnostic| json!({ "summary": found.summary, "detail": found.detail, "help": found.help });
        json!({
            "role_drift": self.role_drift.as_ref().map(one),
            "split_brain": self.split_brain.as_ref().map(one),
            "unread": self.unread,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_told_first_and_what_was_not_read_last() {
        let quiet = Live::default();
        assert!(quiet.text().starts_with("Live: no region but the primary"));
        assert_eq!(quiet.json()["role_drift"], Json::Null);
        let drift = Diagnostic::warning("promotion::role_drift", "Role drift", "b acts\u{1b}[1m")
            .help("adopt b");
        let split =
            Diagnostic::warning("promotion::split_brain", "Split brain suspected", "a and b");
        let live = Live { role_drift: Some(drift), split_brain: Some(split), unread: 2 };
        let text = live.text();
        let first = "Split brain suspected: a and b\nRole drift: b acts";
        assert!(text.starts_with(first) && !text.contains('\u{1b}'), "{text}");
        assert!(text.ends_with("Live: 2 objects could not be read, and tell nothing\n"), "{text}");
        assert_eq!(live.json()["role_drift"]["help"], "adopt b");
        assert_eq!(live.json()["split_brain"]["summary"], "Split brain suspected");
    }
}
