//! Storage tiers: where a snapshot is, and where it is on its way to.
//!
//! To the archive and back takes hours to days. Meanwhile `DescribeSnapshots` shows the tier that a
//! snapshot leaves; the one that was asked for is in `DescribeSnapshotTierStatus`.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    Snapshot, SnapshotTierStatus, StorageTier, TargetStorageTier, TieringOperationStatus,
};
use lifeboat_aws_core::{Codes as _, failure};
use lifeboat_sdk::{Call, Class, Failure, Target, Value};

use super::GONE;
use crate::Api;
use crate::find::{self, Found, listed};

/// Moves a snapshot to the archive.
pub(crate) const ARCHIVE: Call = Call::write("ec2", "ModifySnapshotTier", "ec2:ModifySnapshotTier");
/// Moves one back.
pub(crate) const RESTORE: Call =
    Call::write("ec2", "RestoreSnapshotTier", "ec2:RestoreSnapshotTier");
/// Lists moves.
pub(crate) const LIST: Call =
    Call::read("ec2", "DescribeSnapshotTierStatus", "ec2:DescribeSnapshotTierStatus");

/// The tiers.
pub(crate) const NAMES: &[&str] = &[STANDARD, ARCHIVED];
const STANDARD: &str = "standard";
const ARCHIVED: &str = "archive";

/// The tier that a snapshot is in.
pub(crate) fn of(snapshot: &Snapshot) -> &'static str {
    match snapshot.storage_tier {
        Some(StorageTier::Archive) => ARCHIVED,
        _ => STANDARD,
    }
}

listed!(
    SnapshotTierStatus, "tiers of snapshots", "snapshot-id" by snapshot_id, LIST,
    |client| client.describe_snapshot_tier_status(), |answer| answer.snapshot_tier_statuses
);

/// Where snapshots are on their way to, by id. Asked only of those that are not in the tier where
/// state or configuration has them.
pub(super) async fn moves(
    api: Api<'_>,
    targets: &[Target],
    found: &[Found<Snapshot>],
) -> Result<BTreeMap<String, &'static str>, Failure> {
    let elsewhere = targets.iter().zip(found).filter_map(|(target, found)| {
        let Found::There(snapshot) = found else { return None };
        let wanted = target.hint.get("storage_tier").and_then(Value::as_str)?;
        (wanted != of(snapshot)).then(|| Target {
            id: snapshot.snapshot_id.as_deref().map(Into::into),
            ..target.clone()
        })
    });
    let elsewhere: Vec<Target> = elsewhere.collect();
    if elsewhere.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut moves = BTreeMap::new();
    for found in find::find::<SnapshotTierStatus>(api, &elsewhere).await {
        match found {
            Found::There(status) => {
                let to = heading(status.last_tiering_operation_status.as_ref());
                moves.extend(status.snapshot_id.zip(to));
            }
            // A snapshot that never moved need not be in that list.
            Found::Absent(_) => {}
            Found::Failed(failure) => return Err(failure),
        }
    }
    Ok(moves)
}

fn heading(status: Option<&TieringOperationStatus>) -> Option<&'static str> {
    match status? {
        TieringOperationStatus::ArchivalInProgress => Some(ARCHIVED),
        TieringOperationStatus::PermanentRestoreInProgress => Some(STANDARD),
        // The move has ended or failed: it is where it is.
        _ => None,
    }
}

/// Sends a snapshot to a tier.
pub(super) async fn set(api: Api<'_>, id: &str, tier: &str) -> Result<(), Failure> {
    match tier {
        ARCHIVED => {
            let call = || async {
                let input = api.client.modify_snapshot_tier().snapshot_id(id);
                let answer = input.storage_tier(TargetStorageTier::Archive).send().await;
                answer.map_err(|e| failure(e).not_found(GONE))
            };
            api.ctx.call(&ARCHIVE, api.scope, call).await.map(drop)
        }
        STANDARD => {
            let call = || async {
                let input = api.client.restore_snapshot_tier().snapshot_id(id);
                let answer = input.permanent_restore(true).send().await;
                answer.map_err(|e| failure(e).not_found(GONE))
            };
            api.ctx.call(&RESTORE, api.scope, call).await.map(drop)
        }
        other => Err(Failure::new(Class::Invalid, format!("there is no storage tier {other:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_on_its_way_is_where_it_goes() {
        use TieringOperationStatus as Status;
        let cases = [
            (Status::ArchivalInProgress, Some(ARCHIVED)),
            (Status::PermanentRestoreInProgress, Some(STANDARD)),
            (Status::ArchivalFailed, None),
            (Status::ArchivalCompleted, None),
            (Status::TemporaryRestoreCompleted, None),
        ];
        for (status, to) in cases {
            assert_eq!(heading(Some(&status)), to, "{status:?}");
        }
        assert_eq!(heading(None), None);
        assert_eq!(of(&Snapshot::builder().build()), STANDARD);
    }
}
