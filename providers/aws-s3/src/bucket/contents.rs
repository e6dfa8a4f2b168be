//! What is in a bucket: whether anything is, and how it is emptied.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use lifeboat_sdk::{Call, Class, Failure};

use crate::filter::invalid;
use crate::object_lock;
use crate::setting::{At, NO_BUCKET, request};

/// Lists objects with their versions and delete markers.
pub const LIST_VERSIONS: Call = Call::read("s3", "ListObjectVersions", "s3:ListBucketVersions");
/// Deletes up to a thousand versions.
pub const DELETE_OBJECTS: Call = Call::write("s3", "DeleteObjects", "s3:DeleteObjectVersion");

/// Versions in one call; `DeleteObjects` takes no more.
const PAGE: i32 = 1000;

/// Whether the bucket holds nothing, former versions and delete markers included.
pub(super) async fn is_empty(at: &At<'_>) -> Result<bool, Failure> {
    Ok(versions(at, 1).await?.is_empty())
}

/// Whether Object Lock is enabled; asked only where state does not say.
pub(super) async fn has_object_lock(at: &At<'_>) -> Result<bool, Failure> {
    let none = "ObjectLockConfigurationNotFoundError";
    let absent = &[NO_BUCKET, none];
    let read = request!(at, at.client.get_object_lock_configuration(), absent);
    match at.call(&object_lock::GET, read).await {
        Ok(_) => Ok(true),
        Err(failure) if failure.code.as_deref() == Some(none) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Deletes every version and delete marker. Retention is not bypassed: what is locked stays, and
/// is the failure.
pub(super) async fn empty(at: &At<'_>) -> Result<(), Failure> {
    loop {
        // Always the first page: what it held is gone when it is asked for again.
        let found = versions(at, PAGE).await?;
        if found.is_empty() {
            return Ok(());
        }
        let count = found.len();
        let batch = Delete::builder().set_objects(Some(found)).quiet(true).build();
        let batch = batch.map_err(|e| invalid(&e))?;
        let delete = || at.client.delete_objects().delete(batch.clone());
        let answer = at.call(&DELETE_OBJECTS, request!(at, delete(), &[NO_BUCKET])).await?;
        if answer.errors().len() >= count {
            let first = answer.errors().first();
            let why = first.and_then(|e| e.message()).unwrap_or("S3 gives no reason");
            let key = first.and_then(|e| e.key()).unwrap_or_default();
            let text = format!("none of {count} versions could be deleted; {key}: {why}");
            let code = first.and_then(|e| e.code()).unwrap_or("Unknown");
            return Err(Failure::new(Class::Other, text).code(code).of(&DELETE_OBJECTS, at.scope));
        }
    }
}

/// The first versions and delete markers.
async fn versions(at: &At<'_>, count: i32) -> Result<Vec<ObjectIdentifier>, Failure> {
    let list = || at.client.list_object_versions().max_keys(count);
    let page = at.call(&LIST_VERSIONS, request!(at, list(), &[NO_BUCKET])).await?;
    let versions = page.versions().iter().map(|v| (v.key(), v.version_id()));
    let markers = page.delete_markers().iter().map(|m| (m.key(), m.version_id()));
    let found: Result<Vec<_>, _> = versions
        .chain(markers)
        .map(|(key, version)| {
            let version = version.map(str::to_owned);
            ObjectIdentifier::builder()
                .key(key.unwrap_or_default())
                .set_version_id(version)
                .build()
                .map_err(|e| invalid(&e))
        })
        .collect();
    let found = found?;
    if found.is_empty() && page.is_truncated() == Some(true) {
        let text = "the listing of versions has an empty page before its end";
        return Err(Failure::new(Class::Garbled, text).of(&LIST_VERSIONS, at.scope));
    }
    Ok(found)
}
