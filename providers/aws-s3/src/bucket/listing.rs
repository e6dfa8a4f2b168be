//! The account's buckets: one complete listing a region and refresh.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::Client;
use futures_util::future::join_all;
use lifeboat_aws_core::{failure, tags};
use lifeboat_sdk::{
    Class, CompleteListing, Ctx, Failure, Inventory, Listing, Name, Owner, Proof, Scope, Tagged,
    Target, Value,
};

use super::{LIST_BUCKETS, PREFIX, live_tags};
use crate::setting::At;

/// Buckets of one page. With this S3 pages and names each bucket's region.
const PAGE: i32 = 1000;

/// All buckets of the account by the word of one region's endpoint.
#[derive(Debug)]
pub(super) struct Listed {
    complete: CompleteListing<()>,
    regions: BTreeMap<String, Option<String>>,
}

impl Listed {
    /// The bucket's region, where it is listed and the region is told.
    pub(super) fn find(&self, bucket: &str) -> Option<&Option<String>> {
        self.regions.get(bucket)
    }

    /// The proof that what is not in it does not exist in this account.
    pub(super) fn proof(&self, scope: &Scope) -> Proof {
        self.complete.proof(&format!("buckets in {}", scope.location))
    }
}

/// The bucket whose name a create of this address made up, found by its owner tags: for a
/// create whose answer was lost. Else the proof that there is none.
pub(super) async fn made_up(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    target: &Target,
) -> Result<(Option<String>, Proof), Failure> {
    let listed = all(ctx, scope, client).await?;
    let prefix = target.hint.get("bucket_prefix").and_then(Value::as_str).unwrap_or(PREFIX);
    let here = Some(scope.location.region().to_string());
    let candidates = listed.regions.iter().filter(|(bucket, region)| {
        let rest = bucket.strip_prefix(prefix).unwrap_or_default();
        let named = rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_hexdigit());
        named && (region.is_none() || **region == here)
    });
    let names = candidates.map(|(bucket, _)| bucket);
    let all = Inventory::of(owners(ctx, scope, client, names, &target.address).await);
    if let Some((_, failure)) = all.unread.into_iter().next() {
        return Err(failure);
    }
    let ours = |tagged: &&Tagged| tagged.owner.address == target.address;
    let found: Vec<&Tagged> = all.tagged.iter().filter(ours).collect();
    match found[..] {
        [] => Ok((None, listed.proof(scope))),
        [bucket] => Ok((Some(bucket.id.to_string()), listed.proof(scope))),
        _ => {
            let text = format!("several buckets named {prefix}… carry the tags of this address");
            Err(Failure::new(Class::Other, text).of(&LIST_BUCKETS, scope))
        }
    }
}

/// All buckets of the region, by their owner tags.
pub(super) async fn inventory(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
) -> Result<Inventory, Failure> {
    let listed = all(ctx, scope, client).await?;
    let here = scope.location.region().to_string();
    let in_region = listed.regions.iter().filter(|(_, region)| region.as_ref() == Some(&here));
    let mut objects = owners(ctx, scope, client, in_region.map(|(bucket, _)| bucket), "").await;
    // Where it is was not told: asked here for its tags, another region's would not answer.
    let nowhere = listed.regions.iter().filter(|(_, region)| region.is_none());
    objects.extend(nowhere.map(|(bucket, _)| {
        let failure = Failure::new(Class::Garbled, "the listing does not tell its region");
        (bucket.as_str().into(), Err(failure.of(&LIST_BUCKETS, scope)))
    }));
    Ok(Inventory::of(objects))
}

/// What the tags of each bucket say of its owner; `address` is the one that is looked for.
async fn owners(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    buckets: impl Iterator<Item = &String>,
    address: &str,
) -> Vec<(Name, Result<Option<Owner>, Failure>)> {
    let looks = buckets.map(|bucket| async move {
        let live = live_tags(&At { ctx, scope, client, bucket }).await;
        (bucket.as_str().into(), live.map(|live| tags::split(live, address).1))
    });
    join_all(looks).await
}

/// Reads all pages, once for all who ask while refreshing.
pub(super) async fn all(ctx: &Ctx, scope: &Scope, client: &Client) -> Result<Arc<Listed>, Failure> {
    ctx.shared(scope, "ListBuckets", || pages(ctx, scope, client)).await
}

async fn pages(ctx: &Ctx, scope: &Scope, client: &Client) -> Result<Listed, Failure> {
    let mut listing = Listing::default();
    let mut regions = BTreeMap::new();
    let mut next: Option<String> = None;
    loop {
        let page = ctx
            .call(&LIST_BUCKETS, scope, || async {
                let call = client.list_buckets().max_buckets(PAGE);
                call.set_continuation_token(next.clone()).send().await.map_err(failure)
            })
            .await?;
        for bucket in page.buckets() {
            let region = bucket.bucket_region().filter(|region| !region.is_empty());
            if let Some(name) = bucket.name() {
                regions.insert(name.to_owned(), region.map(str::to_owned));
            }
        }
        let token = page.continuation_token().filter(|token| !token.is_empty());
        listing.page([()], token.is_some());
        match token.map(str::to_owned) {
            // A token that comes again would page for ever.
            Some(token) if next.as_ref() != Some(&token) => next = Some(token),
            _ => break,
        }
    }
    let complete = listing.complete().ok_or_else(|| {
        let text = "the listing of buckets goes round in a circle";
        Failure::new(Class::Garbled, text).of(&LIST_BUCKETS, scope)
    })?;
    Ok(Listed { complete, regions })
}
