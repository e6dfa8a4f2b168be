//! `aws_ebs_snapshot`: a copy of a volume as it was at a moment.

pub(crate) mod live;
#[cfg(test)]
mod tests;
pub(crate) mod tier;

use std::collections::BTreeMap;

use aws_sdk_ec2::types::ResourceType;
use futures_util::future::join_all;
use lifeboat_aws_core::tags::{Tags, split};
use lifeboat_aws_core::{Clients, failure, normalise, validate};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, ChangeAction, Ctx, Failure, Finding, Inventory, Kind, Object as _, Observation,
    Outcome, Owner, Ownership, Present, Scope, Service, Target, Value, WriteFailure,
};
use lifeboat_sdk_derive::Kind;

use crate::{Api, EC2, find, tags};
use live::{Before, Live, Made, Wanted};

/// Makes a snapshot. With tags EC2 also asks for `ec2:CreateTags`.
pub(crate) const CREATE: Call = Call::write("ec2", "CreateSnapshot", "ec2:CreateSnapshot");
/// Removes a snapshot.
pub(crate) const DELETE: Call = Call::write("ec2", "DeleteSnapshot", "ec2:DeleteSnapshot");
/// Lists snapshots.
pub(crate) const LIST: Call = Call::read("ec2", "DescribeSnapshots", "ec2:DescribeSnapshots");

/// The codes that say that there is no such snapshot.
pub(crate) const GONE: &[&str] = &["InvalidSnapshot.NotFound"];

/// A copy of a volume as it was at a moment, kept in the volume's region.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Snapshot {
    /// The volume.
    #[kind(required, forces_replacement)]
    pub volume_id: String,
    /// What it is for.
    #[kind(optional, forces_replacement)]
    pub description: Option<String>,
    /// `standard`, or `archive`: cheaper, for at least 90 days, and not readable until it is
    /// restored, which takes up to three days. A snapshot that goes there reads so at once.
    #[kind(optional_computed)]
    pub storage_tier: Option<String>,
    /// Its region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// Its tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
    /// Its tags with those of the provider.
    #[kind(computed)]
    pub tags_all: BTreeMap<String, String>,
    /// Whether it is encrypted: as its volume is.
    #[kind(computed)]
    pub encrypted: Option<bool>,
    /// The key that protects the key of its data.
    #[kind(computed)]
    pub kms_key_id: Option<String>,
    /// The id of the key of its data.
    #[kind(computed)]
    pub data_encryption_key_id: Option<String>,
    /// Who owns it, where that has a name: `amazon`.
    #[kind(computed)]
    pub owner_alias: Option<String>,
    /// The account that owns it.
    #[kind(computed)]
    pub owner_id: Option<String>,
    /// When it was begun: the moment that it shows.
    #[kind(computed)]
    pub start_time: Option<String>,
    /// The size of the volume in GiB.
    #[kind(computed)]
    pub volume_size: Option<i64>,
    /// Its ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// Its id, made up by EC2.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// The kind `aws_ebs_snapshot`.
#[derive(Clone, Debug)]
pub struct SnapshotKind(pub Clients);

impl Kind for SnapshotKind {
    type Object = Snapshot;
    const NAME: &'static str = "aws_ebs_snapshot";
    const SERVICE: Service = EC2;
    const OWNERSHIP: Ownership = Ownership::Tags;

    fn normalise(&self, document: &Value) -> Value {
        live::normalise(&normalise::containers(Snapshot::SCHEMA.attributes, document))
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let tiers = validate::one_of(document, &["storage_tier"], tier::NAMES);
        validate::region(document, &self.0).into_iter().chain(tiers).collect()
    }

    fn holds_data(&self, _document: &Value) -> bool {
        true
    }

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<Snapshot>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let found = live::find(api, targets).await;
        let observe = |(target, found): (&Target, find::Found<Live>)| {
            found.observe(api, |live| {
                let (tags, owner) = split(tags::of(live.snapshot.tags()), &target.address);
                Present { owner, ..Present::new(live.id(), from_api(api, &live, tags)) }
            })
        };
        targets.iter().zip(found).map(observe).collect()
    }

    async fn inventory(&self, ctx: &Ctx, scope: &Scope) -> Result<Option<Inventory>, Failure> {
        let client = crate::client(&self.0, scope).await?;
        let api = Api { client: &client, ctx, scope };
        find::inventory::<aws_sdk_ec2::types::Snapshot>(api, Self::NAME).await.map(Some)
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<Snapshot>>,
    ) -> Vec<Outcome<Snapshot>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|change| write(api, change))).await
    }
}

async fn write(api: Api<'_>, change: Change<Snapshot>) -> Outcome<Snapshot> {
    let Change { address, token, owner, action } = change;
    let (made, before, after) = match action {
        ChangeAction::Create { after } => {
            let create = || create(api, &after, owner.as_ref(), &token);
            (live::make(api, &address, &token, create).await?, None, after)
        }
        ChangeAction::Update { id, before, after } => {
            let before = Before { tags: before.tags, tier: before.storage_tier };
            (Made::known(id), Some(before), after)
        }
        ChangeAction::Delete { id, .. } => {
            live::delete(api, &id).await?;
            return Ok(None);
        }
    };
    let wanted = Wanted { owner: owner.as_ref(), tags: &after.tags, tier: &after.storage_tier };
    match live::settle(api, &made, before, &wanted).await {
        Ok(live) => {
            let object = from_api(api, &live, after.tags);
            Ok(Some(Present { owner, ..Present::new(made.id, object) }))
        }
        Err(failure) => {
            let object = Snapshot { id: Some(made.id.to_string()), ..after };
            let half_made = Some(Present { owner, ..Present::new(made.id, object) });
            Err(WriteFailure { failure, half_made })
        }
    }
}

/// Asks for the snapshot; its id.
async fn create(
    api: Api<'_>,
    after: &Snapshot,
    owner: Option<&Owner>,
    token: &str,
) -> Result<Option<String>, Failure> {
    let with = tags::made_with(ResourceType::Snapshot, &after.tags, owner, token);
    let call = || async {
        let input = api.client.create_snapshot().volume_id(&after.volume_id);
        let input = input.set_description(after.description.clone());
        input.tag_specifications(with.clone()).send().await.map_err(failure)
    };
    Ok(api.ctx.call(&CREATE, api.scope, call).await?.snapshot_id)
}

fn from_api(api: Api<'_>, live: &Live, tags: Tags) -> Snapshot {
    let snapshot = &live.snapshot;
    Snapshot {
        volume_id: snapshot.volume_id.clone().unwrap_or_default(),
        description: live.description(),
        storage_tier: Some(live.tier.clone()),
        region: Some(api.region().to_owned()),
        tags_all: tags.clone(),
        tags,
        encrypted: snapshot.encrypted,
        kms_key_id: snapshot.kms_key_id.clone(),
        data_encryption_key_id: snapshot.data_encryption_key_id.clone(),
        owner_alias: snapshot.owner_alias.clone(),
        owner_id: snapshot.owner_id.clone(),
        start_time: live.start_time(),
        volume_size: snapshot.volume_size.map(i64::from),
        arn: Some(live.arn(api.region())),
        id: snapshot.snapshot_id.clone(),
    }
}
