//! Runs in which nothing goes wrong.

use lifeboat_sdk::{Diagnostic, Scope};
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::journal::{Frame, RunEnd, RunStatus};
use lifeboat_state::model::{Mode, ObjectStatus, Ownership};

use super::world::*;
use crate::apply::document::{load, store};
use crate::apply::{Counts, RunEnding};
use crate::event::Event;
use crate::plan::Deferral;
use crate::refresh::fake::{DATA, Live, PART, ROW, THING};

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostics, Name, Type, Value};

use crate::address::Address;
use crate::diff::Action;
use crate::plan::{Finalise, Operation, OutputChange, PlanMode};

fn wants() -> Vec<Want> {
    vec![
        want(THING, "a", 1),
        want(THING, "b", 2).needs(&["a"]),
        want(PART, "c", 3).needs(&["b"]),
        want(THING, "d", 4).region("west"),
        want(ROW, "e", 5),
        want(ROW, "f", 6),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_carried_out_and_state_and_journal_say_so() {
    let world = World::default();
    let outcome = world.command(&wants()).await;
    assert_eq!(outcome.diagnostics, Diagnostics::new());
    assert_eq!(outcome.ending, RunEnding::Done);
    assert_eq!(outcome.counts(), Counts { added: 6, ..Counts::default() });
    assert!(!outcome.partial());
    converged(&world, &wants()).await;
    let state = world.state().await.unwrap();
    assert_eq!((state.serial, state.epoch), (1, 1));
    assert_eq!(state.topology.as_deref(), Some("top"));
    assert_eq!(state.primary.as_deref(), Some("east"));
    assert_eq!(state.objects["a_part.c"].depends_on, ["a_thing.b"]);
    assert_eq!(state.objects["a_part.c"].ownership, Ownership::Parent);
    assert_eq!(state.objects["a_thing.a"].schema_version, 3);
    assert_eq!(state.objects["a_thing.d"].scope.location, "west");
    let all = load(&state.outputs["all"].document).unwrap();
    assert_eq!(all.items().unwrap().len(), 6);
    let owner = world.cloud.live(THING, &outcome_id(&state, "a_thing.a")).unwrap().owner.unwrap();
    assert_eq!((&*owner.topology, &*owner.address), ("top", "a_thing.a"));
    let frames = world.frames(&outcome.run).await;
    assert!(matches!(
        frames.last(),
        Some(Frame::RunEnd(RunEnd { status: RunStatus::Done, serial: 1, .. }))
    ));
}

fn outcome_id(state: &lifeboat_state::model::State, address: &str) -> String {
    state.objects[address].identity.clone().unwrap()
}

/// How often the disk is called to remove `count` things, and to make them again.
async fn disk_calls(count: usize) -> u64 {
    let world = World { parallelism: 1000, ..World::default() };
    let names: Vec<&'static str> = (0..count).map(|i| &*format!("n{i}").leak()).collect();
    let wants: Vec<Want> = names.iter().map(|n| want(THING, n, 1)).collect();
    world.command(&wants).await;
    let before = world.disk.calls();
    world.command(&[]).await;
    world.disk.calls() - before
}

#[tokio::test(start_paused = true)]
async fn outcomes_and_the_intents_that_they_release_share_one_sync() {
    let (one, many) = (disk_calls(1).await, disk_calls(40).await);
    assert!(many <= one + 20, "{many} calls of the disk for forty removals, {one} for one");
}

#[tokio::test(start_paused = true)]
async fn updates_and_removals_follow_and_destroying_everything_leaves_an_empty_state() {
    let world = World::default();
    world.command(&wants()).await;
    let mut less = wants();
    less.retain(|w| w.name != "c" && w.name != "f");
    less[0].size = 10;
    let outcome = world.command(&less).await;
    assert_eq!(outcome.counts(), Counts { changed: 1, destroyed: 2, ..Counts::default() });
    converged(&world, &less).await;
    let outcome = world.command(&[]).await;
    assert_eq!(outcome.ending, RunEnding::Done);
    assert_eq!(outcome.counts(), Counts { destroyed: 4, ..Counts::default() });
    converged(&world, &[]).await;
    let ledger = world.cloud.ledger();
    let at = |what: &str| ledger.iter().position(|l| l == what).unwrap();
    assert!(at("delete a_thing.b") < at("delete a_thing.a"), "dependants go first");
    assert_eq!(world.state().await.unwrap().serial, 3);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_applied_at_most_once() {
    let world = World::default();
    let plan = planned("twice", None, &wants());
    assert_eq!(world.apply(&plan).await.ending, RunEnding::Done);
    let made = world.cloud.ledger();
    let outcome = world.apply_as("other", &plan, &References(plan.clone())).await;
    assert_eq!(outcome.ending, RunEnding::Refused);
    assert!(outcome.diagnostics.0[0].detail.contains("at most once"), "{outcome:?}");
    assert_eq!(world.cloud.ledger(), made, "nothing was called");
    assert!(world.backend().await.open_runs().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn state_only_steps_move_import_and_forget_without_a_call() {
    let world = World::default();
    world.command(&[want(THING, "old", 1), want(THING, "let_go", 2)]).await;
    let state = world.state().await.unwrap();
    let found = document(&want(PART, "found", 7)).with("id", Value::string("found"));
    let found = found.with("etag", Value::Null(Type::String));
    let live = Live { document: found.clone(), owner: None };
    world.cloud.lock().objects.insert((PART, "found".to_owned()), live);
    let mut moved = blank(Address::parse("a_thing.new").unwrap(), "east");
    moved.previous_address = Address::parse("a_thing.old");
    let stored = load(&state.objects["a_thing.old"].document).unwrap();
    (moved.before, moved.after) = (Some(stored.clone()), Some(stored));
    let mut imported = blank(Address::parse("a_part.found").unwrap(), "east");
    imported.importing = Some("found".into());
    (imported.before, imported.after) = (Some(found.clone()), Some(found));
    let mut forgotten = blank(Address::parse("a_thing.let_go").unwrap(), "east");
    forgotten.action = Action::Forget;
    forgotten.before = Some(load(&state.objects["a_thing.let_go"].document).unwrap());
    let mut steps = Steps::default();
    steps.add(vec![member(1, Operation::Import)], Default::default(), Some("east"));
    steps.add(vec![member(2, Operation::Forget)], Default::default(), Some("east"));
    let plan = plan_of("local", vec![moved, imported, forgotten], steps.0);
    let calls = world.cloud.ledger();
    let outcome = world.apply(&plan).await;
    assert_eq!(outcome.ending, RunEnding::Done, "{outcome:?}");
    assert_eq!(outcome.counts(), Counts { imported: 1, forgotten: 1, ..Counts::default() });
    assert_eq!(world.cloud.ledger(), calls);
    let after = world.state().await.unwrap();
    let names: Vec<&String> = after.objects.keys().collect();
    assert_eq!(names, ["a_part.found", "a_thing.new"]);
    assert_eq!(after.objects["a_part.found"].identity.as_deref(), Some("found"));
    assert_eq!(after.objects["a_thing.new"].identity, state.objects["a_thing.old"].identity,);
}

#[tokio::test(start_paused = true)]
async fn data_is_read_when_its_arguments_are_known_and_not_called_stale() {
    let world = World::default();
    let data = Address::parse(&format!("data.{DATA}.now")).unwrap();
    let made = want(THING, "a", 1);
    let mut create = blank(made.address(), "east");
    (create.action, create.after) = (Action::Create, Some(document(&made)));
    let mut read = blank(data.clone(), "east");
    read.action = Action::Read;
    read.after = Some(document(&want(THING, "x", 1).needs(&["a"])));
    read.depends_on = vec![made.address()];
    let mut steps = Steps::default();
    let first = steps.add(vec![member(0, Operation::Create)], Default::default(), Some("east"));
    steps.add(vec![member(1, Operation::Read)], [first].into(), Some("east"));
    let outcome = world.apply(&plan_of("data", vec![create, read], steps.0)).await;
    assert_eq!(outcome.ending, RunEnding::Done, "{outcome:?}");
    let state = world.state().await.unwrap();
    let record = &state.objects[&data.to_string()];
    assert_eq!((record.mode, record.identity.clone()), (Mode::Data, None));
    let value = load(&record.document).unwrap();
    assert_eq!(value.get("id"), Some(&Value::string("now")));
    assert_eq!(value.get("input"), Some(&Value::string("a_thing-1")));
}

#[tokio::test(start_paused = true)]
async fn what_refresh_learnt_goes_into_state_and_what_it_did_not_read_stays_byte_for_byte() {
    let world = World::default();
    world.command(&wants()).await;
    let state = world.state().await.unwrap();
    let current = |name: &str| load(&state.objects[name].document).unwrap();
    let mut changes = Vec::new();
    let mut add = |name: &str, f: &dyn Fn(&mut crate::plan::ObjectChange)| {
        let mut change = blank(Address::parse(name).unwrap(), "east");
        (change.before, change.after) = (Some(current(name)), Some(current(name)));
        f(&mut change);
        changes.push(change);
    };
    add("a_thing.a", &|c| {
        let grown = c.before.clone().unwrap().with("size", Value::int(77));
        (c.before, c.after) = (Some(grown.clone()), Some(grown));
    });
    let scope: Scope = crate::refresh::fake::scope("west");
    add("a_thing.d", &|c| {
        let message = "dead".to_owned();
        c.unread = Some(Deferral::Unreachable { scope: scope.clone(), message });
        c.before = None;
    });
    add("a_thing.b", &|_| {});
    let mut gone = blank(Address::parse("a_part.c").unwrap(), "east");
    (gone.action, gone.before) = (Action::Delete, Some(current("a_part.c")));
    let mut plan = plan_of("refresh", changes, Vec::new());
    plan.mode = PlanMode::RefreshOnly;
    plan.drift = vec![gone];
    let outcome = world.apply(&plan).await;
    assert_eq!(outcome.ending, RunEnding::Done);
    let after = world.state().await.unwrap();
    assert!(!after.objects.contains_key("a_part.c"));
    let grown = load(&after.objects["a_thing.a"].document).unwrap();
    assert_eq!(grown.get("size"), Some(&Value::int(77)));
    let (was, is) = (&state.objects["a_thing.d"], &after.objects["a_thing.d"]);
    assert_eq!(was.document.text(), is.document.text());
    assert!(is.stale.as_deref().unwrap().contains("dead"));
    assert_eq!(after.objects["a_thing.b"].stale, None);
}

#[tokio::test(start_paused = true)]
async fn an_update_finishes_what_was_left_incomplete() {
    let world = World::default();
    world.command(&[want(THING, "a", 1)]).await;
    let mut state = world.state().await.unwrap();
    state.objects.get_mut("a_thing.a").unwrap().status = ObjectStatus::Incomplete;
    let plan = planned("finish", Some(&state), &[want(THING, "a", 1)]);
    assert_eq!(plan.changes[0].action, Action::Update);
    world.apply(&plan).await;
    converged(&world, &[want(THING, "a", 1)]).await;
}

/// Fails for one change, and has no outputs.
struct Failing(usize, References);

impl Finalise for Failing {
    fn finalise(
        &self,
        change: usize,
        objects: &BTreeMap<Address, Value>,
    ) -> Result<Value, Diagnostics> {
        if change != self.0 {
            return self.1.finalise(change, objects);
        }
        let text = "it contradicts the plan";
        Err(Diagnostic::error("x", "Provider produced inconsistent final plan", text).into())
    }
    fn before(&self, change: usize, objects: &BTreeMap<Address, Value>) -> Diagnostics {
        self.1.before(change, objects)
    }
    fn after(&self, change: usize, objects: &BTreeMap<Address, Value>) -> Diagnostics {
        self.1.after(change, objects)
    }
    fn leftovers(&self, objects: &BTreeMap<Address, Value>) -> Diagnostics {
        self.1.leftovers(objects)
    }
    fn outputs(&self, _: &BTreeMap<Address, Value>) -> Result<BTreeMap<Name, Value>, Diagnostics> {
        Err(Diagnostic::error("x", "no outputs", "none").into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_that_cannot_be_completed_fails_its_object_without_a_call() {
    let world = World::default();
    let wants = [want(THING, "a", 1), want(THING, "b", 2)];
    let mut plan = planned("final", None, &wants);
    plan.outputs
        .insert("kept".into(), OutputChange { before: None, after: None, sensitive: false });
    let outcome = world.apply_with(&plan, &Failing(1, References(plan.clone()))).await;
    assert_eq!(outcome.ending, RunEnding::Failed);
    assert_eq!(fates(&outcome), [("a".to_owned(), "done"), ("b".to_owned(), "failed")]);
    assert!(outcome.partial());
    assert_eq!(world.cloud.ledger(), ["create a_thing.a"]);
    assert_eq!(outcome.diagnostics.0.len(), 1, "outputs are no error of a failed run");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_does_not_meet_its_conditions_holds_up_what_needs_it() {
    for (when, made, ledger) in
        [("refused before", "failed", vec![]), ("refused after", "done", vec!["create a_thing.a"])]
    {
        let world = World::default();
        let wants = [want(THING, "a", 1), want(THING, "b", 2).needs(&["a"])];
        let mut plan = planned("demanded", None, &wants);
        let after = plan.changes[0].after.clone().unwrap();
        plan.changes[0].after = Some(after.with("policy", Value::string(when)));
        let outcome = world.apply(&plan).await;
        assert_eq!(outcome.ending, RunEnding::Failed, "{when}");
        let fates = fates(&outcome);
        assert_eq!(fates[0], ("a".to_owned(), made), "{when}");
        assert_eq!(fates[1], ("b".to_owned(), "not tried"), "{when}");
        assert_eq!(world.cloud.ledger(), ledger, "{when}");
        assert_eq!(outcome.diagnostics.0[0].code, "plan::condition");
        let state = world.state().await.unwrap();
        assert_eq!(state.objects.contains_key("a_thing.a"), !ledger.is_empty(), "{when}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_never_told_is_an_error_before_the_call() {
    let world = World::default();
    let mut plan = planned("unknown", None, &[want(THING, "a", 1)]);
    let after = plan.changes[0].after.clone().unwrap();
    plan.changes[0].after = Some(after.with("size", Value::unknown(Type::Number)));
    let outcome = world.apply(&plan).await;
    assert_eq!(fates(&outcome), [("a".to_owned(), "failed")]);
    assert!(outcome.diagnostics.0[0].detail.contains("size is still not known"));
    assert_eq!(world.cloud.ledger(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn sensitive_values_are_sealed_in_state_and_journal() {
    let world = World::default();
    let mut plan = planned("secret", None, &[want(THING, "a", 1)]);
    let secret = "the-secret-of-the-test";
    let after = plan.changes[0].after.clone().unwrap();
    plan.changes[0].after = Some(after.with("policy", Value::string(secret).sensitive()));
    let outcome = world.apply(&plan).await;
    assert_eq!(outcome.ending, RunEnding::Done);
    for name in world.disk.names() {
        let text = String::from_utf8_lossy(&world.disk.peek(&name).unwrap()).into_owned();
        assert!(!text.contains(secret), "{name}");
    }
    let state = world.state().await.unwrap();
    let stored = load(&state.objects["a_thing.a"].document).unwrap();
    assert_eq!(stored.get("policy"), Some(&Value::string(secret)));
    assert_eq!(format!("{:?}", stored.get("policy").unwrap()), "(sensitive value)");
    assert!(store(&stored).is_ok());
}

#[tokio::test(start_paused = true)]
async fn events_begin_and_end_each_change() {
    let world = World::default();
    world.command(&wants()).await;
    let events = world.events.0.lock().unwrap();
    let count = |f: &dyn Fn(&Event) -> bool| events.iter().filter(|e| f(e)).count();
    assert_eq!(count(&|e| matches!(e, Event::ApplyStart { .. })), 6);
    assert_eq!(count(&|e| matches!(e, Event::ApplyComplete { id: Some(_), .. })), 6);
}
