//! Calls that fail, lose their reply, or are answered otherwise than planned.

use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Class, Value};
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::journal::{Frame, StepResult, Verdict};
use lifeboat_state::model::ObjectStatus;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::world::*;
use crate::apply::document::load;
use crate::apply::{Fate, RunEnding};
use crate::event::Event;
use crate::refresh::fake::{Fault, PART, ROW, THING};

fn chains() -> Vec<Want> {
    vec![
        want(THING, "a", 1),
        want(THING, "b", 2).needs(&["a"]),
        want(PART, "c", 3).needs(&["b"]),
        want(THING, "x", 1),
        want(THING, "y", 2).needs(&["x"]),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_stops_only_what_needs_it_and_the_next_apply_goes_on() {
    let world = World::default();
    world.cloud.fail("create a_thing.a", Fault::Answer(Class::Denied));
    let outcome = world.command(&chains()).await;
    assert_eq!(outcome.ending, RunEnding::Failed);
    let fates = fates(&outcome);
    let fate = |name: &str| fates.iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!(
        ["a", "b", "c", "x", "y"].map(fate),
        ["failed", "not tried", "not tried", "done", "done"]
    );
    assert!(outcome.partial());
    let why = outcome.objects.iter().find(|o| &*o.address.name == "c").unwrap();
    assert_eq!(why.fate, Fate::NotTried("it needs a_thing.a".to_owned()));
    let [error] = &*outcome.diagnostics.0 else { panic!("{:?}", outcome.diagnostics) };
    assert_eq!(error.address.as_deref(), Some("a_thing.a"));
    assert!(error.detail.contains("fake:Write"), "the missing permission is named: {error:?}");
    assert_eq!(world.command(&chains()).await.ending, RunEnding::Done);
    converged(&world, &chains()).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_settled_in_the_same_run_without_a_second_object() {
    for kind in [THING, PART, ROW] {
        let world = World::default();
        let after = if kind == ROW { vec![] } else { vec!["a"] };
        let wants = [want(kind, "a", 1), want(THING, "b", 2).needs(&after)];
        world.cloud.fail(&format!("create {kind}.a"), Fault::LostReply);
        let outcome = world.command(&wants).await;
        assert_eq!(outcome.ending, RunEnding::Done, "{kind}: {outcome:?}");
        converged(&world, &wants).await;
        let made = world.cloud.ledger().iter().filter(|l| l.ends_with(".a")).count();
        assert_eq!(made, 1);
        let settled =
            |f: &Frame| matches!(f, Frame::Settled(s) if matches!(s.verdict, Verdict::Done { .. }));
        assert!(world.frames(&outcome.run).await.iter().any(settled));
    }
}

#[tokio::test(start_paused = true)]
async fn lost_replies_of_updates_and_removals_are_settled_too() {
    let world = World::default();
    world.command(&[want(THING, "a", 1), want(THING, "b", 1)]).await;
    world.cloud.fail("update a_thing.a", Fault::LostReply);
    world.cloud.fail("delete a_thing.b", Fault::LostReply);
    let outcome = world.command(&[want(THING, "a", 9)]).await;
    assert_eq!(outcome.ending, RunEnding::Done, "{outcome:?}");
    converged(&world, &[want(THING, "a", 9)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_is_tried_again_once_reading_told_that_nothing_happened() {
    let world = World::default();
    for call in ["create a_thing.a", "update a_thing.a", "delete a_thing.a"] {
        world.cloud.fail(call, Fault::Answer(Class::Unreachable));
        world.cloud.fail(call, Fault::Answer(Class::Unreachable));
    }
    let begun = Instant::now();
    assert_eq!(world.command(&[want(THING, "a", 1)]).await.ending, RunEnding::Done);
    assert!(begun.elapsed() >= Duration::from_secs(4), "a call may still be on its way");
    assert_eq!(world.command(&[want(THING, "a", 2)]).await.ending, RunEnding::Done);
    converged(&world, &[want(THING, "a", 2)]).await;
    assert_eq!(world.command(&[]).await.ending, RunEnding::Done);
    let made = ["create a_thing.a", "update a_thing.a", "delete a_thing.a"];
    assert_eq!(world.cloud.ledger(), made, "each happened once");
}

#[tokio::test(start_paused = true)]
async fn after_three_attempts_a_lost_request_is_a_failure() {
    let world = World::default();
    for _ in 0..3 {
        world.cloud.fail("create a_thing.a", Fault::Answer(Class::Unreachable));
    }
    let outcome = world.command(&[want(THING, "a", 1)]).await;
    assert_eq!(fates(&outcome), [("a".to_owned(), "failed")]);
    assert!(outcome.diagnostics.0[0].detail.contains("it did not happen"));
    assert!(world.cloud.ledger().is_empty());
    assert!(world.backend().await.open_runs().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_half_made_is_recorded_incomplete_with_its_id() {
    let world = World::default();
    world.cloud.fail("create a_thing.a", Fault::HalfMade);
    let wants = [want(THING, "a", 1), want(THING, "b", 1).needs(&["a"])];
    let outcome = world.command(&wants).await;
    assert_eq!(fates(&outcome), [("a".to_owned(), "failed"), ("b".to_owned(), "not tried")]);
    let state = world.state().await.unwrap();
    let record = &state.objects["a_thing.a"];
    assert_eq!(record.status, ObjectStatus::Incomplete);
    assert_eq!(record.identity.as_deref(), Some("a_thing-1"));
    assert_eq!(world.command(&wants).await.ending, RunEnding::Done);
    converged(&world, &wants).await;
    assert_eq!(world.cloud.all(THING).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_object_otherwise_than_planned_is_kept_as_it_is_and_named() {
    let world = World::default();
    world.cloud.fail("create a_thing.a", Fault::Inconsistent);
    let outcome = world.command(&[want(THING, "a", 1)]).await;
    assert_eq!(fates(&outcome), [("a".to_owned(), "failed")]);
    let error = &outcome.diagnostics.0[0];
    assert_eq!(error.code, "apply::inconsistent");
    assert_eq!(error.summary, "Provider produced inconsistent result after apply");
    assert!(error.detail.contains("size"), "{error:?}");
    let state = world.state().await.unwrap();
    let record = &state.objects["a_thing.a"];
    assert_eq!(record.status, ObjectStatus::Ok);
    let stored = load(&record.document).unwrap();
    assert_eq!(stored.get("size"), Some(&Value::int(-1)));
    assert_eq!(world.command(&[want(THING, "a", 1)]).await.ending, RunEnding::Done);
    converged(&world, &[want(THING, "a", 1)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_region_leaves_its_steps_in_doubt_and_the_others_done() {
    let world = World::default();
    let wants = [
        want(THING, "a", 1).region("west"),
        want(THING, "b", 1).needs(&["a"]),
        want(THING, "c", 1),
    ];
    world.cloud.kill("west");
    let begun = Instant::now();
    let outcome = world.command(&wants).await;
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    let fates = fates(&outcome);
    let fate = |name: &str| fates.iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!(["a", "b", "c"].map(fate), ["in doubt", "not tried", "done"]);
    let doubts = |f: &Frame| matches!(f, Frame::Outcome(o) if matches!(o.result, StepResult::InDoubt { .. }));
    assert!(world.frames(&outcome.run).await.iter().any(doubts));
    // The run stays open; readers without the lock know what is done and what is in doubt.
    let known = world.known().await;
    let west = wants[0].address();
    assert_eq!(known.in_doubt.keys().collect::<Vec<_>>(), [&west]);
    assert!(known.state.unwrap().objects.contains_key("a_thing.c"));
    // While the region is dead the next command learns nothing and writes nothing.
    let serial = world.state().await.unwrap().serial;
    let recovered = world.recover().await;
    assert_eq!(recovered.in_doubt.keys().collect::<Vec<_>>(), [&west]);
    assert_eq!(world.state().await.unwrap().serial, serial);
    assert!(recovered.settled.is_empty());
    // When it answers, it is settled, and the rest is planned.
    world.cloud.revive("west");
    let recovered = world.recover().await;
    assert_eq!((recovered.settled.len(), recovered.in_doubt.len()), (1, 0));
    assert_eq!(world.command(&wants).await.ending, RunEnding::Done);
    converged(&world, &wants).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_takes_long_is_reported_while_it_runs() {
    let world = World::default();
    let slow = Arc::new(Notify::new());
    world.cloud.fail("create a_thing.a", Fault::Wait(slow.clone()));
    let wants = [want(THING, "a", 1)];
    let (outcome, ()) = tokio::join!(world.command(&wants), async {
        tokio::time::sleep(Duration::from_secs(15)).await;
        slow.notify_one();
    });
    assert_eq!(outcome.ending, RunEnding::Done);
    assert!(outcome.objects[0].elapsed >= Duration::from_secs(15));
    let events = world.events.0.lock().unwrap();
    let told = events.iter().filter(|e| matches!(e, Event::ApplyProgress { .. })).count();
    assert_eq!(told, 1);
}
