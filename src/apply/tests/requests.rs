//! Requests of operators while a promotion runs, under the virtual clock.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::digest::Digest;
use lifeboat_state::journal::RunId;
use lifeboat_state::line;
use lifeboat_state::request::{Request, What};
use lifeboat_state::store::{CasStore as _, Name};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::world::*;
use crate::apply::RunEnding;
use crate::event::Event;
use crate::plan::{Phase, Plan, Promotion};
use crate::refresh::fake::{Fault, THING};

/// What would be done now.
async fn made(world: &World, wants: &[Want]) -> Plan {
    planned(&world.next_plan(), world.state().await.as_ref(), wants)
}

/// A plan whose steps are those of a promotion.
fn promotes(plan: Plan) -> Plan {
    let promotion = Promotion::new(&"east".into(), &"west".into(), 1);
    Plan { promotion: Some(promotion), ..plan }
}

fn request(plan: &Plan, what: What) -> Request {
    Request {
        id: what.word().to_owned(),
        lineage: LINEAGE.to_owned(),
        run: RunId::new(format!("run-{}", plan.id)).unwrap(),
        epoch: 1,
        what,
        step: None,
        attested: Vec::new(),
        accepted_loss: None,
        loss_bound: None,
        since: None,
        no_edit: false,
        reason: String::new(),
        who: "ann@host".to_owned(),
        at: String::new(),
    }
}

fn wants() -> Vec<Want> {
    vec![want(THING, "a", 1), want(THING, "b", 2).needs(&["a"])]
}

fn begun(world: &World) -> usize {
    let events = world.events.0.lock().unwrap();
    events.iter().filter(|event| matches!(event, Event::ApplyStart { .. })).count()
}

#[tokio::test(start_paused = true)]
async fn a_paused_promotion_ends_what_runs_begins_nothing_and_asks_seldom() {
    let world = World::default();
    let slow = Arc::new(Notify::new());
    world.cloud.fail("create a_thing.a", Fault::Wait(slow.clone()));
    let plan = promotes(made(&world, &wants()).await);
    let (outcome, ()) = tokio::join!(world.apply(&plan), async {
        let backend = world.backend().await;
        sleep(Duration::from_secs(1)).await;
        backend.requests().append(&request(&plan, What::Pause)).await.unwrap();
        sleep(Duration::from_secs(5)).await;
        assert!(backend.requests().answered(1).await.unwrap().unwrap().unwrap().taken);
        slow.notify_one();
        sleep(Duration::from_secs(5)).await;
        let calls = world.disk.calls();
        sleep(Duration::from_secs(100)).await;
        // A listing and a look at the lock, every two seconds.
        let calls = world.disk.calls() - calls;
        assert!((50..=102).contains(&calls), "{calls}");
        assert_eq!(begun(&world), 1);
        backend.requests().append(&request(&plan, What::Resume)).await.unwrap();
    });
    assert_eq!(outcome.ending, RunEnding::Done);
    assert_eq!(begun(&world), 2);
    let events = world.events.0.lock().unwrap().clone();
    let told = events.iter().filter(|event| matches!(event, Event::Paused { .. })).count();
    assert!((10..=12).contains(&told), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_ends_the_run_leaves_the_promotion_open_for_who_asked() {
    let world = World::default();
    let slow = Arc::new(Notify::new());
    world.cloud.fail("create a_thing.a", Fault::Wait(slow.clone()));
    let plan = promotes(made(&world, &wants()).await);
    let (outcome, ()) = tokio::join!(world.apply(&plan), async {
        let backend = world.backend().await;
        sleep(Duration::from_secs(1)).await;
        backend.requests().append(&request(&plan, What::Abort)).await.unwrap();
        sleep(Duration::from_secs(5)).await;
        slow.notify_one();
    });
    assert_eq!(outcome.ending, RunEnding::Interrupted);
    assert_eq!(outcome.asked.map(|asked| asked.what), Some(What::Abort));
    assert_eq!(begun(&world), 1);
    assert_eq!(world.backend().await.open_runs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_promotions_look_for_requests_and_one_of_another_run_is_refused_once() {
    let world = World::default();
    let backend = world.backend().await;
    let plan = made(&world, &wants()).await;
    let other = Request { run: RunId::new("another").unwrap(), ..request(&plan, What::Pause) };
    backend.requests().append(&other).await.unwrap();
    assert_eq!(world.apply(&plan).await.ending, RunEnding::Done);
    assert_eq!(backend.requests().open(&BTreeSet::new()).await.unwrap().len(), 1);
    let wants = [wants(), vec![want(THING, "c", 3)]].concat();
    let plan = promotes(made(&world, &wants).await);
    assert_eq!(world.apply(&plan).await.ending, RunEnding::Done);
    let answer = backend.requests().answered(1).await.unwrap().unwrap().unwrap();
    assert!(!answer.taken && answer.how.contains("made for run another"), "{answer:?}");
    assert!(backend.requests().open(&BTreeSet::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_of_a_newer_format_is_refused_with_a_sentence() {
    let world = World::default();
    let newer = line::encode(0, Digest::ZERO, r#"{"version":2,"wish":"pause"}"#);
    let name = Name::new("requests/00000000000000000001").unwrap();
    world.disk.put_new(&name, newer.into()).await.unwrap();
    let plan = promotes(made(&world, &wants()).await);
    assert_eq!(world.apply(&plan).await.ending, RunEnding::Done);
    let answer = world.backend().await.requests().answered(1).await.unwrap().unwrap().unwrap();
    let why = "It is not taken: a newer lifeboat wrote it, in format 2";
    assert!(!answer.taken && answer.how.starts_with(why), "{answer:?}");
    let events = world.events.0.lock().unwrap().clone();
    let told = |event: &Event| matches!(event, Event::Requested(told) if told.request.is_none());
    assert_eq!(events.iter().filter(|event| told(event)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_region_that_is_left_no_more_is_lost_than_was_accepted() {
    let since = Some("2026-11-21T18:00:00Z".to_owned());
    let cases = [
        (Some(60), since.clone(), true, "planned anew without east"),
        (Some(300), since.clone(), true, "planned anew without east"),
        (Some(301), since.clone(), false, "up to 301 s of writes may be lost by now"),
        (None, since, false, "it is unknown how much may be lost"),
        // The clock of this world tells no time: it may be hours old.
        (Some(60), None, false, "it is unknown how much may be lost"),
    ];
    for (loss_bound, since, taken, how) in cases {
        let world = World::default();
        let slow = Arc::new(Notify::new());
        world.cloud.fail("create a_thing.a", Fault::Wait(slow.clone()));
        let plan = promotes(made(&world, &wants()).await);
        let asks = Request {
            attested: vec!["east".to_owned()],
            accepted_loss: Some("5m".to_owned()),
            loss_bound,
            since,
            ..request(&plan, What::Ungraceful)
        };
        let (outcome, ()) = tokio::join!(world.apply(&plan), async {
            let backend = world.backend().await;
            sleep(Duration::from_secs(1)).await;
            backend.requests().append(&asks).await.unwrap();
            sleep(Duration::from_secs(5)).await;
            let answer = backend.requests().answered(1).await.unwrap().unwrap().unwrap();
            assert_eq!(answer.taken, taken, "{answer:?}");
            assert!(answer.how.contains(how), "{answer:?}");
            slow.notify_one();
        });
        let ends = if taken { RunEnding::Interrupted } else { RunEnding::Done };
        assert_eq!(outcome.ending, ends, "{how}");
    }
}

/// `timeouts` in the failover block: nobody waits longer for an answer, and it is read what came of it.
#[tokio::test(start_paused = true)]
async fn a_change_that_takes_longer_than_its_phase_allows_is_read() {
    let world = World::default();
    // It has its effect, and the answer never comes.
    world.cloud.fail("create a_thing.a", Fault::Wait(Arc::new(Notify::new())));
    let mut plan = promotes(made(&world, &wants()).await);
    let limits = [(Phase::Change, Duration::from_secs(5))].into();
    plan.promotion.as_mut().unwrap().limits = limits;
    let begun = tokio::time::Instant::now();
    let outcome = world.apply(&plan).await;
    assert_eq!(outcome.ending, RunEnding::Done, "{:?}", outcome.diagnostics);
    let took = begun.elapsed().as_secs();
    assert!((5..10).contains(&took), "{took} s");
}
