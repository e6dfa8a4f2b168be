//! `aws_s3_bucket`: a bucket, its tags and whose it is.

pub mod contents;
mod listing;
#[cfg(test)]
mod tests;
mod write;
mod zones;

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use futures_util::future::join_all;
use lifeboat_aws_core::{Clients, normalise, region, tags, validate};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::session::Purpose;
use lifeboat_sdk::{
    Call, Change, Class, Ctx, Failure, Finding, Inventory, Kind, Name, Object as _, Observation,
    Outcome, Owner, Ownership, Present, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use crate::S3;
use crate::setting::{At, NO_BUCKET, bucket_of, request};

/// Lists the account's buckets.
pub const LIST_BUCKETS: Call = Call::read("s3", "ListBuckets", "s3:ListAllMyBuckets");
/// Makes a bucket. With tags S3 also asks for `s3:TagResource`; without it they follow.
pub const CREATE_BUCKET: Call = Call::write("s3", "CreateBucket", "s3:CreateBucket");
/// Removes an empty bucket.
pub const DELETE_BUCKET: Call = Call::write("s3", "DeleteBucket", "s3:DeleteBucket");
/// Reads a bucket's tags.
pub const GET_TAGGING: Call = Call::read("s3", "GetBucketTagging", "s3:GetBucketTagging");
/// Sets all tags of a bucket.
pub const PUT_TAGGING: Call = Call::write("s3", "PutBucketTagging", "s3:PutBucketTagging");
/// Removes all tags of a bucket.
pub const DELETE_TAGGING: Call = Call::write("s3", "DeleteBucketTagging", "s3:PutBucketTagging");

/// How a name begins for which neither `bucket` nor `bucket_prefix` is given.
const PREFIX: &str = "lifeboat-";
/// The answer for a bucket that has no tags.
const NO_TAGS: &str = "NoSuchTagSet";

/// A bucket.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Bucket {
    /// Its name, unique in all of AWS.
    #[kind(optional_computed, forces_replacement, identity)]
    pub bucket: Option<String>,
    /// How a name begins that is made up.
    #[kind(optional, forces_replacement)]
    pub bucket_prefix: Option<String>,
    /// Whether it is emptied, versions included, before it is deleted.
    #[kind(default = "false")]
    pub force_destroy: Option<bool>,
    /// Whether objects can be locked against deletion, from the start.
    #[kind(optional_computed, forces_replacement)]
    pub object_lock_enabled: Option<bool>,
    /// Its region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// Its tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
    /// Its tags with those of the provider.
    #[kind(computed)]
    pub tags_all: BTreeMap<String, String>,
    /// Its name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// Its ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// Its host name without region.
    #[kind(computed, identity)]
    pub bucket_domain_name: Option<String>,
    /// Its host name with region.
    #[kind(computed, identity)]
    pub bucket_regional_domain_name: Option<String>,
    /// Its region, as Terraform's sixth version names it beside `region`.
    #[kind(computed, identity)]
    pub bucket_region: Option<String>,
    /// The hosted zone of the region's website endpoint, for alias records.
    #[kind(computed, identity)]
    pub hosted_zone_id: Option<String>,
}

/// The kind `aws_s3_bucket`.
#[derive(Clone, Debug)]
pub struct BucketKind(pub Clients);

impl Kind for BucketKind {
    type Object = Bucket;
    const NAME: &'static str = "aws_s3_bucket";
    const SERVICE: Service = S3;
    const OWNERSHIP: Ownership = Ownership::Tags;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        desired.get("bucket").and_then(Value::as_str).map(Into::into)
    }

    fn normalise(&self, document: &Value) -> Value {
        let document = normalise::containers(Bucket::SCHEMA.attributes, document);
        normalise::follow(&document, "tags", "tags_all")
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let both = ["bucket", "bucket_prefix"]
            .iter()
            .all(|n| document.get(n).is_some_and(|value| value.as_str().is_some()));
        let name = document.get("bucket").and_then(Value::as_str);
        let wrong = name.filter(|name| !is_name(name));
        let mut findings = Vec::from_iter(validate::region(document, &self.0));
        if let Some(name) = wrong {
            findings.push(finding(
                "Not a bucket's name",
                format!("S3 does not take {name:?} as the name of a bucket."),
                "Write 3 to 63 lower case letters, digits, dots and hyphens.",
            ));
        }
        // A name that was made up is state's, not the configuration's: it begins with the prefix.
        let prefix = document.get("bucket_prefix").and_then(Value::as_str).unwrap_or_default();
        if both && !name.is_some_and(|name| name.starts_with(prefix)) {
            findings.push(finding(
                "Name and prefix exclude each other",
                "A bucket has either a name or the beginning of one.".to_owned(),
                "Write bucket or bucket_prefix.",
            ));
        }
        findings
    }

    fn holds_data(&self, _document: &Value) -> bool {
        true
    }

    async fn is_empty(&self, ctx: &Ctx, scope: &Scope, id: &str) -> Result<Option<bool>, Failure> {
        let client = &crate::client(&self.0, scope).await?;
        contents::is_empty(&At { ctx, scope, client, bucket: id }).await.map(Some)
    }

    async fn read(&self, ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Bucket>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => {
                return Observation::all_unreadable(targets, scope, &failure);
            }
        };
        // While applying, one bucket at a time is asked for: the listing would cost more.
        let listing = match ctx.session().purpose() {
            Purpose::Refresh => match listing::all(ctx, scope, &client).await {
                Ok(listing) => Some(listing),
                // Without that permission each bucket is asked for itself.
                Err(failure) if failure.class == Class::Denied => None,
                Err(failure) => {
                    let unread = |_| Observation::unreadable(scope, &failure);
                    return targets.iter().map(unread).collect();
                }
            },
            Purpose::Apply => None,
        };
        let listing = listing.as_deref();
        join_all(targets.iter().map(|t| read_one(ctx, scope, &client, t, listing))).await
    }

    async fn inventory(&self, ctx: &Ctx, scope: &Scope) -> Result<Option<Inventory>, Failure> {
        let client = crate::client(&self.0, scope).await?;
        listing::inventory(ctx, scope, &client).await.map(Some)
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<Bucket>>,
    ) -> Vec<Outcome<Bucket>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        join_all(changes.into_iter().map(|c| write::change(ctx, scope, &client, c))).await
    }
}

async fn read_one(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    target: &Target,
    listing: Option<&listing::Listed>,
) -> Observation<Bucket> {
    let at = |bucket| At { ctx, scope, client, bucket };
    let Some(bucket) = bucket_of(target) else {
        return match listing::made_up(ctx, scope, client, target).await {
            Ok((Some(bucket), _)) => observe(&at(&bucket), target).await,
            Ok((None, proof)) => Observation::Absent(proof),
            Err(failure) => Observation::unreadable(scope, &failure),
        };
    };
    if let Some(listing) = listing {
        match listing.find(bucket) {
            Some(Some(region)) if Some(region) != at(bucket).region().as_ref() => {
                let text = format!("the bucket {bucket} is in {region}");
                let failure = Failure::new(Class::Other, text).of(&LIST_BUCKETS, scope);
                return Observation::unreadable(scope, &failure);
            }
            Some(_) => {}
            // What state knows is asked for once more: a listing may lag behind.
            None if target.id.is_none() => return Observation::Absent(listing.proof(scope)),
            None => {}
        }
    }
    observe(&at(bucket), target).await
}

async fn observe(at: &At<'_>, target: &Target) -> Observation<Bucket> {
    match live(at, target).await {
        Ok((object, owner)) => {
            Observation::Present(Present { owner, ..Present::new(at.bucket, object) })
        }
        Err(failure) => Observation::from_failure(at.scope, failure),
    }
}

/// The bucket as it is live. A failed part makes it unreadable as a whole.
async fn live(at: &At<'_>, target: &Target) -> Result<(Bucket, Option<Owner>), Failure> {
    let (tags, owner) = tags::split(live_tags(at).await?, &target.address);
    let hint = |name: &str| target.hint.get(name);
    let locked = match hint("object_lock_enabled").and_then(Value::as_bool) {
        // It can never be switched off, and who switches it on does so by its own kind.
        Some(locked) => locked,
        None => contents::has_object_lock(at).await?,
    };
    let object = Bucket {
        bucket_prefix: hint("bucket_prefix").and_then(Value::as_str).map(str::to_owned),
        force_destroy: Some(hint("force_destroy").and_then(Value::as_bool).unwrap_or(false)),
        object_lock_enabled: Some(locked),
        tags,
        ..Bucket::default()
    };
    Ok((object.named(at.bucket, at.scope), owner))
}

/// All tags; a bucket without a tag set has none.
async fn live_tags(at: &At<'_>) -> Result<Vec<(String, String)>, Failure> {
    let read = request!(at, at.client.get_bucket_tagging(), &[NO_BUCKET, NO_TAGS]);
    match at.call(&GET_TAGGING, read).await {
        Ok(answer) => {
            let tags = answer.tag_set().iter();
            Ok(tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
        }
        Err(failure) if failure.code.as_deref() == Some(NO_TAGS) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

impl Bucket {
    /// Fills what follows from name and region, and what was not asked for.
    fn named(self, bucket: &str, scope: &Scope) -> Self {
        let region = &*scope.location.region().0;
        let suffix = region::dns_suffix(region);
        Self {
            bucket: Some(bucket.to_owned()),
            id: Some(bucket.to_owned()),
            arn: Some(format!("arn:{}:s3:::{bucket}", region::partition(region))),
            bucket_domain_name: Some(format!("{bucket}.s3.{suffix}")),
            bucket_regional_domain_name: Some(format!("{bucket}.s3.{region}.{suffix}")),
            bucket_region: Some(region.to_owned()),
            hosted_zone_id: zones::website(region).map(str::to_owned),
            region: Some(region.to_owned()),
            tags_all: self.tags.clone(),
            object_lock_enabled: Some(self.object_lock_enabled.unwrap_or(false)),
            ..self
        }
    }
}

/// S3 user guide, "General purpose bucket naming rules", without the reserved beginnings.
fn is_name(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c))
        && edge(name.chars().next())
        && edge(name.chars().next_back())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

fn finding(summary: &'static str, detail: String, help: &str) -> Finding {
    let path = lifeboat_sdk::Path::attr("bucket");
    Finding { path, summary, detail, help: help.to_owned(), warning: false }
}
