//! Many records at once: one atomic request, one wait for INSYNC, few pages.

use std::sync::Arc;

use lifeboat_contract::{Place, document, plan};
use lifeboat_sdk::context::IdentifiedSink;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{ChangeAction, DynKind};
use lifeboat_sdk::session::{Purpose, Session};
use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{
    Change, Ctx, Failure, KnownDoc, Name, Observation, Outcome, Path, Scope, Target, Value,
};
use lifeboat_testbed::contract::Emulated;
use lifeboat_testbed::{ACCOUNT, Pair, Routes, ServerKind};

use crate::cases::Kinds;

struct Unheard;

impl IdentifiedSink for Unheard {
    fn identified<'a>(
        &'a self,
        _address: &'a str,
        _id: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

fn planned(kind: &dyn DynKind, config: &str) -> Value {
    let config = document(kind.schema().attributes, &from_json(config, None).unwrap()).unwrap();
    plan(kind, &config, None).unwrap().after
}

/// Makes all of these in one write.
async fn create(kind: &dyn DynKind, scope: &Scope, configs: &[String]) -> Vec<Outcome<Value>> {
    let changes = configs.iter().map(|config| {
        let after = planned(kind, config).transform(&Path::root(), &mut |_, value| {
            value.is_unknown().then(|| Value::Null(value.ty()))
        });
        let token: Name = format!("batch {config}").into();
        let action = ChangeAction::Create { after: KnownDoc::new(&after).unwrap() };
        Change { address: "x.batch".into(), token, owner: None, action }
    });
    let ctx = Ctx::writing(Arc::new(Session::new(Purpose::Apply)), Arc::new(Unheard));
    kind.write(&ctx, scope, changes.collect()).await
}

async fn read(kind: &dyn DynKind, scope: &Scope, configs: &[String]) -> Vec<Observation<Value>> {
    let target = |config: &String| Target {
        address: "x.batch".into(),
        id: None,
        hint: planned(kind, config),
    };
    let targets: Vec<Target> = configs.iter().map(target).collect();
    let ctx = Ctx::read_only(Arc::new(Session::new(Purpose::Refresh)));
    kind.read(&ctx, scope, &targets).await
}

fn count(server: &Emulated, operation: &str) -> usize {
    server.proxy().ledger().count(|call| call.operation == operation)
}

#[tokio::test]
async fn the_records_of_a_zone_change_together_or_not_at_all() {
    let pair = Pair::lease().unwrap();
    let routes = Routes::all_of("route53", ServerKind::MiniStack);
    let server = Emulated::new("MiniStack", &pair, routes).unwrap();
    let kinds = Kinds::of(&server);
    let (zone, record) = (kinds.get("aws_route53_zone"), kinds.get("aws_route53_record"));
    let place =
        Place { provider: "aws".into(), account: ACCOUNT.into(), region: "us-east-1".into() };
    let scope = place.scope(&*zone, &Value::null());
    let zones = create(&*zone, &scope, &[r#"{"name": "batch.example"}"#.to_owned()]).await;
    let id = zones[0].as_ref().unwrap().as_ref().unwrap().id.clone();
    let config = |name: &str, ip: u32| {
        format!(
            r#"{{"zone_id": "{id}", "name": "{name}", "type": "A", "ttl": 60,
                "records": ["192.0.2.{ip}"]}}"#
        )
    };
    server.proxy().ledger().clear();

    // More than one page, and less than a request takes.
    let many: Vec<String> = (0..400).map(|n| config(&format!("r{n}"), n % 250)).collect();
    assert!(create(&*record, &scope, &many).await.iter().all(Result::is_ok));
    assert_eq!(count(&server, "ChangeResourceRecordSets"), 1, "one request");
    assert_eq!(count(&server, "GetChange"), 2, "PENDING, then INSYNC");

    server.proxy().ledger().clear();
    let found = read(&*record, &scope, &many).await;
    assert!(found.iter().all(|seen| matches!(seen, Observation::Present(_))));
    assert_eq!(count(&server, "ListResourceRecordSets"), 2, "402 sets in pages of 300");
    assert_eq!(server.proxy().ledger().total(), 3, "and the zone");

    // One that exists keeps the others out.
    let mixed = [config("new", 1), config("r7", 9), config("newer", 2)];
    let outcomes = create(&*record, &scope, &mixed).await;
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    let found = read(&*record, &scope, &mixed).await;
    assert!(matches!(found[0], Observation::Absent(_)), "{:?}", found[0]);
    assert!(matches!(found[2], Observation::Absent(_)), "{:?}", found[2]);
    let Observation::Present(kept) = &found[1] else { panic!("{:?}", found[1]) };
    assert!(format!("{:?}", kept.object.get("records")).contains("192.0.2.7"));
}
