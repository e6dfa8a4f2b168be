//! The steps of a plan that change no object: what hooks and copies have to do in it.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::{Name, Path, Value};
use lifeboat_state::model::Gate;

use super::gates;
use super::load::Loaded;
use super::resolvers::asked;
use crate::address::Address;
use crate::desired::Part;
use crate::diff::Action;
use crate::plan::confirm;
use crate::plan::promotion::{self, Parts, region_of, ttl};
use crate::plan::{Act, ObjectChange, Operand, Phase, Placed, Plan, Promotion, Step, Task, When};
use crate::topology::Topology;
use crate::topology::dns::{DnsFailover, Policy, Switch};
use crate::topology::duration::Duration as Window;
use crate::topology::hook::{Hook, REPROTECT, What};

/// How long the proof that nothing is lost may take where `timeouts` does not say.
const FINAL_SYNC: Duration = Duration::from_secs(600);

/// How long it may take until what answers in the new primary is well, where `timeouts` does not say.
pub(super) const VERIFY: Duration = Duration::from_secs(120);

/// How long the last look at a role record may take.
const CONFIRM: Duration = Duration::from_secs(30);

/// How long the last look at a fence may hold up the new primary, whose region may be lost meanwhile.
const HOLD: Duration = Duration::from_secs(4);

/// Under which name and where the copy is that an object has in a region.
pub(super) fn copy_of<'a>(
    topology: &'a Topology,
    address: &Address,
    to: &str,
) -> Option<(&'a str, &'a str)> {
    if let Some(name) = address.name.strip_prefix("database.") {
        let database = topology.databases.iter().find(|one| *one.name == *name)?;
        return Some((&database.identifier, &topology.region(to)?.aws));
    }
    let name = address.name.strip_prefix("replication.")?;
    let replication = topology.replications.iter().find(|one| *one.name == *name)?;
    let bucket = topology.buckets.iter().find(|bucket| bucket.name == replication.bucket)?;
    Some((bucket.names.get(to)?, &topology.region(to)?.aws))
}

/// Whose data is copied, by the block that copies: both by their names.
pub(super) fn copied(loaded: &Loaded) -> BTreeMap<Name, Name> {
    let Some(topology) = &loaded.topology else { return BTreeMap::new() };
    let named = |kind: &str, name: &Name| Name::from(format!("{kind}.{name}"));
    let buckets = topology.replications.iter();
    let buckets = buckets.map(|it| (named("replication", &it.name), named("bucket", &it.bucket)));
    let databases = topology.databases.iter().map(|it| named("database", &it.name));
    buckets.chain(databases.map(|name| (name.clone(), name))).collect()
}

/// What works on objects that a promotion does not change, and what is open outside.
#[derive(Default)]
pub(super) struct Reads {
    /// What copies from the region that is left to the new primary.
    copies: Vec<Task>,
    /// What answers in the new primary.
    endpoints: Vec<Task>,
    /// Gates that are open already.
    gates: BTreeMap<String, Gate>,
}

impl Reads {
    /// With the gates that an earlier promotion left open.
    pub(super) fn with_open(self, gates: &BTreeMap<String, Gate>) -> Self {
        Self { gates: gates.clone(), ..self }
    }
}

/// What works on objects that a promotion from one region to another does not change, as they were
/// read.
pub(super) fn reads(
    loaded: &Loaded,
    changes: &[ObjectChange],
    parts: &Parts,
    [from, to]: [&Name; 2],
) -> Reads {
    let Some(topology) = &loaded.topology else { return Reads::default() };
    let copy = |address: &Address| {
        let (name, region) = copy_of(topology, address, to)?;
        Some(Value::object([
            ("name".into(), Value::string(name)),
            ("region".into(), Value::string(region)),
        ]))
    };
    let copies = |change: &&ObjectChange| {
        matches!(parts.get(&change.address), Some(Part::Copies | Part::Database | Part::Replica))
            && region_of(&change.address) == Some(&**from)
            && change.unread.is_none()
    };
    let task = |change: &ObjectChange| {
        Some(Task {
            about: change.address.to_string().into(),
            arguments: copy(&change.address)?,
            limit: FINAL_SYNC,
            optional: false,
            on: Some(operand(change)?),
        })
    };
    let answers = |change: &&ObjectChange| {
        parts.get(&change.address) == Some(&Part::Health)
            && region_of(&change.address) == Some(&**to)
    };
    Reads {
        copies: changes.iter().filter(copies).filter_map(task).collect(),
        endpoints: changes.iter().filter(answers).filter_map(probe).collect(),
        gates: BTreeMap::new(),
    }
}

/// What a health check asks of an endpoint, for us to ask the same.
fn probe(check: &ObjectChange) -> Option<Task> {
    Some(Task {
        about: check.address.name.strip_prefix("dns_failover.")?.into(),
        arguments: check.before.clone()?,
        limit: VERIFY,
        optional: false,
        on: None,
    })
}

/// An endpoint is asked before the traffic goes there, and for the time of the window after it.
fn watched(topology: &Topology, window: &Window, task: Task) -> [Placed; 2] {
    let (act, when) = (Act::Probe, When::Before);
    let seconds = i64::try_from(window.seconds).unwrap_or(i64::MAX);
    let (limit, patience) =
        (limit(topology, "verify", VERIFY), Duration::from_secs(window.seconds));
    let arguments = task.arguments.clone().with("window", Value::int(seconds));
    let about = |phase: Phase| format!("{}.{}", phase.word(), task.about).into();
    let (verify, commit) = (Phase::Verify, Phase::Commit);
    let limited = patience + VERIFY;
    let after = Task { about: about(commit), limit: limited, arguments, ..task.clone() };
    let before = Task { about: about(verify), limit, ..task.clone() };
    [
        Placed { phase: verify, when, act, task: before },
        Placed { phase: commit, when, act, task: after },
    ]
}

/// A last look at a role record that will be moved.
fn confirm(record: &ObjectChange) -> Option<Task> {
    let moved = record.action == Action::Update && record.deferred.is_none();
    moved.then(|| look(record)).flatten()
}

/// Whether a role record is as it was seen.
fn look(record: &ObjectChange) -> Option<Task> {
    Some(Task {
        about: record.address.to_string().into(),
        arguments: Value::object([]),
        limit: CONFIRM,
        optional: false,
        on: Some(operand(record)?),
    })
}

/// Lets an ordinary plan look at the records once more before it gives data back to the primary.
pub(super) fn confirmed(
    loaded: &Loaded,
    plan: &Plan,
    parts: &Parts,
    steps: Vec<Step>,
) -> Vec<Step> {
    let Some(topology) = loaded.topology.as_ref().filter(|topology| !topology.all_write()) else {
        return steps;
    };
    let is_record = |change: &&ObjectChange| {
        // One that nobody could read by then holds nothing up.
        let seen = change.unread.is_none() && change.deferred.is_none();
        parts.get(&change.address) == Some(&Part::Record) && seen
    };
    let looks = plan.changes.iter().filter(is_record).filter_map(look).collect();
    let primary = Name::from(&*topology.primary);
    confirm::confirm(steps, &plan.changes, parts, (&primary, looks))
}

/// A last look at a fence in the region that is left, as the plan leaves it. Where what ran is gone, nobody
/// writes; where what kept writes out is gone, anybody does.
fn hold(fence: &ObjectChange, part: Part) -> Option<Task> {
    if fence.deferred.is_some() || fence.unread.is_some() {
        return None;
    }
    // What any change of it may change does not tell whether it stands.
    let (before, after) = (fence.before.as_ref(), fence.after.as_ref()?);
    let document = after.transform(&Path::root(), &mut |path, value| {
        value.is_unknown().then(|| before?.at(path).cloned()).flatten()
    });
    document.is_wholly_known().then_some(())?;
    Some(Task {
        about: fence.address.to_string().into(),
        arguments: Value::object([("keeps_out".into(), Value::Bool(part == Part::Writers))]),
        limit: HOLD,
        optional: false,
        on: Some(Operand { document, ..operand(fence)? }),
    })
}

/// An object as it was read, for what works on it without changing it.
fn operand(change: &ObjectChange) -> Option<Operand> {
    Some(Operand {
        provider: change.provider.clone(),
        kind: change.address.kind.clone(),
        id: change.id.clone(),
        scope: change.scope.clone()?,
        document: change.before.clone()?,
    })
}

/// The acts of a promotion, and the hooks that are left out of it.
pub(super) fn of_promotion(
    loaded: &Loaded,
    plan: &Plan,
    parts: &Parts,
    promotion: &Promotion,
    reads: Reads,
) -> (Vec<Placed>, Vec<Name>) {
    let Some(topology) = &loaded.topology else { return Default::default() };
    let away = promotion.is_silent();
    let mut acts = Vec::new();
    let mut left_out = Vec::new();
    // Those of the phase after it are in the ordinary plan that comes then.
    for hook in topology.hooks.iter().filter(|hook| *hook.phase != *REPROTECT) {
        let lost = away && hook.needs_region.as_ref() == Some(&promotion.from);
        match Phase::ALL.into_iter().find(|phase| phase.word() == &*hook.phase) {
            Some(phase) if !lost => {
                let when = if hook.after { When::After } else { When::Before };
                let task = of_hook(hook, topology, &Passing::of(promotion));
                acts.push(Placed { phase, when, act: Act::Hook, task });
            }
            _ => left_out.push(format!("hook.{}", hook.name).into()),
        }
    }
    if promotion.mode() == promotion::Mode::Graceful {
        let limit = limit(topology, "final_sync", FINAL_SYNC);
        let sync = |task| Placed {
            phase: Phase::Sync,
            when: When::Before,
            act: Act::Sync,
            task: Task { limit, ..task },
        };
        acts.extend(reads.copies.into_iter().map(sync));
    }
    let (phase, when, act) = (Phase::Claim, When::Before, Act::Confirm);
    let records = plan.changes.iter().filter(|c| parts.get(&c.address) == Some(&Part::Record));
    acts.extend(records.filter_map(confirm).map(|task| Placed { phase, when, act, task }));
    let (when, act) = (When::After, Act::Hold);
    let holds = plan.changes.iter().filter_map(|fence| {
        let left = region_of(&fence.address) == Some(&*promotion.from);
        let part = parts.get(&fence.address).filter(|part| left && part.fences())?;
        hold(fence, *part)
    });
    acts.extend(holds.map(|task| Placed { phase, when, act, task }));
    if let Some(window) = &topology.declaration.failover.commit_window {
        acts.extend(reads.endpoints.into_iter().flat_map(|task| watched(topology, window, task)));
    }
    acts.extend(topology.dns.iter().filter_map(|dns| asked(&plan.changes, parts, promotion, dns)));
    for dns in &topology.dns {
        if let Some(task) = forgotten(plan, promotion, dns) {
            let (phase, when) = (Phase::Prepare, When::After);
            acts.push(Placed { phase, when, act: Act::Wait, task });
        }
        acts.extend(gates::turned(topology, dns, (&plan.changes, parts), promotion, &reads.gates));
    }
    (acts, left_out)
}

/// How many seconds resolvers shall keep a name while a promotion moves its traffic, by block. Where
/// Route 53 moves it both regions may answer, and of other policies all records of a name would have
/// to be lowered, those that stay as they are too (`ResourceRecordSet.Weight`: one TTL for all).
pub(super) fn during(loaded: &Loaded) -> BTreeMap<Name, u64> {
    let all = loaded.topology.iter().flat_map(|topology| &topology.dns);
    let moved = all.filter(|dns| dns.policy == Policy::Failover && dns.switch != Switch::Health);
    moved.map(|dns| (block(dns), dns.ttl_during)).collect()
}

/// Waits as long as resolvers may hold what they were told before the TTL was lowered.
fn forgotten(plan: &Plan, promotion: &Promotion, dns: &DnsFailover) -> Option<Task> {
    let name = block(dns);
    let lowered = |change: &&ObjectChange| {
        change.address.name == name && promotion.lowered.contains_key(&change.address)
    };
    let seconds = plan.changes.iter().filter(lowered).filter_map(ttl).max()?;
    Some(Task {
        about: format!("ttl.{}", dns.name).into(),
        arguments: Value::object([]),
        limit: Duration::from_secs(seconds),
        optional: false,
        on: None,
    })
}

pub(super) fn block(dns: &DnsFailover) -> Name {
    format!("dns_failover.{}", dns.name).into()
}

/// How long each change of a phase may take, where that is declared.
pub(super) fn limits(topology: &Topology) -> BTreeMap<Phase, Duration> {
    let declared = &topology.declaration.failover.timeouts;
    let phases = Phase::ALL.into_iter();
    let limit =
        |phase: Phase| Some((phase, Duration::from_secs(declared.get(phase.word())?.seconds)));
    phases.filter_map(limit).collect()
}

pub(super) fn limit(topology: &Topology, phase: &str, otherwise: Duration) -> Duration {
    let declared = topology.declaration.failover.timeouts.get(phase);
    declared.map_or(otherwise, |limit| Duration::from_secs(limit.seconds))
}

/// What hooks are told of a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passing {
    /// The region that is left.
    pub(super) from: Name,
    /// The new primary.
    pub(super) to: Name,
    /// The epoch that it opens.
    pub(super) epoch: u64,
    /// Whether the region that is left takes part: `graceful`, `ungraceful`.
    pub(super) mode: Name,
}

impl Passing {
    fn of(promotion: &Promotion) -> Self {
        let Promotion { from, to, epoch, .. } = promotion;
        let mode = promotion.mode().word().into();
        Self { from: from.clone(), to: to.clone(), epoch: epoch + 1, mode }
    }
}

/// A hook as a task.
pub(super) fn of_hook(hook: &Hook, topology: &Topology, passing: &Passing) -> Task {
    let text = |text: &str| Value::string(text);
    let what = match &hook.what {
        What::Command(words) => {
            ("command".into(), Value::tuple(words.iter().map(|word| text(word)).collect()))
        }
        What::Webhook { url, headers, token_file } => {
            let headers = headers.iter().map(|(name, value)| (name.as_str().into(), text(value)));
            let mut request = Value::object([
                ("url".into(), text(url)),
                ("headers".into(), Value::object(headers)),
            ]);
            if let Some(file) = token_file {
                request = request.with("token_file", text(file));
            }
            ("webhook".into(), request)
        }
    };
    let facts = [
        ("hook", text(&hook.name)),
        ("phase", text(&hook.phase)),
        ("when", text(if hook.after { "after" } else { "before" })),
        ("topology", text(&topology.name)),
        ("from", text(&passing.from)),
        ("to", text(&passing.to)),
        ("epoch", text(&passing.epoch.to_string())),
        ("mode", text(&passing.mode)),
    ];
    let facts = Value::object(facts.map(|(name, fact)| (name.into(), fact)));
    let mut arguments = Value::object([what, ("facts".into(), facts)]);
    if let Some(region) = &hook.needs_region {
        arguments = arguments.with("needs_region", text(region));
    }
    if !hook.keeps_output {
        arguments = arguments.with("keep_output", Value::Bool(false));
    }
    Task {
        about: format!("hook.{}", hook.name).into(),
        arguments,
        limit: Duration::from_secs(hook.timeout),
        optional: hook.optional,
        on: None,
    }
}
