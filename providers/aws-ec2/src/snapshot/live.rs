//! Snapshots as they are live, whatever made them: found, waited for, retagged, removed.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use aws_sdk_ec2::types::{Snapshot, SnapshotState};
use aws_smithy_types::date_time::Format;
use lifeboat_aws_core::tags::{Tags, join};
use lifeboat_aws_core::{Codes as _, failure, normalise, region, wait};
use lifeboat_sdk::{Class, Failure, Name, Owner, Target, Type, Value};

use super::{DELETE, GONE, LIST, tier};
use crate::find::{self, Found, listed};
use crate::{Api, tags};

/// Snapshots in one page (EC2 API reference, `DescribeSnapshots`).
const PAGE: i32 = 1000;

/// How long it may take until a snapshot is complete. The first one of a volume takes minutes to
/// hours; what is not complete by then is finished by the next apply.
const COMPLETE: Duration = Duration::from_secs(3600);

/// A snapshot and the tier where it is, or is on its way to.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) snapshot: Snapshot,
    pub(crate) tier: String,
}

impl Live {
    /// Its id.
    pub(crate) fn id(&self) -> &str {
        self.snapshot.snapshot_id.as_deref().unwrap_or_default()
    }

    /// What it is for; EC2 answers an empty text for none.
    pub(crate) fn description(&self) -> Option<String> {
        self.snapshot.description.clone().filter(|text| !text.is_empty())
    }

    /// When it was begun.
    pub(crate) fn start_time(&self) -> Option<String> {
        self.snapshot.start_time.as_ref().and_then(|time| time.fmt(Format::DateTime).ok())
    }

    /// Its ARN, which names no account (Service Authorization Reference, "Amazon EC2").
    pub(crate) fn arn(&self, here: &str) -> String {
        format!("arn:{}:ec2:{here}::snapshot/{}", region::partition(here), self.id())
    }
}

listed!(
    Snapshot, "snapshots", "snapshot-id" by snapshot_id, LIST,
    |client| client.describe_snapshots().owner_ids("self").max_results(PAGE), |answer| answer.snapshots
);

/// Looks for snapshots.
pub(crate) async fn find(api: Api<'_>, targets: &[Target]) -> Vec<Found<Live>> {
    let found = find::find::<Snapshot>(api, targets).await;
    let moves = tier::moves(api, targets, &found).await;
    let of = |found| match found {
        Found::There(snapshot) => match &moves {
            Ok(moves) => Found::There(with_tier(snapshot, moves)),
            Err(failure) => Found::Failed(failure.clone()),
        },
        Found::Absent(proof) => Found::Absent(proof),
        Found::Failed(failure) => Found::Failed(failure),
    };
    found.into_iter().map(of).collect()
}

fn with_tier(snapshot: Snapshot, moves: &BTreeMap<String, &'static str>) -> Live {
    let moves = snapshot.snapshot_id.as_ref().and_then(|id| moves.get(id));
    let tier = moves.copied().unwrap_or_else(|| tier::of(&snapshot)).to_owned();
    Live { snapshot, tier }
}

/// A snapshot that exists.
pub(crate) struct Made {
    pub(crate) id: Name,
    /// Whether its id is in the journal: if not, nothing more may be done.
    told: Result<(), Failure>,
    /// Whether it was made just now, so that EC2 may not list it yet.
    fresh: bool,
}

impl Made {
    /// One that state knows.
    pub(crate) fn known(id: Name) -> Self {
        Self { id, told: Ok(()), fresh: false }
    }
}

/// Makes a snapshot, or finds that an attempt of this step whose answer was lost has made it.
pub(crate) async fn make<F, Fut>(
    api: Api<'_>,
    address: &str,
    token: &str,
    create: F,
) -> Result<Made, Failure>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<Option<String>, Failure>>,
{
    let id = match find::made_by::<Snapshot>(api, token).await? {
        Some(found) => found.snapshot_id,
        None => create().await?,
    };
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Err(Failure::new(Class::Garbled, "the answer names no snapshot"));
    };
    let told = api.ctx.identified(address, &id).await;
    Ok(Made { id: id.into(), told, fresh: true })
}

/// What was known of a snapshot.
pub(crate) struct Before {
    pub(crate) tags: Tags,
    pub(crate) tier: Option<String>,
}

/// What is wanted of one besides what can never change.
pub(crate) struct Wanted<'a> {
    pub(crate) owner: Option<&'a Owner>,
    pub(crate) tags: &'a Tags,
    pub(crate) tier: &'a Option<String>,
}

/// Waits until a snapshot is complete, and brings it to what is wanted.
pub(crate) async fn settle(
    api: Api<'_>,
    made: &Made,
    before: Option<Before>,
    wanted: &Wanted<'_>,
) -> Result<Live, Failure> {
    made.told.clone()?;
    let known = before.as_ref().and_then(|before| before.tier.clone());
    if let Some(before) = before {
        let after = join(wanted.tags, wanted.owner);
        tags::write(api, &made.id, &before.tags, &after, GONE).await?;
    }
    let snapshot = complete(api, made).await?;
    let mut tier = known.unwrap_or_else(|| tier::of(&snapshot).to_owned());
    if let Some(to) = wanted.tier.as_ref().filter(|to| **to != tier) {
        tier::set(api, &made.id, to).await?;
        tier.clone_from(to);
    }
    Ok(Live { snapshot, tier })
}

async fn complete(api: Api<'_>, made: &Made) -> Result<Snapshot, Failure> {
    let id = &*made.id;
    let look = || async {
        let Some(found) = find::get::<Snapshot>(api, id).await? else {
            let gone = || Failure::new(Class::NotFound, format!("there is no snapshot {id}"));
            return if made.fresh { Ok(None) } else { Err(gone().of(&LIST, api.scope)) };
        };
        match &found.state {
            Some(SnapshotState::Completed) => Ok(Some(found)),
            Some(SnapshotState::Error) => {
                let why = found.state_message.as_deref().unwrap_or("EC2 gives no reason");
                let text = format!("the snapshot {id} has failed: {why}");
                Err(Failure::new(Class::Other, text).of(&LIST, api.scope))
            }
            _ => Ok(None),
        }
    };
    let done = wait::until(api.ctx, COMPLETE, &format!("{id} is complete"), look).await;
    // It exists: that it is not complete leaves nothing in doubt.
    done.map_err(|failure| match failure.call {
        None => failure.of(&LIST, api.scope),
        Some(_) => failure,
    })
}

/// Removes a snapshot; a missing one is no matter.
pub(crate) async fn delete(api: Api<'_>, id: &str) -> Result<(), Failure> {
    let call = || async {
        let answer = api.client.delete_snapshot().snapshot_id(id).send().await;
        answer.map_err(|e| failure(e).not_found(GONE))
    };
    match api.ctx.call(&DELETE, api.scope, call).await {
        Err(failure) if failure.class != Class::NotFound => Err(failure),
        _ => Ok(()),
    }
}

/// What snapshots and copies have in common when they are compared.
pub(crate) fn normalise(document: &Value) -> Value {
    let document = normalise::follow(document, "tags", "tags_all");
    match document.get("description").and_then(Value::as_str) {
        Some("") => document.with("description", Value::Null(Type::String)),
        _ => document,
    }
}
