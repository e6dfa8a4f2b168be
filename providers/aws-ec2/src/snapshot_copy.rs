//! `aws_ebs_snapshot_copy`: a snapshot of another region, copied into this one.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::ResourceType;
use futures_util::future::join_all;
use lifeboat_aws_core::tags::{Tags, split};
use lifeboat_aws_core::{Clients, failure, normalise, validate};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Ctx, Failure, Finding, Inventory, Kind, Object as _,
    Observation, Outcome, Owner, Ownership, Path, Present, Scope, Service, Target, Value,
    WriteFailure,
};
use lifeboat_sdk_derive::Kind;

use crate::snapshot::live::{self, Before, Live, Made, Wanted};
use crate::snapshot::tier;
use crate::{Api, EC2, find, tags};

/// Copies a snapshot, called in the region that it is copied to. With tags EC2 also asks for
/// `ec2:CreateTags`.
pub(crate) const COPY: Call = Call::write("ec2", "CopySnapshot", "ec2:CopySnapshot");

/// The version of EC2's API, which a signed URL names.
const VERSION: &str = "2016-11-15";

/// A snapshot of another region, copied into this one. It lives on when its source is gone.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct SnapshotCopy {
    /// The snapshot that is copied.
    #[kind(required, forces_replacement)]
    pub source_snapshot_id: String,
    /// The region that it is in.
    #[kind(required, forces_replacement)]
    pub source_region: String,
    /// What it is for.
    #[kind(optional, forces_replacement)]
    pub description: Option<String>,
    /// Whether the copy is encrypted. A copy of an encrypted snapshot always is.
    #[kind(optional_computed, forces_replacement)]
    pub encrypted: Option<bool>,
    /// The key that protects it, of the region that it is copied to; else that region's default.
    #[kind(optional_computed, forces_replacement)]
    pub kms_key_id: Option<String>,
    /// In how many minutes the copy must be complete: a multiple of 15 from 15 to 2880, at a price.
    #[kind(optional, forces_replacement)]
    pub completion_duration_minutes: Option<i64>,
    /// `standard`, or `archive`: see `aws_ebs_snapshot`.
    #[kind(optional_computed)]
    pub storage_tier: Option<String>,
    /// The region that it is copied to.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// Its tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
    /// Its tags with those of the provider.
    #[kind(computed)]
    pub tags_all: BTreeMap<String, String>,
    /// The id of the key of its data.
    #[kind(computed)]
    pub data_encryption_key_id: Option<String>,
    /// Who owns it, where that has a name: `amazon`.
    #[kind(computed)]
    pub owner_alias: Option<String>,
    /// The account that owns it.
    #[kind(computed)]
    pub owner_id: Option<String>,
    /// When the copy was begun.
    #[kind(computed)]
    pub start_time: Option<String>,
    /// A made-up volume: a copy belongs to none.
    #[kind(computed)]
    pub volume_id: Option<String>,
    /// The size of the volume that was copied, in GiB.
    #[kind(computed)]
    pub volume_size: Option<i64>,
    /// Its ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// Its id, made up by EC2.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// The kind `aws_ebs_snapshot_copy`.
#[derive(Clone, Debug)]
pub struct SnapshotCopyKind(pub Clients);

impl Kind for SnapshotCopyKind {
    type Object = SnapshotCopy;
    const NAME: &'static str = "aws_ebs_snapshot_copy";
    const SERVICE: Service = EC2;
    const OWNERSHIP: Ownership = Ownership::Tags;

    fn normalise(&self, document: &Value) -> Value {
        live::normalise(&normalise::containers(SnapshotCopy::SCHEMA.attributes, document))
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let mut findings = validate::one_of(document, &["storage_tier"], tier::NAMES);
        let regions = ["region", "source_region"];
        findings.extend(regions.iter().filter_map(|n| validate::region_at(document, n, &self.0)));
        findings.extend(check(document));
        findings
    }

    fn holds_data(&self, _document: &Value) -> bool {
        true
    }

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<SnapshotCopy>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let found = live::find(api, targets).await;
        let observe = |(target, found): (&Target, find::Found<Live>)| {
            found.observe(api, |live| {
                let (tags, owner) = split(tags::of(live.snapshot.tags()), &target.address);
                let object = from_api(api, &live, asked(&target.hint), tags);
                Present { owner, ..Present::new(live.id(), object) }
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
        changes: Vec<Change<SnapshotCopy>>,
    ) -> Vec<Outcome<SnapshotCopy>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|change| write(&self.0, api, change))).await
    }
}

async fn write(
    clients: &Clients,
    api: Api<'_>,
    change: Change<SnapshotCopy>,
) -> Outcome<SnapshotCopy> {
    let Change { address, token, owner, action } = change;
    let (made, before, after) = match action {
        ChangeAction::Create { after } => {
            let create = || copy(clients, api, &after, owner.as_ref(), &token);
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
            let tags = after.tags.clone();
            let object = from_api(api, &live, after, tags);
            Ok(Some(Present { owner, ..Present::new(made.id, object) }))
        }
        Err(failure) => {
            let object = SnapshotCopy { id: Some(made.id.to_string()), ..after };
            let half_made = Some(Present { owner, ..Present::new(made.id, object) });
            Err(WriteFailure { failure, half_made })
        }
    }
}

/// Asks for the copy; its id.
async fn copy(
    clients: &Clients,
    api: Api<'_>,
    after: &SnapshotCopy,
    owner: Option<&Owner>,
    token: &str,
) -> Result<Option<String>, Failure> {
    let with = tags::made_with(ResourceType::Snapshot, &after.tags, owner, token);
    let minutes = after.completion_duration_minutes.map(i32::try_from).transpose();
    let minutes = minutes.map_err(|_| {
        let text = "completion_duration_minutes is too large";
        Failure::new(Class::Invalid, text)
    })?;
    let (from, here) = (&*after.source_region, api.region());
    // EC2 reads an encrypted source with a URL that we sign for its region (API reference,
    // `CopySnapshot`, PresignedUrl).
    let parameters = [
        ("Action", "CopySnapshot"),
        ("Version", VERSION),
        ("SourceRegion", from),
        ("SourceSnapshotId", &after.source_snapshot_id),
        ("DestinationRegion", here),
    ];
    let call = || async {
        let url = clients.presigned(EC2.name, from, &parameters).await?;
        let input = api
            .client
            .copy_snapshot()
            .source_region(from)
            .source_snapshot_id(&after.source_snapshot_id)
            .destination_region(here)
            .presigned_url(url)
            .set_description(after.description.clone())
            .set_encrypted(after.encrypted)
            .set_kms_key_id(after.kms_key_id.clone())
            .set_completion_duration_minutes(minutes)
            .tag_specifications(with.clone());
        input.send().await.map_err(failure)
    };
    Ok(api.ctx.call(&COPY, api.scope, call).await?.snapshot_id)
}

// Hooks

/// What EC2 refuses (API reference, `CopySnapshot`).
fn check(document: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut error = |at: &str, summary, detail: &str, help: &str| {
        let (detail, help) = (detail.to_owned(), help.to_owned());
        findings.push(Finding { path: Path::attr(at), summary, detail, help, warning: false });
    };
    let key = document.get("kms_key_id").and_then(Value::as_str);
    let plain = document.get("encrypted").and_then(Value::as_bool) == Some(false);
    if plain && key.is_some() {
        error(
            "kms_key_id",
            "a key without encryption",
            "A copy with a key is encrypted, and encrypted = false says that it is not.",
            "Remove kms_key_id, or set encrypted = true.",
        );
    }
    let minutes = document.get("completion_duration_minutes").and_then(Value::as_i64);
    if minutes.is_some_and(|n| !(15..=2880).contains(&n) || n % 15 != 0) {
        error(
            "completion_duration_minutes",
            "a time that EC2 does not take",
            "A copy takes a multiple of 15 minutes, from 15 to 2880.",
            "Write such a number, or remove it: then the copy takes as long as it takes.",
        );
    }
    findings
}

// Conversion

/// What EC2 does not answer of a copy, as state or configuration has it.
fn asked(hint: &Value) -> SnapshotCopy {
    let text = |name: &str| hint.get(name).and_then(Value::as_str).map(str::to_owned);
    SnapshotCopy {
        source_snapshot_id: text("source_snapshot_id").unwrap_or_default(),
        source_region: text("source_region").unwrap_or_default(),
        completion_duration_minutes: hint
            .get("completion_duration_minutes")
            .and_then(Value::as_i64),
        ..SnapshotCopy::default()
    }
}

fn from_api(api: Api<'_>, live: &Live, asked: SnapshotCopy, tags: Tags) -> SnapshotCopy {
    let snapshot = &live.snapshot;
    SnapshotCopy {
        source_snapshot_id: asked.source_snapshot_id,
        source_region: asked.source_region,
        completion_duration_minutes: asked.completion_duration_minutes,
        description: live.description(),
        encrypted: Some(snapshot.encrypted.unwrap_or_default()),
        kms_key_id: snapshot.kms_key_id.clone(),
        storage_tier: Some(live.tier.clone()),
        region: Some(api.region().to_owned()),
        tags_all: tags.clone(),
        tags,
        data_encryption_key_id: snapshot.data_encryption_key_id.clone(),
        owner_alias: snapshot.owner_alias.clone(),
        owner_id: snapshot.owner_id.clone(),
        start_time: live.start_time(),
        volume_id: snapshot.volume_id.clone(),
        volume_size: snapshot.volume_size.map(i64::from),
        arn: Some(live.arn(api.region())),
        id: snapshot.snapshot_id.clone(),
    }
}
