//! The first interrupt finishes what runs, the second stops.

use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::Interrupt;
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::model::ObjectStatus;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::world::*;
use crate::apply::RunEnding;
use crate::event::Event;
use crate::refresh::fake::{Fault, THING};

fn wants() -> Vec<Want> {
    vec![want(THING, "a", 1), want(THING, "b", 2).needs(&["a"]), want(THING, "c", 3).region("west")]
}

fn fate(outcome: &crate::apply::Outcome, name: &str) -> &'static str {
    fates(outcome).into_iter().find(|(n, _)| n == name).unwrap().1
}

#[tokio::test(start_paused = true)]
async fn the_first_interrupt_starts_nothing_new_and_finishes_what_runs() {
    let world = World::default();
    let slow = Arc::new(Notify::new());
    world.cloud.fail("create a_thing.a", Fault::Wait(slow.clone()));
    let (wants, interrupt) = (wants(), world.interrupt.clone());
    let (outcome, ()) = tokio::join!(world.command(&wants), async {
        sleep(Duration::from_secs(1)).await;
        interrupt.send(Interrupt::Finish).unwrap();
        sleep(Duration::from_secs(1)).await;
        slow.notify_one();
    });
    assert_eq!(outcome.ending, RunEnding::Interrupted);
    assert_eq!(["a", "b", "c"].map(|n| fate(&outcome, n)), ["done", "not tried", "done"]);
    assert!(world.backend().await.open_runs().await.unwrap().is_empty());
    let events = world.events.0.lock().unwrap().clone();
    assert!(events.iter().any(|e| matches!(e, Event::Interrupted(false))));
    let next = world.reborn(world.disk.clone());
    assert_eq!(next.command(&wants).await.ending, RunEnding::Done);
    converged(&next, &wants).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_interrupt_ends_waits_early_and_what_was_made_is_read_back() {
    let world = World::default();
    world.cloud.fail("create a_thing.a", Fault::SlowReady);
    let (wants, interrupt) = (wants(), world.interrupt.clone());
    let begun = Instant::now();
    let (outcome, ()) = tokio::join!(world.command(&wants), async {
        sleep(Duration::from_secs(1)).await;
        interrupt.send(Interrupt::Finish).unwrap();
    });
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert_eq!(outcome.ending, RunEnding::Interrupted);
    assert_eq!(["a", "b", "c"].map(|n| fate(&outcome, n)), ["done", "not tried", "done"]);
    let state = world.state().await.unwrap();
    assert_eq!(state.objects["a_thing.a"].status, ObjectStatus::Ok);
}

#[tokio::test(start_paused = true)]
async fn the_second_interrupt_stops_now_and_leaves_the_rest_in_doubt() {
    let world = World::default();
    world.cloud.fail("create a_thing.a", Fault::Wait(Arc::new(Notify::new())));
    let (wants, interrupt) = (wants(), world.interrupt.clone());
    let begun = Instant::now();
    let (outcome, ()) = tokio::join!(world.command(&wants), async {
        sleep(Duration::from_secs(1)).await;
        interrupt.send(Interrupt::Finish).unwrap();
        sleep(Duration::from_secs(1)).await;
        interrupt.send(Interrupt::Stop).unwrap();
    });
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(outcome.ending, RunEnding::Interrupted);
    assert_eq!(["a", "b", "c"].map(|n| fate(&outcome, n)), ["in doubt", "not tried", "done"]);
    assert!(world.state().await.unwrap().objects.contains_key("a_thing.c"), "saved all the same");
    assert_eq!(world.backend().await.open_runs().await.unwrap().len(), 1);
    let next = world.reborn(world.disk.clone());
    assert_eq!(next.command(&wants).await.ending, RunEnding::Done);
    converged(&next, &wants).await;
    assert_eq!(next.cloud.ledger().iter().filter(|l| *l == "create a_thing.a").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_before_the_first_step_calls_nothing() {
    let world = World::default();
    world.interrupt.send_replace(Interrupt::Finish);
    let outcome = world.command(&wants()).await;
    assert_eq!(outcome.ending, RunEnding::Interrupted);
    assert!(world.cloud.ledger().is_empty());
    assert!(!outcome.partial());
}
