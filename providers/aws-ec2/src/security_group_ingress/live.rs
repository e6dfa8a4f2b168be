//! What the rules of a group mean, going by what is known of it. Pure.

use lifeboat_sdk::{Object as _, Value};

use super::{CLOSED, MIXED, OPEN};
use crate::security_group::Rule;
use crate::security_group::rules::{Singles, singles};

/// What state or a plan says of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    /// Whether its rules were revoked.
    pub(super) closed: bool,
    /// The rules that it has, or those that were revoked.
    pub(super) rules: Singles,
}

impl Known {
    /// What a document says; nothing where its rules were never read.
    pub(super) fn of(document: &Value) -> Option<Self> {
        let state = document.get("state").and_then(Value::as_str)?;
        let rules = document.get("rules").filter(|rules| rules.is_wholly_known())?;
        let rules = rules.unmark_deep();
        let rules = rules.items()?.iter().map(Rule::decode).collect::<Result<Vec<_>, _>>().ok()?;
        Some(Self { closed: state != OPEN, rules: singles(&rules) })
    }
}

/// What is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) state: String,
    pub(super) rules: Singles,
    pub(super) added: Singles,
}

/// Judges what is live. A group without rules is closed if it had any, whoever revoked them: they may
/// come back. One that has all again that were revoked is open, and so is one of which nothing is
/// known.
pub(super) fn judge(asked: Option<&str>, known: Option<&Known>, live: &Singles) -> Seen {
    let seen = |state: &str, rules: &Singles, added: &Singles| Seen {
        state: state.to_owned(),
        rules: rules.clone(),
        added: added.clone(),
    };
    let none = Singles::new();
    match known {
        // Where there is nothing to revoke and nothing to bring back it is as it shall be.
        None if live.is_empty() => seen(asked.unwrap_or(OPEN), &none, &none),
        None => seen(OPEN, live, &none),
        Some(known) if live.is_empty() => {
            let closed = known.closed || !known.rules.is_empty();
            seen(if closed { CLOSED } else { OPEN }, &known.rules, &none)
        }
        Some(known) if !known.closed => seen(OPEN, live, &none),
        Some(known) if known.rules.keys().all(|rule| live.contains_key(rule)) => {
            seen(OPEN, live, &none)
        }
        Some(known) => seen(MIXED, &known.rules, live),
    }
}
