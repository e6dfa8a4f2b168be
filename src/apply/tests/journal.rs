//! Disks and locks that fail: nothing is called that the journal does not hold.

use std::sync::atomic::Ordering;

use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::store::memory::Fault as DiskFault;

use super::world::*;
use crate::apply::{Fate, RunEnding};
use crate::refresh::fake::{PART, THING};

fn wants() -> Vec<Want> {
    vec![
        want(THING, "a", 1),
        want(THING, "b", 2).needs(&["a"]),
        want(PART, "c", 3).needs(&["b"]),
        want(THING, "d", 4),
    ]
}

/// The n-th call of the disk fails, once or from then on, until a run has none left to fail.
#[tokio::test(start_paused = true)]
async fn whatever_call_of_the_disk_fails_nothing_unrecorded_is_called_and_nothing_is_lost() {
    for sticky in [false, true] {
        for fault in [DiskFault::NoSpace, DiskFault::Io] {
            let mut nth = 0;
            loop {
                nth += 1;
                let disk_fault = Some((nth, fault, sticky));
                let world = World { disk_fault, ..World::default() };
                let backend = world.backend().await;
                let guard = world.lock(&backend).await;
                let plan = planned("p", None, &wants());
                let references = References(plan.clone());
                let outcome = world.apply_under("p", &plan, &references, &backend, &guard).await;
                let untouched = world.disk.calls() - world.armed.load(Ordering::SeqCst) < nth;
                world.disk.heal();
                let done = outcome.objects.iter().filter(|o| o.fate == Fate::Done).count();
                let called = world.cloud.ledger().len();
                assert!(called >= done, "{nth}: what is done was called");
                match outcome.ending {
                    RunEnding::Done => assert_eq!((done, called), (4, 4)),
                    RunEnding::Refused => assert_eq!((done, called), (0, 0)),
                    RunEnding::Unrecorded => {
                        let said = outcome
                            .diagnostics
                            .0
                            .iter()
                            .any(|d| d.code == "apply::unrecorded" && d.help.is_some());
                        assert!(said, "{outcome:?}");
                    }
                    RunEnding::Failed | RunEnding::Interrupted => panic!("{outcome:?}"),
                }
                drop(backend.unlock(guard).await);
                let after =
                    World { disk_fault: None, ..world.reborn(world.disk.crash(|u| u.units)) };
                let outcome = after.command(&wants()).await;
                assert_eq!(outcome.ending, RunEnding::Done, "{nth}: {outcome:?}");
                converged(&after, &wants()).await;
                if untouched {
                    break;
                }
            }
            assert!(nth > 20, "the loop went through the whole run: {nth}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_fails_stops_before_the_next_call() {
    let plan = planned("p", None, &wants());
    // Find the append of the first intents: everything before it makes no call.
    let mut nth = 0;
    loop {
        nth += 1;
        let disk_fault = Some((nth, DiskFault::Io, true));
        let world = World { disk_fault, ..World::default() };
        let backend = world.backend().await;
        let guard = world.lock(&backend).await;
        let references = References(plan.clone());
        let outcome = world.apply_under("p", &plan, &references, &backend, &guard).await;
        if outcome.ending == RunEnding::Unrecorded {
            assert!(world.cloud.ledger().is_empty(), "{:?}", world.cloud.ledger());
            let tried = |o: &&crate::apply::ObjectOutcome| !matches!(o.fate, Fate::NotTried(_));
            assert_eq!(outcome.objects.iter().filter(tried).count(), 0);
            break;
        }
        assert_eq!(outcome.ending, RunEnding::Refused);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_lock_ends_the_run_without_a_generation() {
    let world = World::default();
    let backend = world.backend().await;
    let guard = world.lock(&backend).await;
    let plan = planned("p", None, &wants());
    // Somebody breaks the lock before the first call.
    let thief = world.lock(&backend).await;
    let references = References(plan.clone());
    let outcome = world.apply_under("p", &plan, &references, &backend, &guard).await;
    assert_eq!(outcome.ending, RunEnding::Refused);
    assert!(world.cloud.ledger().is_empty());
    assert!(world.state().await.is_none());
    backend.unlock(thief).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_lost_on_the_way_stops_before_the_next_wave() {
    let world = World::default();
    let backend = world.backend().await;
    let guard = world.lock(&backend).await;
    let plan = planned("p", None, &wants());
    let slow = std::sync::Arc::new(tokio::sync::Notify::new());
    world.cloud.fail("create a_thing.a", crate::refresh::fake::Fault::Wait(slow.clone()));
    let references = References(plan.clone());
    let run = world.apply_under("p", &plan, &references, &backend, &guard);
    let (outcome, thief) = tokio::join!(run, async {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        let thief = world.lock(&backend).await;
        slow.notify_one();
        thief
    });
    assert_eq!(outcome.ending, RunEnding::Unrecorded, "{outcome:?}");
    assert!(!world.cloud.ledger().contains(&"create a_thing.b".to_owned()));
    assert!(world.state().await.is_none(), "who lost the lock commits nothing");
    backend.unlock(thief).await.unwrap();
    assert_eq!(world.command(&wants()).await.ending, RunEnding::Done);
    converged(&world, &wants()).await;
}
