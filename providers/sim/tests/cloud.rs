//! What the simulated cloud does: strictness, blackouts, batches, waits, and its ledger.

use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::kind::ChangeAction;
use lifeboat_sdk::session::{Interrupt, Purpose, Session};
use lifeboat_sdk::{
    Access, Cause, Change, Class, Ctx, KnownDoc, Location, Observation, Owner, Present, Target,
    Value,
};
use lifeboat_sim::{Blackout, Fault, Key, Nth, Outcome, Rule, SimCloud};
use tokio::time::Instant;

use crate::support::{ACCOUNT, NoJournal, Thing, applying, refreshing};

#[track_caller]
fn present(observation: Observation<Value>) -> Present<Value> {
    match observation {
        Observation::Present(present) => present,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn cause(observation: Observation<Value>) -> Cause {
    match observation {
        Observation::Unreadable(unreadable) => unreadable.cause,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(outcome: lifeboat_sdk::Outcome<Value>) -> (Class, String) {
    let failure = outcome.unwrap_err().failure;
    (failure.class, failure.code.unwrap_or_default())
}

fn operations(cloud: &SimCloud) -> Vec<&'static str> {
    cloud.take_ledger().iter().map(|entry| entry.operation).collect()
}

#[tokio::test(start_paused = true)]
async fn what_others_refer_to_is_not_deleted_and_parts_go_with_the_whole() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    let replica = Thing::new(&cloud, "sim_replica", r#"{"store": "a"}"#);
    let early = refused(replica.create(&applying()).await);
    assert_eq!(early, (Class::NotFound, "NoSuchParent".into()));
    let made = store.created().await;
    let part = replica.created().await;
    let early = refused(store.delete(&applying(), &made).await);
    assert_eq!(early, (Class::Other, "DependencyViolation".into()));
    assert!(cloud.remove(&Key::regional(ACCOUNT, "us-east-1", "sim_store", "a")));
    let gone = replica.read(&refreshing(), Some(&part.id)).await;
    assert!(matches!(gone, Observation::Absent(_)), "{gone:?}");
    assert!(cloud.objects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_arn_refers_from_any_region_and_an_id_only_from_its_own() {
    let cloud = SimCloud::new(1);
    let here = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    let there = Thing::new(&cloud, "sim_store", r#"{"name": "a", "region": "us-west-2"}"#);
    let (a, b) = (here.created().await, there.created().await);
    let arn = b.object.get("arn").and_then(Value::as_str).unwrap();
    assert_eq!(arn, "arn:aws:sim:us-west-2:123456789012:store/a");
    let config = format!(r#"{{"store": "a", "peer_arn": "{arn}"}}"#);
    let replica = Thing::new(&cloud, "sim_replica", &config);
    let part = replica.created().await;
    assert_eq!(refused(there.delete(&applying(), &b).await).1, "DependencyViolation");
    replica.delete(&applying(), &part).await.unwrap();
    let other = Thing::new(&cloud, "sim_replica", r#"{"store": "a", "region": "us-west-2"}"#);
    other.created().await;
    here.delete(&applying(), &a).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_strict_cloud_refuses_what_is_immutable_taken_or_misshapen() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    let made = store.created().await;
    let renamed = made.object.with("name", Value::string("b"));
    let failure = refused(store.update(&applying(), &made, &renamed).await);
    assert_eq!(failure, (Class::Invalid, "Immutable".into()));
    let short = made.object.with("size", Value::string("1"));
    let failure = refused(store.update(&applying(), &made, &short).await);
    assert_eq!(failure, (Class::Invalid, "InvalidDocument".into()));
    let again = Change { token: "another".into(), ..store.creation() };
    let failure = store.kind.write(&applying(), &store.scope, vec![again]).await.remove(0);
    assert_eq!(refused(failure), (Class::Exists, "AlreadyExists".into()));
    cloud.set_regions(&["us-west-2"]);
    let failure = refused(store.create(&applying()).await);
    assert_eq!(failure, (Class::Invalid, "InvalidRegion".into()));
}

#[tokio::test(start_paused = true)]
async fn a_store_with_data_is_not_deleted_unless_forced() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    let made = store.created().await;
    assert_eq!(made.empty, Some(true));
    assert!(cloud.fill(&Key::regional(ACCOUNT, "us-east-1", "sim_store", "a"), true));
    assert_eq!(present(store.read(&refreshing(), Some("a")).await).empty, Some(false));
    assert_eq!(refused(store.delete(&applying(), &made).await).1, "NotEmpty");
    let forced = made.object.with("force_destroy", Value::Bool(true));
    let made = store.update(&applying(), &made, &forced).await.unwrap().unwrap();
    assert!(store.delete(&applying(), &made).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_region_and_the_global_plane_at_home_in_it_are_lost_apart() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    let record = Thing::new(
        &cloud,
        "sim_record",
        r#"{"zone": "Z", "name": "a", "type": "A", "values": ["192.0.2.1"]}"#,
    );
    store.created().await;
    record.created().await;
    let region = Location::Region("us-east-1".into());
    let plane = Location::Global { home: "us-east-1".into() };
    for (how, expected) in [
        (Blackout::Refuse, Cause::Unreachable),
        (Blackout::Unavailable, Cause::Unreachable),
        (Blackout::Hang, Cause::Unreachable),
    ] {
        cloud.blackout(region.clone(), how);
        let began = Instant::now();
        assert_eq!(cause(store.read(&refreshing(), Some("a")).await), expected, "{how:?}");
        assert!(began.elapsed() <= Duration::from_secs(9), "{how:?}");
        present(record.read(&refreshing(), None).await);
        cloud.restore(&region);
        cloud.blackout(plane.clone(), how);
        assert_eq!(cause(record.read(&refreshing(), None).await), expected, "{how:?}");
        present(store.read(&refreshing(), Some("a")).await);
        cloud.restore(&plane);
    }
    present(record.read(&refreshing(), None).await);
}

fn secret(cloud: &SimCloud, n: usize) -> Thing {
    let mut thing =
        Thing::new(cloud, "sim_secret", &format!(r#"{{"name": "s{n}", "value": "v"}}"#));
    thing.address = format!("sim_secret.s{n}");
    thing
}

#[tokio::test(start_paused = true)]
async fn many_targets_take_one_listing_and_a_missing_page_makes_all_unreadable() {
    let cloud = SimCloud::new(1);
    let things: Vec<Thing> = (0..250).map(|n| secret(&cloud, n)).collect();
    for thing in &things {
        thing.created().await;
    }
    let targets: Vec<Target> = things
        .iter()
        .map(|thing| Target {
            address: thing.address.as_str().into(),
            id: None,
            hint: thing.document.clone(),
        })
        .collect();
    let (kind, scope) = (&things[0].kind, &things[0].scope);
    cloud.take_ledger();
    let found = kind.read(&refreshing(), scope, &targets).await;
    assert_eq!(operations(&cloud), ["List"; 3]);
    for (n, found) in found.into_iter().enumerate() {
        let name = present(found).object.get("name").cloned();
        assert_eq!(name, Some(Value::string(format!("s{n}"))));
    }
    cloud.inject(Rule::new(Fault::Denied).operation("List").nth(Nth::Exactly(3)));
    let found = kind.read(&refreshing(), scope, &targets).await;
    assert!(found.into_iter().all(|o| matches!(cause(o), Cause::Denied { .. })));
}

fn record(cloud: &SimCloud, zone: &str, name: &str) -> Thing {
    let config =
        format!(r#"{{"zone": "{zone}", "name": "{name}", "type": "A", "values": ["192.0.2.1"]}}"#);
    Thing::new(cloud, "sim_record", &config)
}

#[tokio::test(start_paused = true)]
async fn a_batch_takes_effect_whole_or_not_at_all() {
    let cloud = SimCloud::new(1);
    let (a, b) = (record(&cloud, "Z", "a"), record(&cloud, "Z", "b"));
    b.created().await;
    cloud.take_ledger();
    let taken = Change { token: "another".into(), ..b.creation() };
    let outcomes = a.kind.write(&applying(), &a.scope, vec![a.creation(), taken]).await;
    let codes: Vec<String> = outcomes.into_iter().map(|o| refused(o).1).collect();
    assert_eq!(codes, ["AlreadyExists", "AlreadyExists"]);
    assert_eq!(operations(&cloud), ["Change"]);
    assert_eq!(cloud.objects().len(), 1);
    let many = (0..101).map(|n| record(&cloud, "Z", &format!("r{n}")).creation()).collect();
    let outcomes = a.kind.write(&applying(), &a.scope, many).await;
    assert!(outcomes.into_iter().all(|o| refused(o).1 == "InvalidChangeBatch"));
    let mixed = vec![a.creation(), record(&cloud, "Y", "a").creation()];
    let outcomes = a.kind.write(&applying(), &a.scope, mixed).await;
    assert!(outcomes.into_iter().all(|o| refused(o).1 == "InvalidChangeBatch"));
    assert_eq!(cloud.objects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_changes_of_a_batch_have_one_token_and_make_an_object_each() {
    let cloud = SimCloud::new(1);
    let (a, b) = (record(&cloud, "Z", "a"), record(&cloud, "Z", "b"));
    let one = a.creation();
    let (address, token) = ("sim_record.b".into(), one.token.clone());
    let two = Change { address, token, ..b.creation() };
    for _ in 0..2 {
        let outcomes = a.kind.write(&applying(), &a.scope, vec![one.clone(), two.clone()]).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(cloud.objects().len(), 2, "the token finds each again");
    }
    let sent = &cloud.ledger()[0].sent;
    assert_eq!((&*sent[0].address, &*sent[1].address), ("sim_record.it", "sim_record.b"));
    assert!(sent[0].token == sent[1].token && sent[0].id.is_none() && !sent[0].removes);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_a_call_before_it_has_an_effect() {
    let cloud = SimCloud::new(1);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (watching, looking) = (seen.clone(), cloud.clone());
    cloud.watch(move |call| {
        let line = format!("{} beside {}", call.operation, looking.objects().len());
        watching.lock().unwrap().push(line);
    });
    let a = record(&cloud, "Z", "a");
    a.created().await;
    cloud.unwatch();
    a.read(&refreshing(), None).await;
    assert_eq!(*seen.lock().unwrap(), ["Change beside 0"]);
    assert_eq!(cloud.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_object_takes_virtual_time_and_may_fail_half_made() {
    let cloud = SimCloud::new(1);
    let began = Instant::now();
    let slow = Thing::new(&cloud, "sim_slow", r#"{"name": "a", "delay": 3600}"#);
    let made = slow.created().await;
    assert_eq!(made.object.get("status"), Some(&Value::string("ready")));
    assert!(began.elapsed() >= Duration::from_secs(3600));
    let failing = Thing::new(&cloud, "sim_slow", r#"{"name": "b", "fails": true}"#);
    let failure = failing.create(&applying()).await.unwrap_err();
    assert_eq!(failure.failure.code.as_deref(), Some("CreationFailed"));
    let half = failure.half_made.unwrap();
    assert_eq!(half.object.get("status"), Some(&Value::string("failed")));
    assert!(failing.delete(&applying(), &half).await.unwrap().is_none());
    cloud.set_pace("sim_store", Duration::from_secs(90));
    let began = Instant::now();
    Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#).created().await;
    assert!(began.elapsed() >= Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_the_wait_and_tells_what_was_made() {
    let cloud = SimCloud::new(1);
    let slow = Thing::new(&cloud, "sim_slow", r#"{"name": "a", "delay": 3600}"#);
    let (sender, receiver) = tokio::sync::watch::channel(Interrupt::None);
    let session = Session::interruptible(Purpose::Apply, receiver);
    let ctx = Ctx::writing(Arc::new(session), Arc::new(NoJournal));
    let interrupt = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        sender.send(Interrupt::Finish).unwrap();
    };
    let (outcome, ()) = tokio::join!(slow.create(&ctx), interrupt);
    let failure = outcome.unwrap_err();
    assert_eq!(failure.failure.class, Class::Interrupted);
    assert_eq!(&*failure.half_made.unwrap().id, "a");
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_in_doubt_and_its_token_finds_the_object() {
    let cloud = SimCloud::new(1);
    let thing = secret(&cloud, 1);
    let rule = Rule::new(Fault::DropAnswer).region("us-east-1").service("simvault");
    let rule = cloud.inject(rule.operation("Create").kind("sim_secret"));
    let failure = thing.create(&applying()).await.unwrap_err().failure;
    assert!(failure.in_doubt());
    assert_eq!(cloud.remove_rule(rule), 1);
    let entries = cloud.take_ledger();
    let writes: Vec<_> = entries.iter().filter(|e| e.access == Access::Write).collect();
    assert_eq!(writes.len(), 1);
    assert_eq!((writes[0].outcome, writes[0].had_effect()), (Outcome::Lost, true));
    let found = present(thing.read(&refreshing(), None).await);
    let owner = Owner { topology: "test".into(), address: "sim_secret.s1".into() };
    assert_eq!(found.owner, Some(owner));
    assert_eq!(thing.created().await.id, found.id);
    assert_eq!(cloud.objects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn chances_follow_the_seed() {
    let struck = async |seed| {
        let cloud = SimCloud::new(seed);
        let store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
        store.created().await;
        cloud.inject(Rule::new(Fault::Expired).id("a").nth(Nth::Chance(50)));
        let mut causes = Vec::new();
        for _ in 0..32 {
            let read = store.read(&refreshing(), Some("a")).await;
            causes.push(matches!(read, Observation::Unreadable(_)));
        }
        causes
    };
    let (one, again, two) = (struck(1).await, struck(1).await, struck(2).await);
    assert_eq!(one, again);
    assert_ne!(one, two);
    assert!(one.contains(&true) && one.contains(&false));
}

#[tokio::test(start_paused = true)]
async fn a_context_that_only_reads_makes_no_changing_call() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    assert_eq!(refused(store.create(&refreshing()).await).0, Class::Other);
    assert!(cloud.ledger().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_closed_session_reads_and_changes_nothing() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    let made = store.created().await;
    cloud.take_ledger();
    let ctx = applying();
    ctx.session().close();
    assert_eq!(store.delete(&ctx, &made).await.unwrap_err().failure.class, Class::NotTried);
    present(store.read(&ctx, Some(&made.id)).await);
    assert_eq!(operations(&cloud), ["Read"]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_scope_is_refused_before_any_call() {
    let cloud = SimCloud::new(1);
    let mut store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    store.scope.location = Location::Global { home: "us-east-1".into() };
    assert_eq!(refused(store.create(&applying()).await).1, "InvalidScope");
    assert!(cloud.ledger().is_empty());
}

#[tokio::test(start_paused = true)]
async fn drift_shows_and_an_update_ends_it() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a", "size": 3}"#);
    let made = store.created().await;
    let key = Key::regional(ACCOUNT, "us-east-1", "sim_store", "a");
    assert!(cloud.edit(&key, |document| document.with("size", Value::int(9))));
    let drifted = present(store.read(&refreshing(), Some("a")).await);
    assert_eq!(drifted.object.get("size"), Some(&Value::int(9)));
    let after = drifted.object.with("size", Value::int(3));
    let now = store.update(&applying(), &drifted, &after).await.unwrap().unwrap();
    assert_eq!(now.object.get("size"), made.object.get("size"));
    assert_ne!(now.object.get("version"), made.object.get("version"));
    assert_eq!(cloud.get(&key).unwrap().document, now.object);
    assert_eq!(cloud.find("sim_store", "a").unwrap().key, key);
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_is_found_and_can_be_deleted() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    let other = SimCloud::new(2);
    let document = Thing::new(&other, "sim_store", r#"{"name": "a"}"#).created().await.object;
    let key = Key::regional(ACCOUNT, "us-east-1", "sim_store", "a");
    cloud.put(key.clone(), document, None);
    let found = present(store.read(&refreshing(), None).await);
    assert_eq!(found.owner, None);
    let before = KnownDoc::new(&found.object).unwrap();
    let change = Change {
        action: ChangeAction::Delete { id: found.id.clone(), before },
        ..store.creation()
    };
    let outcome = store.kind.write(&applying(), &store.scope, vec![change]).await.remove(0);
    assert!(outcome.unwrap().is_none());
    assert!(cloud.get(&key).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_change_takes_what_is_said_from_its_first_call_to_its_end() {
    let cloud = SimCloud::new(1);
    cloud.set_latency(Duration::from_secs(1));
    cloud.set_times(|change| match (change.kind, change.operation) {
        ("sim_store", "create") => Some(Duration::from_secs(90)),
        // Less than its call takes.
        ("sim_store", "update") => Some(Duration::from_millis(1)),
        _ => None,
    });
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a", "size": 1}"#);
    let begun = Instant::now();
    let made = store.created().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(90));
    let larger = made.object.with("size", Value::int(2));
    let begun = Instant::now();
    store.update(&applying(), &made, &larger).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
    let begun = Instant::now();
    store.delete(&applying(), &made).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(1), "nothing is said of it");
}

#[tokio::test(start_paused = true)]
async fn a_rule_for_an_address_strikes_its_changes_and_no_reads() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    let rule = cloud.inject(Rule::new(Fault::Denied).address("sim_store.other"));
    let made = store.created().await;
    assert_eq!(cloud.remove_rule(rule), 0);
    cloud.inject(Rule::new(Fault::Denied).address("sim_store.it"));
    present(store.read(&refreshing(), Some(&made.id)).await);
    let failure = refused(store.delete(&applying(), &made).await);
    assert_eq!(failure, (Class::Denied, "AccessDenied".into()));
}
