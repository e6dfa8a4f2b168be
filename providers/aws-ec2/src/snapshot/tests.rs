//! The pure hooks of snapshots.

use lifeboat_aws_core::Clients;
use lifeboat_sdk::{Kind as _, Object as _, Type, Value};

use super::*;

fn document() -> Value {
    Snapshot { volume_id: "vol-1".into(), ..Snapshot::default() }.encode()
}

#[test]
fn no_description_and_an_empty_one_are_the_same() {
    let kind = SnapshotKind(Clients::unconfigured());
    let empty = document().with("description", Value::string(""));
    assert_eq!(kind.normalise(&empty), kind.normalise(&document()));
    let unknown = document().with("description", Value::unknown(Type::String));
    assert!(kind.normalise(&unknown).get("description").is_some_and(Value::is_unknown));
}

#[test]
fn a_snapshot_holds_data_whatever_is_known_of_it() {
    assert!(SnapshotKind(Clients::unconfigured()).holds_data(&document()));
}

#[test]
fn other_tiers_are_refused() {
    let kind = SnapshotKind(Clients::unconfigured());
    let of = |tier: &str| kind.validate(&document().with("storage_tier", Value::string(tier)));
    assert!(of("archive").is_empty() && of("standard").is_empty());
    assert_eq!(of("cold").len(), 1);
}
