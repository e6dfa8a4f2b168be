//! Making, tagging and removing buckets.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Tag, Tagging};
use lifeboat_aws_core::{failure, tags};
use lifeboat_sdk::{
    Change, ChangeAction, Class, Ctx, Failure, Name, Outcome, Owner, Present, Scope, WriteFailure,
};

use super::{
    Bucket, CREATE_BUCKET, DELETE_BUCKET, DELETE_TAGGING, PREFIX, PUT_TAGGING, contents, listing,
    live_tags,
};
use crate::filter::{api_tag, invalid};
use crate::setting::{At, NO_BUCKET, request};

/// The region where S3 answers *made* for a bucket that exists (API reference, "CreateBucket",
/// BucketAlreadyOwnedByYou), and which takes no location constraint.
const FIRST_REGION: &str = "us-east-1";
/// Characters of a bucket's name.
const LONGEST: usize = 63;

/// Makes one change.
pub(super) async fn change(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    change: Change<Bucket>,
) -> Outcome<Bucket> {
    let Change { address, token, owner, action } = change;
    let at = |bucket| At { ctx, scope, client, bucket };
    match action {
        ChangeAction::Create { after } => {
            let bucket = name(&after, &token);
            create(&at(&bucket), &address, owner, after).await
        }
        ChangeAction::Update { id, before: _, after } => {
            let at = at(&id);
            let live: tags::Tags = live_tags(&at).await?.into_iter().collect();
            let system = live.clone().into_iter().filter(|(key, _)| tags::is_system(key));
            let all = system.chain(tags::join(&after.tags, owner.as_ref())).collect();
            if live != all {
                retag(&at, all).await?;
            }
            Ok(Some(Present { owner, ..Present::new(id.clone(), after.named(&id, scope)) }))
        }
        ChangeAction::Delete { id, before } => delete(&at(&id), &before).await,
    }
}

/// The name, or one that every attempt of this step makes up alike.
fn name(after: &Bucket, token: &Name) -> String {
    if let Some(name) = &after.bucket {
        return name.clone();
    }
    let suffix = format!("{:016x}", tags::digest(token));
    let prefix = after.bucket_prefix.as_deref().unwrap_or(PREFIX);
    let room = prefix.char_indices().nth(LONGEST - suffix.len()).map_or(prefix.len(), |(i, _)| i);
    format!("{}{suffix}", &prefix[..room])
}

async fn create(
    at: &At<'_>,
    address: &str,
    owner: Option<Owner>,
    after: Bucket,
) -> Outcome<Bucket> {
    let all = tags::join(&after.tags, owner.as_ref());
    make(at, address, owner.as_ref(), &after, &all).await?;
    let object = after.named(at.bucket, at.scope);
    let half = |failure, object: Bucket| {
        let half_made = Some(Present::new(at.bucket, object));
        Err(WriteFailure { failure, half_made })
    };
    if let Err(failure) = at.ctx.identified(address, at.bucket).await {
        return half(failure, object);
    }
    if let Err(failure) = retag(at, all).await {
        return half(
            failure,
            Bucket { tags: BTreeMap::new(), tags_all: BTreeMap::new(), ..object },
        );
    }
    Ok(Some(Present { owner, ..Present::new(at.bucket, object) }))
}

/// Makes the bucket, or finds that an attempt whose answer was lost has made it.
async fn make(
    at: &At<'_>,
    address: &str,
    owner: Option<&Owner>,
    after: &Bucket,
    all: &tags::Tags,
) -> Result<(), Failure> {
    if at.region().as_deref() == Some(FIRST_REGION)
        && let Some(found) = ours(at, address, owner).await?
    {
        return taken(at, found, None);
    }
    let mut made = send(at, after, all).await;
    let denied = made.as_ref().is_err_and(|failure| failure.class == Class::Denied);
    if denied && !all.is_empty() {
        made = send(at, after, &BTreeMap::new()).await;
    }
    match made {
        Err(failure) if failure.class == Class::Exists => match ours(at, address, owner).await {
            Ok(Some(found)) => taken(at, found, Some(failure)),
            Ok(None) | Err(_) => Err(failure),
        },
        made => made,
    }
}

fn taken(at: &At<'_>, ours: bool, failure: Option<Failure>) -> Result<(), Failure> {
    if ours {
        return Ok(());
    }
    Err(failure.unwrap_or_else(|| {
        let text = "a bucket of this name exists in this account and is not of this address";
        Failure::new(Class::Exists, text)
            .code("BucketAlreadyOwnedByYou")
            .of(&CREATE_BUCKET, at.scope)
    }))
}

/// Whether the bucket exists and carries the owner tags of this very address.
async fn ours(at: &At<'_>, address: &str, owner: Option<&Owner>) -> Result<Option<bool>, Failure> {
    match live_tags(at).await {
        Ok(live) => {
            let found = tags::split(live, address).1;
            Ok(Some(found.is_some() && found.as_ref() == owner))
        }
        Err(failure) if failure.class == Class::NotFound => Ok(None),
        Err(failure) if failure.class == Class::Denied => {
            // It exists. In another account, making it is refused; in this one it is not ours.
            let listing = listing::all(at.ctx, at.scope, at.client).await.map_err(|_| failure)?;
            Ok(listing.find(at.bucket).map(|_| false))
        }
        Err(failure) => Err(failure),
    }
}

async fn send(at: &At<'_>, after: &Bucket, all: &tags::Tags) -> Result<(), Failure> {
    let region = at.region().filter(|region| region != FIRST_REGION);
    let api = api_tags(all)?;
    let configuration = (region.is_some() || !api.is_empty()).then(|| {
        CreateBucketConfiguration::builder()
            .set_location_constraint(region.as_deref().map(BucketLocationConstraint::from))
            .set_tags(Some(api).filter(|tags| !tags.is_empty()))
            .build()
    });
    at.call(&CREATE_BUCKET, || async {
        let call = at.client.create_bucket().bucket(at.bucket);
        let call = call.set_create_bucket_configuration(configuration.clone());
        let locked = after.object_lock_enabled.filter(|locked| *locked);
        let call = call.set_object_lock_enabled_for_bucket(locked);
        call.send().await.map(drop).map_err(failure)
    })
    .await
}

/// Sets all tags. A bucket just made may not be seen everywhere yet.
async fn retag(at: &At<'_>, all: tags::Tags) -> Result<(), Failure> {
    let unseen = |failure: &Failure| failure.code.as_deref() == Some(NO_BUCKET);
    if all.is_empty() {
        let remove = request!(at, at.client.delete_bucket_tagging(), &[NO_BUCKET]);
        return at.patiently(&DELETE_TAGGING, unseen, remove).await.map(drop);
    }
    let set = Tagging::builder().set_tag_set(Some(api_tags(&all)?)).build();
    let set = set.map_err(|e| invalid(&e))?;
    let put = || at.client.put_bucket_tagging().tagging(set.clone());
    at.patiently(&PUT_TAGGING, unseen, request!(at, put(), &[NO_BUCKET])).await.map(drop)
}

fn api_tags(all: &tags::Tags) -> Result<Vec<Tag>, Failure> {
    all.iter().map(|(key, value)| api_tag(key, value)).collect()
}

/// Removes the bucket, with its contents where `force_destroy` says so.
async fn delete(at: &At<'_>, before: &Bucket) -> Outcome<Bucket> {
    let mut removed = remove(at).await;
    let full = removed.as_ref().is_err_and(|f| f.code.as_deref() == Some("BucketNotEmpty"));
    if full && before.force_destroy == Some(true) {
        match contents::empty(at).await {
            Err(failure) if failure.class != Class::NotFound => return Err(failure.into()),
            _ => removed = remove(at).await,
        }
    }
    match removed {
        Err(failure) if failure.class != Class::NotFound => Err(failure.into()),
        _ => Ok(None),
    }
}

async fn remove(at: &At<'_>) -> Result<(), Failure> {
    at.call(&DELETE_BUCKET, request!(at, at.client.delete_bucket(), &[NO_BUCKET])).await.map(drop)
}
