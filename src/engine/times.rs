//! How long things take, and how that is known: for simulations, and for the plan of a promotion.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use lifeboat_sdk::Value;
use lifeboat_state::durations::{Durations, Work};
use lifeboat_state::model::{Evidence, Passage, State};

use super::load::Loaded;
use crate::plan::outlook::{Expected, Source, Timing};
use crate::plan::{Act, Member, ObjectChange, Phase, Plan, Step, Task};
use crate::registry::sim::Timed;
use crate::registry::{self, Catalogue, Providers};

/// What a call takes where nobody says: from one continent to another.
const CALL: Duration = Duration::from_millis(100);

/// What the duration of a call is declared as.
pub(in crate::engine) const CALLS: &str = "call";

/// The model of time. What is declared goes before what was measured, and that before limits.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// By address, task, `KIND.OPERATION`, `KIND`, or `call`.
    declared: BTreeMap<String, Duration>,
    measured: Durations,
    /// How long each phase of the last promotion took.
    phases: BTreeMap<&'static str, Duration>,
    /// How long each act of it took that came after all else of its phase.
    after: BTreeMap<String, Duration>,
    /// How long a change may take, by kind.
    limits: BTreeMap<&'static str, Duration>,
}

impl Times {
    /// What is declared, what runs measured, and the last promotion.
    pub fn new(
        declared: BTreeMap<String, Duration>,
        measured: Durations,
        last: Option<&Passage>,
        catalogue: &Catalogue,
    ) -> Self {
        let later = registry::ahead(catalogue);
        let kinds = catalogue.kinds.values().map(|(_, kind)| kind).chain(&later);
        let limits = kinds.filter_map(|kind| Some((kind.name(), kind.longest()?)));
        let phases = last.map(phases).unwrap_or_default();
        let after = last.map(after).unwrap_or_default();
        Self { declared, measured, phases, after, limits: limits.collect() }
    }

    /// The names for which something is declared.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.keys().map(String::as_str)
    }

    fn declared(&self, name: &str) -> Option<Expected> {
        let takes = *self.declared.get(name)?;
        Some(Expected { takes, source: Source::Declared })
    }

    /// A call.
    pub fn call(&self) -> Expected {
        self.declared(CALLS).unwrap_or(Expected { takes: CALL, source: Source::Assumed })
    }

    /// A change of an object.
    pub fn change(&self, change: Timed<'_>) -> Expected {
        let Timed { address, kind, operation, location } = change;
        let work = Work {
            kind: kind.to_owned(),
            operation: operation.to_owned(),
            location: location.to_string(),
        };
        let measured = || {
            let takes = self.measured.expected(&work)?;
            Some(Expected { takes, source: Source::Measured })
        };
        self.declared(address)
            .or_else(|| self.declared(&format!("{kind}.{operation}")))
            .or_else(|| self.declared(kind))
            .or_else(measured)
            .or_else(|| self.limits.get(kind).map(|takes| limit(*takes)))
            .unwrap_or(Expected { source: Source::Assumed, ..self.call() })
    }

    /// An act. What a phase took says something of its only act, unless that came when it was over.
    pub fn task(&self, (act, phase): (Act, Phase), task: &Task, only: bool) -> Expected {
        if matches!(act, Act::Confirm | Act::Hold) {
            return Expected { source: Source::Assumed, ..self.call() };
        }
        let (after, phase_took) = (self.after.get(&*task.about), self.phases.get(phase.word()));
        // Before it the region bundles were written, which is simulated, too.
        let measured = after.or(phase_took.filter(|_| only)).map(|took| Expected {
            takes: took.saturating_sub(self.call().takes).min(task.limit),
            source: Source::Measured,
        });
        let unknown = || match (act, phase) {
            // What answers is taken for well: it is asked so often, with a second between, or watched for
            // as long as weights wait.
            (Act::Probe, Phase::Verify | Phase::Switch) => {
                let window = task.arguments.get("window").and_then(Value::as_i64);
                if let Some(window) = window.and_then(|seconds| u64::try_from(seconds).ok()) {
                    let takes = Duration::from_secs(window);
                    return Expected { takes, source: Source::Assumed };
                }
                let asked = task.arguments.get("failure_threshold").and_then(Value::as_i64);
                let asked = asked.and_then(|asked| u64::try_from(asked).ok()).unwrap_or(1);
                Expected { takes: Duration::from_secs(asked.max(1) - 1), source: Source::Assumed }
            }
            // How much there is to copy nobody knows, and nobody waits for it.
            (Act::Backfill, _) => Expected { source: Source::Assumed, ..self.call() },
            _ => limit(task.limit),
        };
        self.declared(&task.about).or(measured).unwrap_or_else(unknown)
    }
}

impl Times {
    /// A step; `None` where it only joins others, or writes down how far it is.
    pub fn step(&self, plan: &Plan, step: &Step) -> Option<Expected> {
        // A line of a file takes no time that anybody plans with.
        let timed = |step: &&Step| step.act != Some(Act::Edit);
        if !timed(&step) {
            return None;
        }
        if let Some((act, task)) = step.act.zip(step.task.as_ref()) {
            let of_phase =
                plan.steps.iter().filter(|other| other.phase == step.phase).filter(timed);
            let only = of_phase.filter(|other| other.does()).take(2).count() == 1;
            return Some(self.task((act, step.phase), task, only));
        }
        let location = step.scope.as_ref().map(|scope| &scope.location);
        let of = |member: &Member| {
            let change = plan.changes.get(member.change)?;
            let Some(location) = location else {
                return Some(Expected { takes: Duration::ZERO, source: Source::Declared });
            };
            let (address, operation) = (change.address.to_string(), member.operation.word());
            let kind = &*change.address.kind;
            Some(self.change(Timed { address: &address, kind, operation, location }))
        };
        step.members.iter().filter_map(of).max_by_key(|expected| expected.takes)
    }

    /// How long a change may take: as long as its kind waits, or as its call is tried.
    fn deadline(&self, plan: &Plan, step: &Step, providers: &Providers) -> Option<Duration> {
        if let Some(task) = &step.task {
            return Some(task.limit);
        }
        step.scope.as_ref()?;
        let declared = plan.promotion.as_ref().and_then(|it| it.limits.get(&step.phase));
        let changes = step.members.iter().filter_map(|m| plan.changes.get(m.change));
        let of = |change: &ObjectChange| {
            let call = providers.0.get(&change.provider).map(|it| it.configured.limits().operation);
            self.limits.get(&*change.address.kind).copied().into_iter().chain(call).max()
        };
        let longest = changes.filter_map(of).max();
        longest.into_iter().chain(declared.copied()).min()
    }
}

/// Notes in the plan of a promotion how long its steps should take, and may. Nothing is decided by it.
pub(super) fn note(
    plan: &mut Plan,
    loaded: &Loaded,
    state: Option<&State>,
    measured: &Durations,
    providers: &Providers,
) {
    if plan.promotion.is_none() {
        return;
    }
    let last = state.and_then(|state| state.promotions.last.as_ref());
    let times = Times::new(BTreeMap::new(), measured.clone(), last, &loaded.catalogue);
    let timing = |step: &Step| {
        let expected = times.step(plan, step)?;
        Some((step.id, Timing { expected, deadline: times.deadline(plan, step, providers) }))
    };
    let timings = plan.steps.iter().filter_map(timing).collect();
    if let Some(promotion) = &mut plan.promotion {
        promotion.timings = timings;
    }
}

fn limit(takes: Duration) -> Expected {
    Expected { takes, source: Source::Limit }
}

/// When a phase was over, but for what comes after all else of it.
fn over(last: &Passage, phase: &str) -> Option<Timestamp> {
    last.reached.get(phase)?.parse().ok()
}

/// The acts that came when their phase was over, with their ends.
fn late(last: &Passage) -> impl Iterator<Item = (&String, &Evidence, Timestamp, Timestamp)> {
    last.evidence.iter().filter_map(|(name, evidence)| {
        let (over, end) = (over(last, &evidence.phase)?, evidence.at.parse().ok()?);
        (end > over).then_some((name, evidence, over, end))
    })
}

/// How long each phase took, from the end of the one before and of all that came after that.
fn phases(last: &Passage) -> BTreeMap<&'static str, Duration> {
    let mut all = BTreeMap::new();
    let mut before: Option<Timestamp> = None;
    for phase in Phase::ALL {
        let Some(at) = over(last, phase.word()) else { continue };
        let took = before.and_then(|before| Duration::try_from(at.duration_since(before)).ok());
        all.extend(took.map(|took| (phase.word(), took)));
        let of = late(last).filter(|(_, evidence, ..)| evidence.phase == phase.word());
        before = of.map(|(.., end)| end).chain([at]).max();
    }
    all
}

/// How long each act took that began when its phase was over. They begin side by side.
fn after(last: &Passage) -> BTreeMap<String, Duration> {
    let whole = |name: &str| !last.told.get(name).is_some_and(|told| told.starts_with("skipped: "));
    let ended = late(last).filter(|(name, evidence, ..)| !evidence.failed && whole(name));
    let took = |(name, _, over, end): (&String, &Evidence, Timestamp, Timestamp)| {
        Some((name.clone(), Duration::try_from(end.duration_since(over)).ok()?))
    };
    ended.filter_map(took).collect()
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::Location;

    use super::*;

    fn seconds(of: &[(&str, u64)]) -> BTreeMap<String, Duration> {
        of.iter().map(|(name, s)| ((*name).to_owned(), Duration::from_secs(*s))).collect()
    }

    #[test]
    fn what_is_declared_goes_before_what_was_measured() {
        let location = Location::Region("us-east-1".into());
        let change = |address| {
            let (kind, operation) = ("a_thing", "update");
            Timed { address, kind, operation, location: &location }
        };
        let mut measured = Durations::default();
        let work = Work {
            kind: "a_thing".to_owned(),
            operation: "update".to_owned(),
            location: "us-east-1".to_owned(),
        };
        measured.learn(work, vec![Duration::from_secs(7)]);
        let of = |declared: &[(&str, u64)], measured: &Durations| {
            let catalogue = Catalogue::default();
            let times = Times::new(seconds(declared), measured.clone(), None, &catalogue);
            let Expected { takes, source } = times.change(change("a_thing.one"));
            (takes, source.word())
        };
        let s = Duration::from_secs;
        assert_eq!(of(&[], &Durations::default()), (CALL, "assumed"));
        assert_eq!(of(&[("call", 2)], &Durations::default()), (s(2), "assumed"));
        assert_eq!(of(&[("call", 2)], &measured), (s(7), "measured"));
        assert_eq!(of(&[("a_thing", 3)], &measured), (s(3), "declared"));
        assert_eq!(of(&[("a_thing", 3), ("a_thing.update", 4)], &measured), (s(4), "declared"));
        let all = [("a_thing", 3), ("a_thing.update", 4), ("a_thing.one", 5)];
        assert_eq!(of(&all, &measured), (s(5), "declared"));
    }

    #[test]
    fn what_a_phase_took_says_something_of_its_only_act() {
        let mut last = Passage::default();
        for (phase, at) in [("fence", "05"), ("final_sync", "17"), ("claim", "18"), ("bad", "x")] {
            last.reached.insert(phase.to_owned(), format!("2026-11-22T00:00:{at}Z"));
        }
        let declared = seconds(&[("hook.b", 3), ("call", 1)]);
        let catalogue = Catalogue::default();
        let times = Times::new(declared, Durations::default(), Some(&last), &catalogue);
        let of = |phase, about: &str, limit, only| {
            let (arguments, limit) = (Value::object([]), Duration::from_secs(limit));
            let task = Task { about: about.into(), arguments, limit, optional: false, on: None };
            let Expected { takes, source } = times.task((Act::Hook, phase), &task, only);
            (takes.as_secs(), source.word())
        };
        assert_eq!(of(Phase::Sync, "hook.a", 60, true), (11, "measured"));
        assert_eq!(of(Phase::Sync, "hook.a", 9, true), (9, "measured"), "no longer than it may");
        assert_eq!(of(Phase::Sync, "hook.a", 60, false), (60, "limit"));
        assert_eq!(
            of(Phase::Fence, "hook.a", 60, true),
            (60, "limit"),
            "its beginning is not known"
        );
        assert_eq!(of(Phase::Sync, "hook.b", 60, true), (3, "declared"));
    }

    #[test]
    fn what_comes_after_a_phase_is_measured_by_itself_and_not_counted_in_the_next() {
        let mut last = Passage::default();
        for (phase, at) in [("prepare", "00"), ("fence", "05"), ("final_sync", "17")] {
            last.reached.insert(phase.to_owned(), format!("2026-11-22T00:00:{at}Z"));
        }
        for (name, phase, at) in [("hook.late", "fence", "15"), ("hook.left", "fence", "06")] {
            let (phase, at) = (phase.to_owned(), format!("2026-11-22T00:00:{at}Z"));
            let evidence = Evidence { phase, at, ..Evidence::default() };
            last.evidence.insert(name.to_owned(), evidence);
        }
        last.told.insert("hook.left".to_owned(), "skipped: by hand".to_owned());
        let catalogue = Catalogue::default();
        let declared = seconds(&[("call", 1)]);
        let times = Times::new(declared, Durations::default(), Some(&last), &catalogue);
        let of = |phase, about: &str, only| {
            let (arguments, limit) = (Value::object([]), Duration::from_secs(60));
            let task = Task { about: about.into(), arguments, limit, optional: false, on: None };
            let Expected { takes, source } = times.task((Act::Hook, phase), &task, only);
            (takes.as_secs(), source.word())
        };
        assert_eq!(of(Phase::Fence, "hook.late", true), (9, "measured"));
        assert_eq!(of(Phase::Fence, "hook.late", false), (9, "measured"));
        assert_eq!(of(Phase::Fence, "hook.left", false), (60, "limit"), "it was not done");
        assert_eq!(of(Phase::Sync, "hook.next", true), (1, "measured"), "from the end of the hook");
    }
}
