//! Tests of refresh: grouping, dead regions, providers that misbehave, identity, drift.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifeboat_sdk::kind::erase;
use lifeboat_sdk::{
    Cause, Class, Ctx, KnownDoc, Name, Observation, Path, Purpose, Session, Target, Type, Value,
};
use tokio::time::Instant;

use super::compare::{computed_at, disagreements};
use super::drift::{Drift, drift};
use super::fake::{Cloud, DATA, Fault, Live, THING, Things, scope};
use super::*;
use crate::event::{Event, Silent};

fn address(name: &str) -> Address {
    Address::parse(&format!("{THING}.{name}")).unwrap()
}

fn document(name: &str, size: i64) -> Value {
    Value::object([("name".into(), Value::string(name)), ("size".into(), Value::int(size))])
}

fn request(region: &str, name: &str) -> Request {
    let address = address(name);
    Request {
        key: RequestKey::current(address.clone()),
        provider: "fake".into(),
        kind: THING.into(),
        scope: scope(region),
        target: Target {
            address: address.to_string().into(),
            id: Some(format!("{region}-{name}").into()),
            hint: Value::null(),
        },
    }
}

/// A cloud with `count` things in each of two regions, and the requests to read them.
fn two_regions(count: usize) -> (Cloud, Vec<Request>) {
    let cloud = Cloud::default();
    let mut requests = Vec::new();
    for region in ["east", "west"] {
        for i in 0..count {
            let name = format!("{region}{i}");
            let live = Live { document: document(&name, 1), owner: None };
            cloud.lock().objects.insert((THING, format!("{region}-{name}")), live);
            requests.push(request(region, &name));
        }
    }
    (cloud, requests)
}

fn ctx() -> Ctx {
    Ctx::read_only(Arc::new(Session::new(Purpose::Refresh)))
}

#[derive(Default)]
struct Recorder(Mutex<Vec<Event>>);

impl Events for Recorder {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_region_costs_its_own_budget_and_the_other_is_read() {
    let (cloud, requests) = two_regions(300);
    cloud.kill("west");
    let scopes = scopes(&requests);
    let begun = Instant::now();
    let found = read(&cloud.providers(), &ctx(), requests, &Silent).await;
    assert!(begun.elapsed() <= Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(found.len(), 600);
    for (key, observation) in &found {
        let west = key.address.name.starts_with("west");
        match observation {
            Observation::Present(present) => {
                assert!(!west);
                assert_eq!(present.object.get("size"), Some(&Value::int(1)));
            }
            Observation::Unreadable(u) => assert!(west && u.cause.defers(), "{u:?}"),
            Observation::Absent(_) => panic!("unreachable is never absent"),
        }
    }
    let statuses = status(&scopes, &found);
    let seen: Vec<_> =
        statuses.iter().map(|s| (s.objects, s.unread, s.trouble.is_some())).collect();
    assert_eq!(seen, [(300, 0, false), (300, 300, true)]);
}

#[tokio::test(start_paused = true)]
async fn each_object_begins_and_ends_once() {
    let (cloud, mut requests) = two_regions(2);
    requests[0].target.id = Some("gone".into());
    let recorder = Recorder::default();
    let found = read(&cloud.providers(), &ctx(), requests, &recorder).await;
    assert!(matches!(found[&RequestKey::current(address("east0"))], Observation::Absent(_)));
    let events = recorder.0.lock().unwrap();
    let started = events.iter().filter(|e| matches!(e, Event::RefreshStart { .. })).count();
    let done = events.iter().filter(|e| matches!(e, Event::RefreshComplete { readable: true, .. }));
    assert_eq!((started, done.count()), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_leaves_an_answer_out_is_blamed_by_name() {
    let (cloud, requests) = two_regions(2);
    cloud.lock().swallow = 1;
    let found = read(&cloud.providers(), &ctx(), requests, &Silent).await;
    assert_eq!(found.len(), 4);
    for observation in found.values() {
        let Observation::Unreadable(unreadable) = observation else { panic!("trusted") };
        assert_eq!(unreadable.cause, Cause::Other);
        assert!(unreadable.message.contains("provider fake was asked for 2"), "{unreadable:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kind_is_unreadable_and_says_what_to_do() {
    let (cloud, mut requests) = two_regions(1);
    requests[0].kind = "a_ghost".into();
    let found = read(&cloud.providers(), &ctx(), requests, &Silent).await;
    let Observation::Unreadable(u) = &found[&RequestKey::current(address("east0"))] else {
        panic!("read")
    };
    assert!(u.message.contains("has no kind a_ghost") && u.message.contains("state rm"));
    assert!(matches!(found[&RequestKey::current(address("west0"))], Observation::Present(_)));
}

#[tokio::test(start_paused = true)]
async fn a_denied_object_is_trouble_of_its_own_and_the_rest_is_read() {
    let (cloud, requests) = two_regions(2);
    cloud.fail(&format!("read {}", address("east0")), Fault::Answer(Class::Denied));
    let scopes = scopes(&requests);
    let found = read(&cloud.providers(), &ctx(), requests, &Silent).await;
    let statuses = status(&scopes, &found);
    assert_eq!((statuses[0].objects, statuses[0].unread), (2, 1));
    let (cause, message) = statuses[0].trouble.clone().unwrap();
    assert_eq!(cause, Cause::Denied { action: "fake:Read".into() });
    assert!(message.contains("fake:Read"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn data_sources_answer_each_query() {
    let cloud = Cloud::default();
    cloud.kill("west");
    let ask = |name: &str, region: &str, kind: &str| DataRequest {
        address: Address::parse(&format!("data.{DATA}.{name}")).unwrap(),
        provider: "fake".into(),
        kind: kind.into(),
        scope: scope(region),
        document: KnownDoc::new(&document(name, 1)).unwrap(),
    };
    let requests = vec![ask("a", "east", DATA), ask("b", "west", DATA), ask("c", "east", "ghost")];
    let found = read_data(&cloud.providers(), &ctx(), requests, &Silent).await;
    let results: Vec<_> = found.values().map(|r| r.as_ref().map_err(|f| f.class)).collect();
    assert_eq!(results[0].unwrap().get("id"), Some(&Value::string("now")));
    assert_eq!(results[1], Err(Class::Unreachable));
    assert_eq!(results[2], Err(Class::Invalid));
}

fn names(all: &[&str]) -> Vec<Name> {
    all.iter().map(|n| Name::from(*n)).collect()
}

async fn who(cloud: &Cloud, pins: &[(&str, &str)]) -> Identity {
    let pins: BTreeMap<Name, Name> = pins.iter().map(|(p, a)| ((*p).into(), (*a).into())).collect();
    let regions = names(&["east", "west"]);
    let mut found = identify(&cloud.providers(), &ctx(), &regions, &pins).await;
    found.remove("fake").unwrap()
}

#[tokio::test(start_paused = true)]
async fn any_region_proves_the_account_and_only_a_contradiction_refuses() {
    let cloud = Cloud::default();
    cloud.kill("east");
    cloud.account("west", "1");
    let begun = Instant::now();
    assert_eq!(who(&cloud, &[("fake", "1")]).await, Identity::Verified("1".into()));
    assert_eq!(begun.elapsed(), Duration::ZERO, "the first answer wins");
    let contradicted =
        |expected: &[&str]| Identity::Contradicted { expected: names(expected), found: "1".into() };
    assert_eq!(who(&cloud, &[("fake", "2")]).await, contradicted(&["2"]));
    cloud.account("allowed", "3");
    assert_eq!(who(&cloud, &[("fake", "1")]).await, contradicted(&["3"]));
}

#[tokio::test(start_paused = true)]
async fn without_any_answer_the_account_is_unverified_within_the_patience() {
    let cloud = Cloud::default();
    cloud.kill("east");
    cloud.kill("west");
    let begun = Instant::now();
    let Identity::Unverified(why) = who(&cloud, &[]).await else { panic!("verified") };
    assert!(why.contains("no answer"), "{why}");
    assert!(begun.elapsed() <= Duration::from_secs(10));
    cloud.revive("west");
    let Identity::Unverified(why) = who(&cloud, &[]).await else { panic!("verified") };
    assert!(why.contains("the token has expired"), "refused credentials say most: {why}");
}

#[tokio::test(start_paused = true)]
async fn credentials_are_proven_in_the_region_that_is_asked_and_in_no_other() {
    let cloud = Cloud::default();
    cloud.account("west", "1");
    cloud.account("north", "1");
    cloud.kill("north");
    let proof = async |region: &str| {
        let mut found = proven(&cloud.providers(), &ctx(), region).await;
        found.remove("fake").unwrap().map_err(|failure| failure.class)
    };
    assert_eq!(proof("west").await, Ok(()));
    assert_eq!(proof("east").await, Err(Class::Credentials));
    let begun = Instant::now();
    assert_eq!(proof("north").await, Err(Class::Unreachable));
    assert!(begun.elapsed() <= Duration::from_secs(10));
}

#[test]
fn drift_is_by_meaning_and_role_drift_is_apart() {
    let kind = erase(Things(Cloud::default()));
    let before = document("a", 1)
        .with("policy", Value::string(r#"{"a":1,"b":[]}"#))
        .with("etag", Value::string("1"))
        .with("writable", Value::Bool(true));
    assert_eq!(drift(&*kind, &before, None), Some(Drift::Gone));
    let spelt = before.with("policy", Value::string(r#"{ "b": [], "a": 1 }"#));
    assert_eq!(drift(&*kind, &before, Some(&spelt.with("etag", Value::string("2")))), None);
    let now = spelt.with("size", Value::int(2)).with("writable", Value::Bool(false));
    let changed =
        Drift::Changed { paths: vec![Path::attr("size")], roles: vec![Path::attr("writable")] };
    assert_eq!(drift(&*kind, &before, Some(&now)), Some(changed));
}

#[test]
fn unknown_parts_agree_with_anything_and_known_parts_do_not() {
    let kind = erase(Things(Cloud::default()));
    let attributes = kind.schema().attributes;
    let wanted = document("a", 1).with("input", Value::unknown(Type::String));
    let found = document("a", 1).with("input", Value::string("x"));
    assert!(disagreements(attributes, &wanted, &found).is_empty());
    assert_eq!(disagreements(attributes, &found, &wanted), [Path::attr("input")]);
    assert_eq!(
        disagreements(attributes, &document("a", 1), &document("b", 2)),
        [Path::attr("name"), Path::attr("size")]
    );
    assert!(computed_at(attributes, &Path::attr("id")));
    assert!(!computed_at(attributes, &Path::attr("size")));
}

/// What is not known yet may turn out to be the same as something else, and takes its place then.
#[test]
fn sets_with_unknown_elements_agree_with_what_these_may_become() {
    let kinds = lifeboat_sim::kinds::templates();
    let kind = kinds.iter().find(|kind| kind.name() == "sim_store").unwrap();
    let readers = |items: &[Option<&str>]| {
        let item =
            |item: &Option<&str>| item.map_or_else(|| Value::unknown(Type::String), Value::string);
        let items = items.iter().map(item).collect();
        Value::object([("readers".into(), Value::set(Type::String, items))])
    };
    let agree = |wanted: &[Option<&str>], found: &[Option<&str>]| {
        let attributes = kind.schema().attributes;
        disagreements(attributes, &readers(wanted), &readers(found)).is_empty()
    };
    for (wanted, found, expected) in [
        (&[None, None][..], &[Some("a"), Some("b")][..], true),
        (&[None, None], &[Some("a")], true),
        (&[Some("a"), None], &[Some("a")], true),
        (&[Some("a"), None], &[Some("b")], false),
        (&[None], &[Some("a"), Some("b")], false),
        (&[Some("a")], &[Some("a"), Some("b")], false),
        (&[None], &[], false),
    ] {
        assert_eq!(agree(wanted, found), expected, "{wanted:?} {found:?}");
    }
}
