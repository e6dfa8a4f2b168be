//! The provider `sim`: its configuration, identity and data sources.

use std::sync::Arc;

use lifeboat_contract::document;
use lifeboat_sdk::provider::{Configured, Environment, Provider};
use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{Class, KnownDoc, Location, Schema, Value};
use lifeboat_sim::{Blackout, Key, SimCloud, SimProvider, calls};

use crate::support::{Thing, place, refreshing};

fn known(schema: &Schema, config: &str) -> KnownDoc {
    let config = from_json(config, None).unwrap();
    KnownDoc::new(&document(schema.attributes, &config).unwrap()).unwrap()
}

fn configured(cloud: &SimCloud, config: &str) -> Arc<dyn Configured> {
    let provider = SimProvider::new(cloud);
    let config = known(provider.schema(), config);
    provider.configure(&config, &Environment::new()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_configuration_decides_region_account_tags_and_limits() {
    let cloud = SimCloud::new(1);
    let config = r#"{"region": "eu-west-1", "account": "210987654321", "max_concurrency": 4,
        "allowed_account_ids": ["210987654321"], "default_tags": {"team": "dr"}}"#;
    let sim = configured(&cloud, config);
    assert_eq!(sim.default_region().as_deref(), Some("eu-west-1"));
    assert_eq!(sim.default_tags(), [("team".into(), "dr".into())]);
    assert_eq!(sim.allowed_accounts(), ["210987654321".into()]);
    assert_eq!(sim.limits().in_flight, Some(4));
    assert_eq!(&*sim.identity(&refreshing(), "eu-west-1").await.unwrap(), "210987654321");
    cloud.blackout(Location::Region("eu-west-1".into()), Blackout::Refuse);
    let failure = sim.identity(&refreshing(), "eu-west-1").await.unwrap_err();
    assert_eq!(failure.class, Class::Refused);
    assert!(sim.identity(&refreshing(), "us-east-1").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_credentials_and_not_the_scope_decide_whose_objects_are_seen() {
    let cloud = SimCloud::new(1);
    let mut store = Thing::new(&cloud, "sim_store", r#"{"name": "a"}"#);
    let sim = configured(&cloud, r#"{"account": "210987654321"}"#);
    store.kind = sim.kinds().into_iter().find(|kind| kind.name() == "sim_store").unwrap();
    store.scope.account = "unverified".into();
    store.created().await;
    assert!(cloud.get(&Key::regional("210987654321", "us-east-1", "sim_store", "a")).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_data_source_finds_what_exists_by_what_it_asks() {
    let cloud = SimCloud::new(1);
    let store = Thing::new(&cloud, "sim_store", r#"{"name": "a", "size": 7, "tags": {"k": "v"}}"#);
    store.created().await;
    let sim = configured(&cloud, "{}");
    let data = sim.data_sources().remove(0);
    let scope = place().scope(&*store.kind, &store.document);
    let query = known(data.schema(), r#"{"name": "a"}"#);
    let answer = data.read(&refreshing(), &scope, query).await.unwrap();
    assert_eq!(answer.get("id"), Some(&Value::string("a")));
    assert_eq!(answer.get("size"), Some(&Value::int(7)));
    assert_eq!(answer.get("tags_all").unwrap().get("k"), Some(&Value::string("v")));
    let query = known(data.schema(), r#"{"name": "b"}"#);
    let failure = data.read(&refreshing(), &scope, query).await.unwrap_err();
    assert_eq!(failure.class, Class::NotFound);
}

#[test]
fn names_and_calls_are_there_before_any_configuration() {
    let provider = SimProvider::new(&SimCloud::new(1));
    let names: Vec<&str> = provider.kinds().iter().map(|kind| kind.name()).collect();
    assert_eq!(names, ["sim_record", "sim_replica", "sim_secret", "sim_slow", "sim_store"]);
    assert_eq!(provider.name(), "sim");
    let mut all: Vec<String> =
        calls().iter().map(|call| format!("{}:{}", call.service, call.operation)).collect();
    assert!(all.contains(&"route53:Change".to_owned()));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}
