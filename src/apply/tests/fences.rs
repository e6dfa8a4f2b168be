//! Fences: one is placed when it is seen, and not when its call says so.

use lifeboat_sdk::{Class, Value};
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::model::Owed;
use tokio::time::Instant;

use super::world::*;
use crate::apply::{Outcome, RunEnding};
use crate::plan::{Phase, Plan};
use crate::refresh::fake::{Fault, THING};

const FENCE: &str = "update a_thing.fence";

/// A fence, and what comes after it.
fn wants(size: i64) -> Vec<Want> {
    vec![want(THING, "fence", size), want(THING, "after", size).needs(&["fence"])]
}

/// Both are there, open; the plan that places the fence.
async fn planned_fence() -> (World, Plan) {
    let world = World::default();
    assert_eq!(world.command(&wants(1)).await.ending, RunEnding::Done);
    world.cloud.lock().ledger.clear();
    let plan = planned(&world.next_plan(), world.state().await.as_ref(), &wants(2));
    (world, plan)
}

/// The same in the phase of a promotion.
async fn fencing() -> (World, Plan) {
    let (world, mut plan) = planned_fence().await;
    plan.steps[0].phase = Phase::Fence;
    (world, plan)
}

/// How large it is, live and as state has it.
async fn sizes(world: &World) -> [Option<i64>; 2] {
    let size = |live: &Value| live.get("size").and_then(Value::as_i64);
    let named = |live: &&Value| live.get("name").and_then(Value::as_str) == Some("fence");
    let live = world.cloud.all(THING).iter().find(named).and_then(size);
    let state = world.state().await.unwrap();
    let stored = crate::apply::document::load(&state.objects["a_thing.fence"].document).unwrap();
    [live, size(&stored)]
}

fn told(outcome: &Outcome) -> Vec<&str> {
    outcome.diagnostics.0.iter().map(|told| told.code).collect()
}

#[tokio::test(start_paused = true)]
async fn a_fence_that_was_answered_and_is_not_there_is_placed_again() {
    let (world, plan) = fencing().await;
    world.cloud.fail(FENCE, Fault::Vain);
    let outcome = world.apply(&plan).await;
    assert_eq!(outcome.ending, RunEnding::Done, "{outcome:?}");
    assert_eq!(world.cloud.ledger(), [FENCE, FENCE, "update a_thing.after"]);
    assert_eq!(sizes(&world).await, [Some(2), Some(2)]);
    assert_eq!(world.cloud.lock().reads["a_thing.fence"], 3, "twice in vain, then once");
}

#[tokio::test(start_paused = true)]
async fn nothing_comes_after_a_fence_that_is_never_seen() {
    let (world, plan) = fencing().await;
    (0..3).for_each(|_| world.cloud.fail(FENCE, Fault::Vain));
    let outcome = world.apply(&plan).await;
    assert_eq!(fates(&outcome)[0], ("fence".to_owned(), "failed"));
    assert_eq!(fates(&outcome)[1], ("after".to_owned(), "not tried"));
    assert_eq!(told(&outcome), ["apply::did_not_happen"]);
    assert_eq!(sizes(&world).await, [Some(1), Some(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_fence_whose_region_falls_silent_when_it_is_looked_for_is_in_doubt() {
    let (world, plan) = fencing().await;
    world.cloud.fail("read a_thing.fence", Fault::Answer(Class::Denied));
    let outcome = world.apply(&plan).await;
    assert_eq!(fates(&outcome)[0], ("fence".to_owned(), "in doubt"));
    assert_eq!(told(&outcome), ["apply::in_doubt"]);
    assert!(outcome.diagnostics.0[0].detail.contains("answered as done"), "{outcome:?}");
    // The next command looks, and finds it.
    let recovered = world.recover().await;
    assert!(recovered.in_doubt.is_empty(), "{recovered:?}");
    assert_eq!(sizes(&world).await, [Some(2), Some(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_fence_that_stands_costs_one_read_and_no_time() {
    let (world, plan) = fencing().await;
    let before = Instant::now();
    assert_eq!(world.apply(&plan).await.ending, RunEnding::Done);
    assert_eq!(before.elapsed().as_millis(), 0);
    let reads = world.cloud.lock().reads.clone();
    assert_eq!(reads.get("a_thing.fence"), Some(&1));
    assert_eq!(reads.get("a_thing.after"), None, "what is no fence is not looked at");
}

/// By hand and on return fences have no phase of their own: state has what is owed.
#[tokio::test(start_paused = true)]
async fn what_is_owed_stays_so_until_it_is_seen() {
    let (world, plan) = planned_fence().await;
    let backend = world.backend().await;
    let mut loaded = backend.load().await.unwrap().unwrap();
    let owed = Owed { region: "east".to_owned(), epoch: 0, since: "then".to_owned() };
    loaded.state.promotions.owed.insert("a_thing.fence".to_owned(), owed);
    let guard = world.lock(&backend).await;
    backend.commit(&guard, Some(&loaded.head), "owed", &loaded.state).await.unwrap();
    backend.unlock(guard).await.unwrap();
    (0..3).for_each(|_| world.cloud.fail(FENCE, Fault::Vain));
    assert_eq!(told(&world.apply(&plan).await), ["apply::did_not_happen"]);
    let owed = || async { world.state().await.unwrap().promotions.owed.len() };
    assert_eq!((sizes(&world).await, owed().await), ([Some(1), Some(1)], 1));
    assert_eq!(world.command(&wants(2)).await.ending, RunEnding::Done);
    assert_eq!((sizes(&world).await, owed().await), ([Some(2), Some(2)], 0));
}
