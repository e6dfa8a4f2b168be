//! Open runs: what is settled, what stays in doubt, what is never taken twice.

use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Interrupt, Severity, Type, Value};
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::journal::{Frame, RunStatus};
use lifeboat_state::model::ObjectStatus;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::world::*;
use crate::apply::RunEnding;
use crate::event::Event;
use crate::refresh::fake::{Fault, Live, PART, ROW, THING};

/// A run that is stopped while this call waits for an answer that never comes.
async fn stopped(world: &World, call: &str, wants: &[Want]) -> World {
    world.cloud.fail(call, Fault::Wait(Arc::new(Notify::new())));
    let (outcome, ()) = tokio::join!(world.command(wants), async {
        sleep(Duration::from_secs(1)).await;
        world.interrupt.send(Interrupt::Stop).unwrap();
    });
    assert_eq!(outcome.ending, RunEnding::Interrupted);
    world.reborn(world.disk.clone())
}

#[tokio::test(start_paused = true)]
async fn what_happened_is_taken_with_its_id_and_the_run_is_over() {
    for (kind, call) in [(THING, "create a_thing.a"), (PART, "create a_part.a")] {
        let world = World::default();
        let next = stopped(&world, call, &[want(kind, "a", 1)]).await;
        let recovered = next.recover().await;
        assert!(recovered.diagnostics.is_empty(), "{recovered:?}");
        let [run] = &*recovered.settled else { panic!("{recovered:?}") };
        let state = recovered.loaded.unwrap().state;
        let record = state.objects.values().next().unwrap();
        assert_eq!(record.status, ObjectStatus::Ok);
        assert!(next.cloud.live(kind, record.identity.as_deref().unwrap()).is_some());
        let frames = next.frames(run).await;
        let end = frames.last().unwrap();
        assert!(matches!(end, Frame::RunEnd(e) if e.status == RunStatus::Folded), "{end:?}");
        let events = next.events.0.lock().unwrap();
        assert!(events.iter().any(|e| matches!(e, Event::Recovering { in_doubt: 1, .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_happened_in_part_stops_the_command_and_the_next_goes_on() {
    let world = World::default();
    let rows = [want(ROW, "a", 1), want(ROW, "b", 2)];
    // The first of two is made, the second is never asked for.
    let next = stopped(&world, "create a_row.a", &rows).await;
    let recovered = next.recover().await;
    assert!(recovered.diagnostics.has_errors());
    assert_eq!(recovered.diagnostics.0[0].code, "apply::batch");
    let state = recovered.loaded.unwrap().state;
    assert_eq!(state.objects.keys().collect::<Vec<_>>(), ["a_row.a"]);
    assert_eq!(next.command(&rows).await.ending, RunEnding::Done);
    converged(&next, &rows).await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_neither_as_it_was_nor_as_planned_is_kept_incomplete_and_shown() {
    let world = World::default();
    let wants = [want(PART, "a", 1)];
    world.cloud.fail("create a_part.a", Fault::Wait(Arc::new(Notify::new())));
    let (_, ()) = tokio::join!(world.command(&wants), async {
        sleep(Duration::from_secs(1)).await;
        // Somebody changes it before we look.
        let theirs = document(&want(PART, "a", 50)).with("id", Value::string("a"));
        let theirs = theirs.with("etag", Value::Null(Type::String));
        let live = Live { document: theirs, owner: None };
        world.cloud.lock().objects.insert((PART, "a".to_owned()), live);
        world.interrupt.send(Interrupt::Stop).unwrap();
    });
    let next = world.reborn(world.disk.clone());
    let recovered = next.recover().await;
    let error = &recovered.diagnostics.0[0];
    assert_eq!(error.code, "apply::conflict");
    assert!(error.detail.contains("size is 50, planned was 1"), "{error:?}");
    let state = recovered.loaded.unwrap().state;
    assert_eq!(state.objects["a_part.a"].status, ObjectStatus::Incomplete);
    assert_eq!(next.command(&wants).await.ending, RunEnding::Done);
    converged(&next, &wants).await;
}

#[tokio::test(start_paused = true)]
async fn a_conflict_shows_no_secret() {
    let world = World::default();
    let mut plan = planned("p", None, &[want(PART, "a", 1)]);
    let after = plan.changes[0].after.clone().unwrap();
    plan.changes[0].after = Some(after.with("policy", Value::string("ours-secret").sensitive()));
    world.cloud.fail("create a_part.a", Fault::LostReply);
    let (outcome, ()) = tokio::join!(world.apply(&plan), async {
        while world.cloud.all(PART).is_empty() {
            tokio::task::yield_now().await;
        }
        let mut inner = world.cloud.lock();
        let live = inner.objects.get_mut(&(PART, "a".to_owned())).unwrap();
        live.document = live.document.with("policy", Value::string("their-secret"));
    });
    let text = format!("{:?}", outcome.diagnostics);
    assert!(text.contains("policy is (sensitive value), planned was (sensitive value)"), "{text}");
    assert!(!text.contains("-secret"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_dead_region_keeps_only_its_own_steps_in_doubt() {
    let world = World::default();
    let wants = [want(THING, "a", 1).region("west"), want(THING, "b", 1)];
    world.cloud.fail("create a_thing.b", Fault::Wait(Arc::new(Notify::new())));
    let next = stopped(&world, "create a_thing.a", &wants).await;
    next.cloud.kill("west");
    let recovered = next.recover().await;
    assert_eq!(recovered.in_doubt.keys().collect::<Vec<_>>(), [&wants[0].address()]);
    assert!(recovered.settled.is_empty());
    let [warning] = &*recovered.diagnostics.0 else { panic!("{recovered:?}") };
    assert_eq!((warning.severity, warning.code), (Severity::Warning, "apply::in_doubt"));
    let state = recovered.loaded.unwrap().state;
    assert_eq!(state.objects.keys().collect::<Vec<_>>(), ["a_thing.b"]);
    next.cloud.revive("west");
    assert_eq!(next.recover().await.settled.len(), 1);
    assert_eq!(next.command(&wants).await.ending, RunEnding::Done);
    converged(&next, &wants).await;
    let mut ledger = next.cloud.ledger();
    ledger.sort();
    assert_eq!(ledger, ["create a_thing.a", "create a_thing.b"]);
}

#[tokio::test(start_paused = true)]
async fn an_open_run_is_not_taken_twice_over_what_later_runs_did() {
    let world = World::default();
    let west = want(THING, "a", 1).region("west");
    let next = stopped(&world, "create a_thing.a", &[west.clone(), want(THING, "b", 1)]).await;
    next.cloud.kill("west");
    // The next command cannot settle it; it removes what the open run had made.
    assert_eq!(next.command(&[]).await.ending, RunEnding::Done);
    assert!(next.state().await.unwrap().objects.is_empty());
    assert!(next.cloud.ledger().contains(&"delete a_thing.b".to_owned()));
    next.cloud.revive("west");
    let recovered = next.recover().await;
    assert_eq!(recovered.settled.len(), 1);
    let state = recovered.loaded.unwrap().state;
    assert_eq!(state.objects.keys().collect::<Vec<_>>(), ["a_thing.a"], "b is not back");
    assert!(next.backend().await.open_runs().await.unwrap().is_empty());
    converged(&next, &[west]).await;
}

#[tokio::test(start_paused = true)]
async fn without_open_runs_nothing_is_written() {
    let world = World::default();
    world.command(&[want(THING, "a", 1)]).await;
    let serial = world.state().await.unwrap().serial;
    let recovered = world.recover().await;
    assert!(recovered.settled.is_empty() && recovered.diagnostics.is_empty());
    assert_eq!(recovered.loaded.unwrap().head.serial, serial);
    assert_eq!(world.state().await.unwrap().serial, serial);
    assert_eq!(world.known().await.state, world.state().await);
}
