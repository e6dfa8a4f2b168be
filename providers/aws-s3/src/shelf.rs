//! `Buckets`: objects of S3 that no kind plans: role records are read, region bundles kept.

use lifeboat_aws_core::Clients;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{Class, Ctx, Failure, Kept, Name, Over, Place, Service, Shelf};

use crate::S3;
use crate::object::{fetch, send};
use crate::setting::{At, NO_BUCKET};

/// What is kept is text (docs/role-record.md).
const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// The buckets of every region.
#[derive(Clone, Debug)]
pub struct Buckets(Clients);

impl Buckets {
    /// With clients to make calls.
    pub fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }

    async fn read(&self, ctx: &Ctx, place: &Place, key: &str) -> Result<Option<Kept>, Failure> {
        let Place { scope, bucket } = place;
        let client = crate::client(&self.0, scope).await?;
        match fetch(&At { ctx, scope, client: &client, bucket }, key).await {
            Ok(found) => Ok(Some(Kept { bytes: found.body, version: found.etag.into() })),
            Err(failure)
                if failure.class == Class::NotFound
                    && failure.code.as_deref() != Some(NO_BUCKET) =>
            {
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn write(
        &self,
        ctx: &Ctx,
        place: &Place,
        key: &str,
        bytes: &[u8],
        over: Over<'_>,
    ) -> Result<Name, Failure> {
        let Place { scope, bucket } = place;
        let client = crate::client(&self.0, scope).await?;
        let at = At { ctx, scope, client: &client, bucket };
        let read = match over {
            Over::Nothing => None,
            Over::This(version) => Some(version),
        };
        let failure = match send(&at, key, bytes, Some(CONTENT_TYPE), read).await {
            Ok(written) => return Ok(written.etag.into()),
            Err(failure) => failure,
        };
        if failure.class != Class::Conflict {
            return Err(failure);
        }
        // Perhaps by an earlier attempt of our own.
        let live = fetch(&at, key).await?;
        if live.body == bytes { Ok(live.etag.into()) } else { Err(failure) }
    }
}

impl Shelf for Buckets {
    fn service(&self) -> Service {
        S3
    }

    fn get<'a>(
        &'a self,
        ctx: &'a Ctx,
        place: &'a Place,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Kept>, Failure>> {
        Box::pin(self.read(ctx, place, key))
    }

    fn put<'a>(
        &'a self,
        ctx: &'a Ctx,
        place: &'a Place,
        key: &'a str,
        bytes: Vec<u8>,
        over: Over<'a>,
    ) -> BoxFuture<'a, Result<Name, Failure>> {
        Box::pin(async move { self.write(ctx, place, key, &bytes, over).await })
    }
}
