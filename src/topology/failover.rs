//! `failover`: how promotions go. It is checked and kept; promotions read it.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::codes;
use super::duration::Duration;
use super::read::{Reader, at};
use crate::config::ast::Body;

/// How promotions go.
#[derive(Clone, Debug, Default)]
pub struct Failover {
    /// Whether the old primary must be alive.
    pub mode: Option<Name>,
    /// How far a standby may be behind.
    pub max_lag: Option<Duration>,
    /// How long health is watched before the commit.
    pub commit_window: Option<Duration>,
    /// How long a primary must have been healthy before failback.
    pub soak: Option<Duration>,
    /// How many must approve.
    pub approvals: u32,
    /// The strength that fences must have.
    pub fence: Option<Name>,
    /// What happens where health is bad in the commit window.
    pub on_unhealthy: Option<Name>,
    /// Who starts a promotion.
    pub trigger: Option<Name>,
    /// How long a phase may take.
    pub timeouts: BTreeMap<Name, Duration>,
}

/// How promotions go.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct FailoverBlock {
    /// `graceful`: the old primary must be alive and the loss nothing. `ungraceful`: it may be gone.
    #[kind(optional)]
    pub mode: Option<String>,
    /// How far a standby may be behind to be promoted.
    #[kind(optional)]
    pub max_lag: Option<String>,
    /// How long health is watched before the promotion is committed.
    #[kind(optional)]
    pub commit_window: Option<String>,
    /// How long the new primary must have been healthy before failback.
    #[kind(optional)]
    pub soak: Option<String>,
    /// How many must approve.
    #[kind(optional)]
    pub approvals: Option<u32>,
    /// What is done where health is bad in the commit window: `hold` or `roll_back`.
    #[kind(optional)]
    pub on_unhealthy: Option<String>,
    /// Who starts a promotion: `manual` or `page`.
    #[kind(optional)]
    pub trigger: Option<String>,
    /// How long phases may take, by phase.
    #[kind(optional)]
    pub timeouts: BTreeMap<String, String>,
    /// What fences must do.
    #[kind(block(max = 1))]
    pub fence: Vec<FenceBlock>,
}

/// What fences must do.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct FenceBlock {
    /// `cuts_sessions`, `blocks_new` or `advisory`.
    pub require: String,
}

/// The strengths of fences, strongest first (design.md, section 9).
const FENCES: [&str; 3] = ["cuts_sessions", "blocks_new", "advisory"];

/// The phases of a promotion that take a time limit (design.md, section 9).
const PHASES: [&str; 10] = [
    "preflight",
    "approve",
    "prepare",
    "fence",
    "final_sync",
    "claim",
    "promote",
    "verify",
    "switch",
    "reprotect",
];

/// Reads the block.
pub(super) fn read(reader: &mut Reader<'_, '_>, given: &FailoverBlock, body: &Body) -> Failover {
    let mut timeouts = BTreeMap::new();
    let span = at(body, "timeouts");
    for (phase, limit) in &given.timeouts {
        if reader.choice("timeouts", phase, &PHASES, span)
            && let Some(limit) = reader.duration(limit, span)
        {
            timeouts.insert(phase.as_str().into(), limit);
        }
    }
    let fence = given.fence.first().and_then(|fence| {
        let block = body.blocks_of("fence").next();
        let span = block.map_or(body.missing, |b| at(&b.body, "require"));
        reader
            .choice("require", &fence.require, &FENCES, span)
            .then(|| fence.require.as_str().into())
    });
    let mut choose = |name: &str, given: &Option<String>, all: &[&str]| -> Option<Name> {
        let given = given.as_ref()?;
        reader.choice(name, given, all, at(body, name)).then(|| given.as_str().into())
    };
    let mode = choose("mode", &given.mode, &["graceful", "ungraceful"]);
    let on_unhealthy = choose("on_unhealthy", &given.on_unhealthy, &["hold", "roll_back"]);
    let trigger = trigger(reader, given.trigger.as_deref(), at(body, "trigger"));
    let mut time =
        |name: &str, given: &Option<String>| reader.maybe_duration(given.as_ref(), at(body, name));
    Failover {
        mode,
        max_lag: time("max_lag", &given.max_lag),
        commit_window: time("commit_window", &given.commit_window),
        soak: time("soak", &given.soak),
        approvals: given.approvals.unwrap_or(0),
        fence,
        on_unhealthy,
        trigger,
        timeouts,
    }
}

/// `automatic` is what people look for and what there is not (design.md, section 9; domain.md C2.11).
fn trigger(reader: &mut Reader<'_, '_>, given: Option<&str>, span: Span) -> Option<Name> {
    let given = given?;
    if given == "automatic" {
        let detail = "lifeboat never promotes by itself: two regions cannot tell the loss of one \
                      from the loss of the line between them, and a wrong guess makes two writers.";
        let help = "Write trigger = \"page\". For tiers without data, switch = \"health\" in a \
                    dns_failover block lets Route 53 move the traffic.";
        reader.found.push(codes::AUTOMATIC.error(detail).at(span).help(help));
        return None;
    }
    reader.choice("trigger", given, &["manual", "page"], span).then(|| given.into())
}
