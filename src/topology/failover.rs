//! `failover`: how promotions go. It is checked and kept; promotions read it.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::dns::{self, DnsFailover, Switch};
use super::duration::Duration;
use super::read::{Reader, at, element};
use super::{Topology, codes};
use crate::approval::{Approver, Policy};
use crate::config::ast::Body;
use crate::config::suggest;

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
    /// How many must approve, and who may.
    pub approvals: Policy,
    /// The strength that fences must have.
    pub fence: Option<Name>,
    /// What happens where health is bad in the commit window.
    pub on_unhealthy: Option<Name>,
    /// Who starts a promotion.
    pub trigger: Option<Name>,
    /// How long a phase may take.
    pub timeouts: BTreeMap<Name, Duration>,
    /// Where `on_unhealthy` is written.
    pub unhealthy_at: Option<Span>,
    /// The `bucket` block into whose bucket a watcher writes.
    pub canary: Option<Name>,
    /// Where that is written.
    pub canary_at: Option<Span>,
}

impl Failover {
    /// Whether a promotion is rolled back where what gets the traffic is ill.
    pub fn rolls_back(&self) -> bool {
        self.on_unhealthy.as_deref() == Some(ROLL_BACK)
    }
}

/// The word for it.
const ROLL_BACK: &str = "roll_back";

/// Refuses to roll back what cannot be, or what nobody watches: once a region takes writes that another took
/// before, there is only forward.
pub(super) fn rolled_back(reader: &mut Reader<'_, '_>, topology: &Topology) {
    let failover = &topology.declaration.failover;
    let Some(span) = failover.unhealthy_at.filter(|_| failover.rolls_back()) else { return };
    let gate = topology.dns.iter().find(|dns| dns.gate.is_some());
    // Weights are ours, whoever leaves out what is ill.
    let decides =
        |dns: &&DnsFailover| dns.switch == Switch::Health && dns.policy != dns::Policy::Weighted;
    let health = topology.dns.iter().find(decides);
    let (detail, help) = if !topology.all_write() {
        let detail = "Something here has one writer. Before the traffic is watched another region takes its \
                      writes, and from there on there is only forward.";
        let help = "Write on_unhealthy = \"hold\", or writers = \"all\" in each bucket and service, \
                    without a database.";
        (detail.to_owned(), help)
    } else if let Some(dns) = gate.or(health) {
        let by = if dns.gate.is_some() { "a gate" } else { "Route 53 by its own checks" };
        let detail = format!("The traffic of dns_failover.{} is moved by {by}.", dns.name);
        let help = match dns.gate {
            Some(_) => "Write switch = \"record\" there: records are written again as they were.",
            None => {
                "Write switch = \"record\" or policy = \"weighted\" there: records are written again as \
                 they were."
            }
        };
        (detail, help)
    } else if topology.dns.is_empty() || failover.commit_window.is_none() {
        let detail =
            "Nothing is watched after the traffic has moved, so that nothing is ever found ill.";
        (detail.to_owned(), "Write commit_window, and a dns_failover block with a health_check.")
    } else {
        return;
    };
    reader.found.push(codes::ROLL_BACK.error(detail).at(span).help(help));
}

/// Refuses a canary in a bucket from which nothing would arrive.
pub(super) fn canaried(reader: &mut Reader<'_, '_>, topology: &Topology) {
    let failover = &topology.declaration.failover;
    let (Some(canary), Some(span)) = (&failover.canary, failover.canary_at) else { return };
    let Some(bucket) = topology.buckets.iter().find(|bucket| bucket.name == *canary) else {
        let near = suggest::nearest(canary, topology.buckets.iter().map(|bucket| &*bucket.name));
        let detail = format!("There is no block bucket {canary:?}.");
        let unknown = codes::CANARY.error(detail).at(span);
        reader.found.push(match near {
            Some(_) => suggest::with(unknown, near),
            None => unknown.help("Write the name of a bucket block, in quotes."),
        });
        return;
    };
    let mut copies = topology.replications.iter().filter(|copies| copies.bucket == *canary);
    let why = if !bucket.one_writer {
        "All regions write it, so that none is the primary whose canary arrives in another."
    } else if bucket.lock.is_some() {
        "Its lock would keep each canary."
    } else if copies.clone().next().is_none() {
        "No replication block copies it, so that a canary would arrive nowhere."
    } else if copies.all(|copies| !copies.tags.is_empty()) {
        "Only what has certain tags is copied, and a canary has none, so that it would arrive nowhere."
    } else {
        return;
    };
    let detail = format!("bucket.{canary} has no place for a canary. {why}");
    let help = "Name a bucket block with one writer and without a lock that a replication block without \
                tags copies.";
    reader.found.push(codes::CANARY.error(detail).at(span).help(help));
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
    /// Who may approve: public keys as OpenSSH writes them, the names as their comments.
    #[kind(optional)]
    pub approvers: Vec<String>,
    /// What is done where health is bad in the commit window: `hold` or `roll_back`.
    #[kind(optional)]
    pub on_unhealthy: Option<String>,
    /// The name of the `bucket` block into whose bucket `lifeboat watch` writes a canary.
    #[kind(optional)]
    pub canary: Option<String>,
    /// Who starts a promotion: `manual`, a person.
    #[kind(optional)]
    pub trigger: Option<String>,
    /// How long each change, proof or look of a phase may take: `prepare`, `fence`, `final_sync`, `claim`,
    /// `promote`, `verify`, `switch`.
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
const PHASES: [&str; 7] =
    ["prepare", "fence", "final_sync", "claim", "promote", "verify", "switch"];

/// Those that will take one.
const LATER: [&str; 3] = ["preflight", "approve", "reprotect"];

/// Reads the block.
pub(super) fn read(reader: &mut Reader<'_, '_>, given: &FailoverBlock, body: &Body) -> Failover {
    let mut timeouts = BTreeMap::new();
    let span = at(body, "timeouts");
    for (phase, limit) in &given.timeouts {
        if LATER.contains(&&**phase) {
            let help = "Remove it. A preflight and people take the time that they take, and re-protection is an \
                        ordinary plan.";
            reader.unsupported(&format!("A limit of the phase {phase}"), span, help);
            continue;
        }
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
    let on_unhealthy = choose("on_unhealthy", &given.on_unhealthy, &["hold", ROLL_BACK]);
    let approvals = approvals(reader, given, body);
    let trigger = trigger(reader, given.trigger.as_deref(), at(body, "trigger"));
    let mut time =
        |name: &str, given: &Option<String>| reader.maybe_duration(given.as_ref(), at(body, name));
    Failover {
        mode,
        max_lag: time("max_lag", &given.max_lag),
        commit_window: time("commit_window", &given.commit_window),
        soak: time("soak", &given.soak),
        approvals,
        fence,
        on_unhealthy,
        trigger,
        timeouts,
        unhealthy_at: given.on_unhealthy.is_some().then(|| at(body, "on_unhealthy")),
        canary: given.canary.as_deref().map(Name::from),
        canary_at: given.canary.is_some().then(|| at(body, "canary")),
    }
}

/// Who may approve, each with a key of their own, and how many of them must.
fn approvals(reader: &mut Reader<'_, '_>, given: &FailoverBlock, body: &Body) -> Policy {
    let mut approvers: Vec<Approver> = Vec::new();
    let before = reader.found.0.len();
    for (i, line) in given.approvers.iter().enumerate() {
        let (detail, help) = match Approver::parse(line) {
            Ok(approver) if !approvers.iter().any(|other| other.may_be(&approver)) => {
                approvers.push(approver);
                continue;
            }
            Ok(approver) => (
                format!(
                    "The key or the name of {:?} is in the list already: one person could approve \
                     twice.",
                    approver.name()
                ),
                "Give each approver a key and a name of their own.",
            ),
            Err(error) => (
                format!("This names nobody who could approve a promotion: {error}."),
                "Write the line of a .pub file, with the name of its owner at the end: \
                 \"ssh-ed25519 AAAA… alice@example.com\". `ssh-keygen -t ed25519` makes such a key, \
                 and -t ecdsa, -t ed25519-sk and -t ecdsa-sk do.",
            ),
        };
        let span = element(body, "approvers", i);
        reader.found.push(codes::APPROVER.error(detail).at(span).help(help));
    }
    let needed = given.approvals.unwrap_or(0);
    if reader.found.0.len() == before
        && let Some(detail) = unfit(needed, approvers.len())
    {
        let name = if body.attribute("approvals").is_some() { "approvals" } else { "approvers" };
        let help = "Say with approvals how many must sign, and with approvers who may: \
                    [\"ssh-ed25519 AAAA… alice@example.com\"].";
        reader.found.push(codes::APPROVALS.error(detail).at(at(body, name)).help(help));
    }
    Policy::new(needed, approvers)
}

/// Why so many approvals cannot be had of so many approvers, or mean nothing.
fn unfit(needed: u32, approvers: usize) -> Option<String> {
    match (needed, approvers) {
        (0, 0) => None,
        (0, _) => Some("Approvers are named, and none of them needs to approve.".to_owned()),
        (_, 0) => Some("Approvals are needed, and nobody is named who could give them.".to_owned()),
        (needed, named) if usize::try_from(needed).is_ok_and(|needed| needed <= named) => None,
        (needed, named) => Some(format!(
            "{needed} must approve, and only {named} could: nothing could ever be promoted."
        )),
    }
}

/// `automatic` is what people look for and what there is not (design.md, section 9; domain.md C2.11).
fn trigger(reader: &mut Reader<'_, '_>, given: Option<&str>, span: Span) -> Option<Name> {
    let given = given?;
    if given == "automatic" {
        let detail = "lifeboat never promotes by itself: two regions cannot tell the loss of one \
                      from the loss of the line between them, and a wrong guess makes two writers.";
        let help = "Remove it, and let `lifeboat watch` tell people. For tiers without data, switch = \"health\" in a \
                    dns_failover block lets Route 53 move the traffic.";
        reader.found.push(codes::AUTOMATIC.error(detail).at(span).help(help));
        return None;
    }
    if given == "page" {
        let help = "Remove it, and run `lifeboat watch -notify-command=PROGRAM` or -notify-url=URL in a standby, \
                    which tells people what to type.";
        reader.unsupported("trigger = \"page\"", span, help);
        return None;
    }
    reader.choice("trigger", given, &["manual"], span).then(|| given.into())
}
