//! The account's buckets: one complete listing a region and refresh.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::Client;
use lifeboat_aws_core::failure;
use lifeboat_sdk::{CompleteListing, Ctx, Failure, Listing, Proof, Scope};

use super::LIST_BUCKETS;

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
        Failure::new(lifeboat_sdk::Class::Garbled, text).of(&LIST_BUCKETS, scope)
    })?;
    Ok(Listed { complete, regions })
}
