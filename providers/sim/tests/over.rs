//! Another provider's kinds on the cloud: guessed values, parts with their parent's id, and the
//! real configuration.

use std::sync::Arc;

use lifeboat_contract::Outcome::NotApplicable as Unfit;
use lifeboat_contract::{Case, Subject, document, run, table};
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{DynData, DynKind, erase};
use lifeboat_sdk::provider::{Configured, Environment, Provider};
use lifeboat_sdk::session::Limits;
use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{
    Call, Change, Class, Ctx, Failure, Kind, KnownDoc, Name, Observation, Outcome, Ownership,
    Schema, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;
use lifeboat_sim::{SimCloud, SimProvider};

use crate::contract::Cloud;
use crate::support::{Thing, place, refreshing};

/// `mini_disk`: a disk with an id that the service makes up.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Disk {
    /// The size.
    size: i64,
    /// The id.
    #[kind(computed, identity)]
    id: Option<String>,
    /// The id by its longer name.
    #[kind(computed)]
    disk_id: Option<String>,
    /// The ARN.
    #[kind(computed)]
    arn: Option<String>,
    /// The region.
    #[kind(optional_computed)]
    region: Option<String>,
    /// Its encryption.
    #[kind(optional_computed)]
    encryption: Option<Encryption>,
    /// Who may attach it.
    #[kind(block, set)]
    grant: Vec<Grant>,
}

/// How a disk is encrypted.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Encryption {
    /// The key.
    #[kind(optional_computed)]
    key: Option<String>,
}

/// Who may attach a disk.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Grant {
    /// Whom.
    #[kind(set_key)]
    to: String,
    /// The grant's id.
    #[kind(computed)]
    grant_id: Option<String>,
}

/// `mini_disk_setting`: a setting of a disk.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Setting {
    /// The disk.
    #[kind(required, forces_replacement)]
    disk: String,
    /// Whether it is on.
    on: bool,
    /// The id.
    #[kind(computed, identity)]
    id: Option<String>,
}

/// `mini_dial`: something that others make and we turn.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Dial {
    /// Its name.
    #[kind(required, forces_replacement, identity)]
    name: String,
    /// How far it is turned.
    turn: i64,
    /// The id.
    #[kind(computed, identity)]
    id: Option<String>,
}

struct DiskKind;
struct SettingKind;
struct DialKind;

/// Reads and writes that must never be called: the cloud has its own.
macro_rules! kind {
    ($kind:ty, $object:ty, $name:literal, $ownership:expr, $id:expr) => {
        impl Kind for $kind {
            type Object = $object;
            const NAME: &'static str = $name;
            const SERVICE: Service = Service { name: "ec2", home: None };
            const OWNERSHIP: Ownership = $ownership;
            fn id_of(&self, desired: &Value) -> Option<Name> {
                desired.get($id).and_then(Value::as_str).map(Into::into)
            }
            async fn read(&self, _: &Ctx, _: &Scope, _: &[Target]) -> Vec<Observation<$object>> {
                panic!("the real read was called")
            }
            async fn write(
                &self,
                _: &Ctx,
                _: &Scope,
                _: Vec<Change<$object>>,
            ) -> Vec<Outcome<$object>> {
                panic!("the real write was called")
            }
        }
    };
}

kind!(DiskKind, Disk, "mini_disk", Ownership::Tags, "");
kind!(SettingKind, Setting, "mini_disk_setting", Ownership::Parent, "");
kind!(DialKind, Dial, "mini_dial", Ownership::Operated, "name");

/// `provider "mini"`.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Config {
    /// The region.
    region: String,
}

struct Mini;

impl Provider for Mini {
    fn name(&self) -> &'static str {
        "mini"
    }
    fn source(&self) -> &'static str {
        "example.com/mini/mini"
    }
    fn schema(&self) -> &'static Schema {
        <Config as lifeboat_sdk::Object>::SCHEMA
    }
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        vec![erase(DiskKind), erase(SettingKind), erase(DialKind)]
    }
    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        Vec::new()
    }
    fn calls(&self) -> &'static [&'static Call] {
        &[]
    }
    fn configure(
        &self,
        config: &KnownDoc,
        _environment: &Environment,
    ) -> Result<Arc<dyn Configured>, Failure> {
        let region = config.text("region").map(Name::from);
        region
            .map(|region| Arc::new(Set(region)) as _)
            .ok_or_else(|| Failure::new(Class::Invalid, "no region"))
    }
}

struct Set(Name);

impl Configured for Set {
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        Vec::new()
    }
    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        Vec::new()
    }
    fn default_region(&self) -> Option<Name> {
        Some(self.0.clone())
    }
    fn default_tags(&self) -> Vec<(Name, Name)> {
        vec![("from".into(), "mini".into())]
    }
    fn limits(&self) -> Limits {
        Limits { in_flight: Some(3), ..Limits::default() }
    }
    fn allowed_accounts(&self) -> Vec<Name> {
        vec!["111122223333".into()]
    }
    fn identity<'a>(
        &'a self,
        _ctx: &'a Ctx,
        _region: &'a str,
    ) -> BoxFuture<'a, Result<Name, Failure>> {
        panic!("the real identity was asked")
    }
}

fn mini(cloud: &SimCloud) -> SimProvider {
    SimProvider::over(cloud, Arc::new(Mini))
}

#[tokio::test(start_paused = true)]
async fn values_that_only_a_provider_knows_are_guessed_and_stay() {
    let cloud = SimCloud::new(1);
    let kind = mini(&cloud).kind("mini_disk").unwrap();
    let disk = Thing::of(kind, r#"{"size": 1, "grant": [{"to": "a"}, {"to": "b"}]}"#);
    let made = disk.created().await;
    let text = |path: &str| made.object.get(path).and_then(Value::as_str).unwrap().to_owned();
    assert_eq!(text("id"), *made.id);
    assert_eq!(text("disk_id"), text("id"));
    let arn = format!("arn:aws:ec2:us-east-1:123456789012:disk/{}", made.id);
    assert_eq!((text("arn"), text("region")), (arn, "us-east-1".to_owned()));
    assert!(made.object.get("encryption").unwrap().get("key").unwrap().as_str().is_some());
    let grants = made.object.get("grant").unwrap().items().unwrap();
    let ids: Vec<_> = grants.iter().map(|grant| grant.get("grant_id").unwrap()).collect();
    assert!(ids[0].as_str().is_some() && ids[0] != ids[1], "{ids:?}");
    let larger = made.object.with("size", Value::int(2));
    let now = disk.update(&crate::support::applying(), &made, &larger).await.unwrap().unwrap();
    assert_eq!(now.object, larger);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_alone_in_its_parent_has_its_id() {
    let cloud = SimCloud::new(1);
    let mini = mini(&cloud);
    let disk = Thing::of(mini.kind("mini_disk").unwrap(), r#"{"size": 1}"#).created().await;
    let config = format!(r#"{{"disk": "{}", "on": true}}"#, disk.id);
    let setting = Thing::of(mini.kind("mini_disk_setting").unwrap(), &config);
    assert_eq!(setting.created().await.id, disk.id);
    let found = setting.read(&refreshing(), None).await;
    assert!(matches!(found, Observation::Present(present) if present.id == disk.id));
}

#[tokio::test(start_paused = true)]
async fn what_is_operated_keeps_the_contract() {
    let cloud = SimCloud::new(1);
    let walk = [
        r#"{"name": "volume", "turn": 1}"#,
        r#"{"name": "volume", "turn": 7}"#,
        r#"{"name": "tone", "turn": 2}"#,
    ];
    let kind = mini(&cloud).kind("mini_dial").unwrap();
    let cases = vec![Case::parse("dial", &walk).unwrap()];
    let report = run(&Subject { kind, place: place(), cases }, &Cloud::new(&cloud)).await;
    assert_eq!(report.failures(), Vec::<String>::new(), "{}", table(std::slice::from_ref(&report)));
    let skipped = report.rows.iter().filter(|(_, outcome)| matches!(outcome, Unfit(_)));
    let skipped: Vec<&str> = skipped.map(|(rule, _)| *rule).collect();
    let unfit =
        ["a new id is told at once", "what others removed is absent", "what is tagged is listed"];
    assert_eq!(skipped, unfit);
}

#[tokio::test(start_paused = true)]
async fn the_real_configuration_holds_and_none_of_the_real_calls_is_made() {
    let cloud = SimCloud::new(1);
    let mini = mini(&cloud);
    assert_eq!((mini.name(), mini.source()), ("mini", "example.com/mini/mini"));
    let config = from_json(r#"{"region": "eu-west-1"}"#, None).unwrap();
    let config = document(mini.schema().attributes, &config).unwrap();
    let config = KnownDoc::new(&config).unwrap();
    let set = mini.configure(&config, &Environment::new()).unwrap();
    assert_eq!(set.default_region().as_deref(), Some("eu-west-1"));
    assert_eq!((set.default_tags().len(), set.limits().in_flight), (1, Some(3)));
    assert_eq!(&*set.identity(&refreshing(), "eu-west-1").await.unwrap(), "111122223333");
    assert_eq!(cloud.ledger().len(), 1);
}
