//! Several objects in one call: all or nothing, or a conflict.

use lifeboat_sdk::{Class, Type, Value};
use lifeboat_state::backend::StateBackend as _;

use super::world::*;
use crate::apply::RunEnding;
use crate::refresh::fake::{Fault, Live, ROW, THING};

fn rows() -> Vec<Want> {
    vec![want(ROW, "a", 1), want(ROW, "b", 2), want(THING, "c", 3)]
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_happened_is_settled_as_a_whole() {
    let world = World::default();
    world.cloud.fail("create a_row.a", Fault::LostReply);
    world.cloud.fail("create a_row.b", Fault::LostReply);
    let outcome = world.command(&rows()).await;
    assert_eq!(outcome.ending, RunEnding::Done, "{outcome:?}");
    converged(&world, &rows()).await;
    assert_eq!(world.cloud.ledger().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_did_not_happen_is_tried_again() {
    let world = World::default();
    world.cloud.fail("create a_row.a", Fault::Answer(Class::Unreachable));
    world.cloud.fail("create a_row.b", Fault::Answer(Class::Unreachable));
    let outcome = world.command(&rows()).await;
    assert_eq!(outcome.ending, RunEnding::Done, "{outcome:?}");
    converged(&world, &rows()).await;
}

#[tokio::test(start_paused = true)]
async fn a_mixture_stops_and_state_holds_each_as_it_is() {
    let world = World::default();
    world.cloud.fail("create a_row.a", Fault::LostReply);
    world.cloud.fail("create a_row.b", Fault::Answer(Class::Unreachable));
    let outcome = world.command(&rows()).await;
    assert_eq!(outcome.ending, RunEnding::Failed);
    let codes: Vec<_> = outcome.diagnostics.0.iter().map(|d| d.code).collect();
    assert!(codes.contains(&"apply::batch"), "{codes:?}");
    let state = world.state().await.unwrap();
    assert!(state.objects.contains_key("a_row.a") && !state.objects.contains_key("a_row.b"));
    assert_eq!(world.command(&rows()).await.ending, RunEnding::Done);
    converged(&world, &rows()).await;
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_object_of_the_same_name_is_shown_and_not_taken() {
    let world = World::default();
    world.cloud.fail("create a_row.a", Fault::Answer(Class::Unreachable));
    let theirs = document(&want(ROW, "a", 99)).with("id", Value::string("z/a"));
    let theirs = theirs.with("etag", Value::Null(Type::String));
    let live = Live { document: theirs.clone(), owner: None };
    world.cloud.lock().objects.insert((ROW, "z/a".to_owned()), live);
    let outcome = world.command(&[want(ROW, "a", 1)]).await;
    assert_eq!(fates(&outcome), [("a".to_owned(), "failed")]);
    let error = &outcome.diagnostics.0[0];
    assert_eq!(error.code, "apply::conflict");
    assert!(error.detail.contains("size is 99, planned was 1"), "{error:?}");
    assert!(error.help.as_deref().unwrap().contains("to = a_row.a\n  id = \"z/a\""));
    assert!(world.state().await.unwrap().objects.is_empty());
    assert_eq!(world.cloud.live(ROW, "z/a").unwrap().document, theirs);
    assert!(world.backend().await.open_runs().await.unwrap().is_empty());
}
