//! Both orders of replacement.

use lifeboat_sdk::Class;
use lifeboat_state::model::ObjectStatus;

use super::world::*;
use crate::apply::document::load;
use crate::apply::{Counts, RunEnding};
use crate::refresh::fake::{Fault, THING};

#[tokio::test(start_paused = true)]
async fn destroy_then_create() {
    let world = World::default();
    world.command(&[want(THING, "a", 1)]).await;
    let other = [want(THING, "a", 1).label("other")];
    let outcome = world.command(&other).await;
    assert_eq!(outcome.counts(), Counts { added: 1, destroyed: 1, ..Counts::default() });
    assert_eq!(world.cloud.ledger()[1..], ["delete a_thing.a", "create a_thing.a"]);
    converged(&world, &other).await;
}

#[tokio::test(start_paused = true)]
async fn create_then_destroy_what_was_deposed() {
    let world = World::default();
    world.command(&[want(THING, "a", 1)]).await;
    let other = [want(THING, "a", 1).label("other").first_create()];
    let outcome = world.command(&other).await;
    assert_eq!(outcome.counts(), Counts { added: 1, destroyed: 1, ..Counts::default() });
    assert_eq!(world.cloud.ledger()[1..], ["create a_thing.a", "delete a_thing.a"]);
    converged(&world, &other).await;
}

#[tokio::test(start_paused = true)]
async fn a_predecessor_that_cannot_be_removed_stays_deposed_until_the_next_plan() {
    let world = World::default();
    world.command(&[want(THING, "a", 1)]).await;
    world.cloud.fail("delete a_thing.a", Fault::Answer(Class::Denied));
    let other = [want(THING, "a", 1).label("other").first_create()];
    assert_eq!(world.command(&other).await.ending, RunEnding::Failed);
    let state = world.state().await.unwrap();
    let record = &state.objects["a_thing.a"];
    assert_eq!(record.identity.as_deref(), Some("a_thing-2"));
    assert_eq!(record.deposed[0].identity.as_deref(), Some("a_thing-1"));
    assert_eq!(world.command(&other).await.ending, RunEnding::Done);
    converged(&world, &other).await;
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_cannot_be_made_leaves_the_old_object_current() {
    let world = World::default();
    world.command(&[want(THING, "a", 1)]).await;
    world.cloud.fail("create a_thing.a", Fault::Answer(Class::Denied));
    let other = [want(THING, "a", 1).label("other").first_create()];
    assert_eq!(world.command(&other).await.ending, RunEnding::Failed);
    let state = world.state().await.unwrap();
    let record = &state.objects["a_thing.a"];
    assert_eq!(record.identity.as_deref(), Some("a_thing-1"));
    assert!(record.deposed.is_empty());
    assert_eq!(record.status, ObjectStatus::Ok);
}

#[tokio::test(start_paused = true)]
async fn when_everything_but_a_deposed_object_is_gone_the_record_says_so() {
    let world = World::default();
    world.command(&[want(THING, "a", 1)]).await;
    world.cloud.fail("delete a_thing.a", Fault::Answer(Class::Denied));
    world.command(&[want(THING, "a", 1).label("other").first_create()]).await;
    world.cloud.fail("delete a_thing.a", Fault::Answer(Class::Denied));
    // Two removals under one address: the first is refused, whichever it is.
    assert_eq!(world.command(&[]).await.ending, RunEnding::Failed);
    let state = world.state().await.unwrap();
    let record = &state.objects["a_thing.a"];
    let current = load(&record.document).unwrap();
    assert_eq!(current.is_null(), !record.deposed.is_empty());
    assert_eq!(world.command(&[]).await.ending, RunEnding::Done);
    converged(&world, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_replacement_in_another_region_removes_the_old_object_where_it_was() {
    for first in [false, true] {
        let world = World::default();
        world.command(&[want(THING, "a", 1)]).await;
        let mut other = want(THING, "a", 1).region("west");
        other.create_before_destroy = first;
        world.cloud.fail("delete a_thing.a", Fault::LostReply);
        assert_eq!(world.command(&[other.clone()]).await.ending, RunEnding::Done);
        converged(&world, &[other]).await;
        assert_eq!(world.state().await.unwrap().objects["a_thing.a"].scope.location, "west");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_of_a_replacement_finds_the_new_object_and_not_the_old() {
    for first in [false, true] {
        for fault in [Fault::LostReply, Fault::Answer(Class::Unreachable)] {
            let world = World::default();
            world.command(&[want(THING, "a", 1)]).await;
            world.cloud.fail("create a_thing.a", fault);
            let mut other = want(THING, "a", 1).label("other");
            other.create_before_destroy = first;
            let outcome = world.command(&[other.clone()]).await;
            assert_eq!(outcome.ending, RunEnding::Done, "{first} {outcome:?}");
            converged(&world, &[other]).await;
        }
    }
}
