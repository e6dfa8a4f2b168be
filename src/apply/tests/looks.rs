//! The last looks: at a role record before the claim, at a fence after it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::context::IdentifiedSink;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{Class, Ctx, Diagnostic, Failure, Purpose, Session, Value};

use super::world::*;
use crate::apply::act::Deed;
use crate::plan::{Act, Operand, Task};
use crate::refresh::fake::{Cloud, Fault, PART, THING, scope};

/// A fence of size 1 that was placed.
async fn fenced() -> (World, Value, String) {
    fenced_as(THING).await
}

async fn fenced_as(kind: &'static str) -> (World, Value, String) {
    let world = World::default();
    world.command(&[want(kind, "a", 1)]).await;
    let mut inner = world.cloud.lock();
    let ((_, id), live) = inner.objects.iter_mut().next().unwrap();
    let found = (live.document.clone(), id.clone());
    drop(inner);
    (world, found.0, found.1)
}

/// Somebody takes the fence away.
fn taken_away(cloud: &Cloud) {
    let mut inner = cloud.lock();
    let live = inner.objects.values_mut().next().unwrap();
    live.document = live.document.with("size", Value::int(2));
}

fn is_placed(cloud: &Cloud) -> bool {
    let size = |live: &Value| live.get("size").and_then(Value::as_i64);
    let all = [THING, PART].into_iter().flat_map(|kind| cloud.all(kind));
    all.map(|live| size(&live)).eq([Some(1)])
}

/// Nothing is made here whose id had to be kept.
struct Unheard;

impl IdentifiedSink for Unheard {
    fn identified<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

/// Looks at it, with what has come of that for the journal.
async fn looked(act: Act, cloud: &Cloud, at: (&Value, &str)) -> Result<String, Diagnostic> {
    looked_at(act, cloud, at, false).await
}

/// The same of what keeps writes out, or of what ran.
async fn looked_at(
    act: Act,
    cloud: &Cloud,
    (document, id): (&Value, &str),
    keeps_out: bool,
) -> Result<String, Diagnostic> {
    // What keeps writes out is a part of what it closes, as policies of buckets are.
    let name = if keeps_out { PART } else { THING };
    let kind = cloud.providers().kind("fake", name).map(Arc::clone);
    let on = Operand {
        provider: "fake".into(),
        kind: name.into(),
        id: Some(id.into()),
        scope: scope("east"),
        document: document.clone(),
    };
    let task = Task {
        about: want(name, "a", 1).address().to_string().into(),
        arguments: Value::object([("keeps_out".into(), Value::Bool(keeps_out))]),
        limit: Duration::from_secs(4),
        optional: false,
        on: Some(on),
    };
    let deed = Deed { act, task, kind, token: "token".into(), root: PathBuf::new() };
    let ctx = Ctx::writing(Arc::new(Session::new(Purpose::Apply)), Arc::new(Unheard));
    let told = deed.perform(&ctx, None, &|_| {}).await.map_err(|why| deed.failed(&why))?;
    Ok(told.get("how").and_then(Value::as_str).unwrap().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_fence_that_stands_stays_and_one_that_is_gone_is_placed_again() {
    let (world, document, id) = fenced().await;
    let how = looked(Act::Hold, &world.cloud, (&document, &id)).await.unwrap();
    assert_eq!(how, "in place after the claim");
    taken_away(&world.cloud);
    let how = looked(Act::Hold, &world.cloud, (&document, &id)).await.unwrap();
    assert!(how.starts_with("placed again"), "{how}");
    assert!(is_placed(&world.cloud));
}

#[tokio::test(start_paused = true)]
async fn a_fence_that_cannot_be_looked_at_keeps_nobody_up_and_that_is_told() {
    let (world, document, id) = fenced().await;
    world.cloud.fail(&format!("read {THING}.a"), Fault::Answer(Class::Denied));
    let how = looked(Act::Hold, &world.cloud, (&document, &id)).await.unwrap();
    assert!(how.contains("could not be looked at after it: ") && how.contains("no"), "{how}");
    world.cloud.kill("east");
    let how = looked(Act::Hold, &world.cloud, (&document, &id)).await.unwrap();
    assert!(how.contains("could not be looked at after it: "), "{how}");
}

#[tokio::test(start_paused = true)]
async fn a_fence_that_is_gone_and_cannot_be_placed_holds_the_promotion() {
    let (world, document, id) = fenced().await;
    for class in [Class::Unreachable, Class::Denied] {
        taken_away(&world.cloud);
        for _ in 0..20 {
            world.cloud.fail(&format!("update {THING}.a"), Fault::Answer(class));
        }
        let held = looked(Act::Hold, &world.cloud, (&document, &id)).await.unwrap_err();
        assert_eq!(held.code, "promotion::unfenced");
        assert!(!is_placed(&world.cloud));
        world.cloud.lock().faults.clear();
    }
}

#[tokio::test(start_paused = true)]
async fn a_fence_that_is_placed_again_and_not_seen_holds_the_promotion() {
    let (world, document, id) = fenced().await;
    taken_away(&world.cloud);
    world.cloud.fail(&format!("update {THING}.a"), Fault::Vain);
    let held = looked(Act::Hold, &world.cloud, (&document, &id)).await.unwrap_err();
    assert!(held.detail.contains("it was placed again, and is not seen"), "{held:?}");
    looked(Act::Hold, &world.cloud, (&document, &id)).await.unwrap();
    assert!(is_placed(&world.cloud));
}

/// A machine was terminated, or a group deleted, after it had stopped: the claim is behind, and nothing
/// but this look is in the way of who shall write now.
#[tokio::test(start_paused = true)]
async fn what_ran_and_is_gone_needs_no_fence() {
    let (world, document, id) = fenced().await;
    world.cloud.lock().objects.clear();
    let how = looked_at(Act::Hold, &world.cloud, (&document, &id), false).await.unwrap();
    assert_eq!(how, "it is gone, and writes no more");
    assert!(world.cloud.all(THING).is_empty(), "nothing is made in its place");
}

#[tokio::test(start_paused = true)]
async fn what_kept_writes_out_and_is_gone_is_placed_again() {
    let (world, document, id) = fenced_as(PART).await;
    world.cloud.lock().objects.clear();
    let how = looked_at(Act::Hold, &world.cloud, (&document, &id), true).await.unwrap();
    assert!(how.starts_with("placed again"), "{how}");
    assert!(is_placed(&world.cloud));
    // Where it cannot be, the promotion is held; where its bucket is gone too, there is nothing to close.
    world.cloud.lock().objects.clear();
    world.cloud.fail(&format!("create {PART}.a"), Fault::Answer(Class::Denied));
    let held = looked_at(Act::Hold, &world.cloud, (&document, &id), true).await.unwrap_err();
    assert_eq!(held.code, "promotion::unfenced");
    world.cloud.fail(&format!("create {PART}.a"), Fault::Answer(Class::NotFound));
    let how = looked_at(Act::Hold, &world.cloud, (&document, &id), true).await.unwrap();
    assert_eq!(how, "it is gone, with all that it kept writes out of");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_claimed_where_a_record_cannot_be_looked_at_or_is_gone() {
    let (world, document, id) = fenced().await;
    let how = looked(Act::Confirm, &world.cloud, (&document, &id)).await.unwrap();
    assert_eq!(how, "as it was planned from");
    world.cloud.kill("east");
    let held = looked(Act::Confirm, &world.cloud, (&document, &id)).await.unwrap_err();
    assert_eq!(held.code, "promotion::record_unread");
    world.cloud.revive("east");
    world.cloud.lock().objects.clear();
    let held = looked(Act::Confirm, &world.cloud, (&document, &id)).await.unwrap_err();
    assert_eq!(held.code, "promotion::overtaken");
}
