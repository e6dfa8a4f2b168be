//! Copies of objects that are too large for one call, part by part (S3 user guide, "Copying an object
//! using multipart upload"). What one call keeps by itself is said here: metadata, tags, how the
//! content is checked.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
    ServerSideEncryption, StorageClass,
};
use futures_util::future::join_all;
use lifeboat_sdk::{Call, Class, Failure};

use super::backfill::{Like, named, unclear};
use super::content::{HEAD, NO_OBJECT};
use super::listing::Listed;
use crate::setting::{At, NO_BUCKET, as_backfill, hollow, request};

/// Begins a copy in parts.
pub const CREATE: Call = Call::write("s3", "CreateMultipartUpload", "s3:PutObject").data();
/// Copies a part.
pub const PART: Call = Call::write("s3", "UploadPartCopy", "s3:PutObject").data();
/// Makes an object of its parts.
pub const COMPLETE: Call = Call::write("s3", "CompleteMultipartUpload", "s3:PutObject").data();
/// Uploads that were begun and not ended.
pub const UPLOADS: Call =
    Call::read("s3", "ListMultipartUploads", "s3:ListBucketMultipartUploads").data();
/// Takes the parts away.
pub const ABORT: Call = Call::write("s3", "AbortMultipartUpload", "s3:AbortMultipartUpload").data();
/// The tags of an object.
pub const TAGS: Call = Call::read("s3", "GetObjectTagging", "s3:GetObjectTagging").data();

/// The most parts of an object (S3 user guide, "Amazon S3 multipart upload limits").
const MOST: u64 = 10_000;

/// The smallest part that is not the last, and the largest.
const BOUNDS: [u64; 2] = [5 << 20, 5 << 30];

/// How many parts are copied at a time.
const TOGETHER: usize = 8;

/// How an object is cut: for each part its first and its last byte. Nothing where it is too large.
fn cut(size: u64, wanted: u64) -> Option<Vec<(u64, u64)>> {
    let [smallest, largest] = BOUNDS;
    // Whole MiB, so that few sizes are in use.
    let least = size.div_ceil(MOST).next_multiple_of(1 << 20);
    let part = wanted.max(least).max(smallest);
    if part > largest || size == 0 {
        return None;
    }
    let count = size.div_ceil(part);
    Some((0..count).map(|n| (n * part, (n * part + part).min(size) - 1)).collect())
}

/// Lets S3 copy an object in parts, as it was listed, and only over what was listed. What fails leaves
/// no parts.
pub(super) async fn copied(
    source: &At<'_>,
    target: &At<'_>,
    (object, other): (&Listed, Option<&Listed>),
    (like, part): (&Like, u64),
) -> Result<(), Failure> {
    let parts = cut(object.size, part);
    let Some(parts) = parts else {
        return Err(Failure::new(Class::Invalid, "it is larger than 10,000 parts of 5 GiB"));
    };
    let head = || source.client.head_object().key(&object.key).checksum_mode(ChecksumMode::Enabled);
    let head = source.call(&HEAD, request!(source, head(), NO_OBJECT)).await.map_err(seen)?;
    if head.e_tag() != Some(&*object.tag) {
        let text = "the object is not the one that was listed";
        return Err(Failure::new(Class::Conflict, text).code("PreconditionFailed"));
    }
    let tags = tags(source, object).await?;
    let sum = Sum::of(&head);
    let upload = begin(target, object, &head, (tags, like, &sum)).await?;
    clear(target, &object.key, &upload).await;
    let filled = async {
        let mut done = Vec::with_capacity(parts.len());
        let numbered: Vec<_> = (1..).zip(parts).collect();
        for batch in numbered.chunks(TOGETHER) {
            let each = batch.iter().map(|part| one(source, target, (object, &upload), *part));
            for part in join_all(each).await {
                done.push(part?);
            }
        }
        end(target, (object, other), &upload, (done, &sum)).await
    };
    let filled = filled.await;
    // An object that may be in the making is not taken apart: the next attempt clears what it left.
    let making = |failure: &Failure| failure.call == Some(&COMPLETE) && unclear(failure);
    if filled.as_ref().is_err_and(|failure| !making(failure)) {
        abort(target, &object.key, &upload).await;
    }
    filled
}

/// Takes the parts of an upload away. What was told before counts: those that stay go with the next
/// attempt, or by the bucket's lifecycle rules.
async fn abort(target: &At<'_>, key: &str, upload: &str) {
    let abort = || target.client.abort_multipart_upload().key(key).upload_id(upload);
    let absent = &[NO_BUCKET, "NoSuchUpload"];
    drop(target.call(&ABORT, as_backfill!(target, abort(), absent)).await);
}

/// Takes away what attempts left that died: uploads to the same key by whoever began this one. Whoever
/// may not list them leaves them to the bucket's lifecycle rules.
async fn clear(target: &At<'_>, key: &str, upload: &str) {
    let list = || target.client.list_multipart_uploads().prefix(key);
    // A key comes before all that begin with it, and has few.
    let Ok(page) = target.call(&UPLOADS, request!(target, list(), &[NO_BUCKET])).await else {
        return;
    };
    let all: Vec<(&str, &str)> = page
        .uploads()
        .iter()
        .filter(|one| one.key() == Some(key))
        .filter_map(|one| Some((one.upload_id()?, who(one.initiator()?.id()?))))
        .collect();
    let us = all.iter().find(|(id, _)| *id == upload).map(|(_, who)| *who);
    for (id, _) in all.iter().filter(|(id, who)| *id != upload && us == Some(*who)) {
        abort(target, key, id).await;
    }
}

/// Who began an upload; the session of a role is another in each run.
fn who(initiator: &str) -> &str {
    match initiator.rsplit_once('/') {
        Some((role, _)) if role.contains(":assumed-role/") => role,
        _ => initiator,
    }
}

/// `HeadObject` has no body to say in words that there is none.
fn seen(failure: Failure) -> Failure {
    let object = failure.class == Class::NotFound && failure.code.as_deref() != Some(NO_BUCKET);
    if object { failure.code("NoSuchKey") } else { failure }
}

/// The tags as a header has them. Not every server tells with the object how many there are. No version is
/// named, which would need another permission; where there is another by now its parts are refused.
async fn tags(source: &At<'_>, object: &Listed) -> Result<Option<String>, Failure> {
    let get = || source.client.get_object_tagging().key(&object.key);
    let answer = source.call(&TAGS, request!(source, get(), NO_OBJECT)).await?;
    let pair = |tag: &aws_sdk_s3::types::Tag| format!("{}={}", form(tag.key()), form(tag.value()));
    let all: Vec<String> = answer.tag_set().iter().map(pair).collect();
    Ok(Some(all.join("&")).filter(|tags| !tags.is_empty()))
}

/// A text as a query has it.
fn form(text: &str) -> String {
    super::backfill::escaped(text).replace('/', "%2F")
}

/// How the content is checked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    by: Option<ChecksumAlgorithm>,
    /// That of the whole, where the source has one that parts can have, too.
    whole: Option<String>,
}

impl Sum {
    /// As at the source. Only checksums that can be added up are of the whole (S3 user guide,
    /// "Checking object integrity"); others are of the parts.
    fn of(head: &HeadObjectOutput) -> Self {
        let all = [
            (ChecksumAlgorithm::Crc64Nvme, head.checksum_crc64_nvme(), true),
            (ChecksumAlgorithm::Crc32, head.checksum_crc32(), true),
            (ChecksumAlgorithm::Crc32C, head.checksum_crc32_c(), true),
            (ChecksumAlgorithm::Sha256, head.checksum_sha256(), false),
            (ChecksumAlgorithm::Sha1, head.checksum_sha1(), false),
        ];
        let Some((by, sum, adds)) = all.into_iter().find(|(_, sum, _)| sum.is_some()) else {
            return Self::default();
        };
        let composite = head.checksum_type() == Some(&ChecksumType::Composite);
        let whole = sum.filter(|sum| adds && !composite && !sum.contains('-'));
        Self { by: Some(by), whole: whole.map(str::to_owned) }
    }
}

async fn begin(
    target: &At<'_>,
    object: &Listed,
    head: &HeadObjectOutput,
    (tags, like, sum): (Option<String>, &Like, &Sum),
) -> Result<String, Failure> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let key = &like.key;
    let begin = || {
        let begin = target.client.create_multipart_upload().key(&object.key);
        begin
            .set_content_type(text(head.content_type()))
            .set_content_encoding(text(head.content_encoding()))
            .set_content_language(text(head.content_language()))
            .set_content_disposition(text(head.content_disposition()))
            .set_cache_control(text(head.cache_control()))
            .set_expires(expires(head))
            .set_website_redirect_location(like.redirect.clone())
            .set_metadata(head.metadata().cloned())
            .set_tagging(tags.clone())
            .set_storage_class(like.class.as_deref().map(StorageClass::from))
            .set_server_side_encryption(key.as_ref().map(|_| ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(key.clone())
            .set_checksum_algorithm(sum.by.clone())
            .set_checksum_type(sum.whole.as_ref().map(|_| ChecksumType::FullObject))
    };
    // One whose answer was lost has no parts, and is cleared.
    let begin = as_backfill!(target, begin(), &[NO_BUCKET]);
    let answer = target.patiently(&CREATE, unclear, begin).await?;
    answer.upload_id.ok_or_else(|| hollow(&CREATE, target.scope, "UploadId"))
}

/// When it expires in caches.
fn expires(head: &HeadObjectOutput) -> Option<aws_smithy_types::DateTime> {
    let text = head.expires_string()?;
    aws_smithy_types::DateTime::from_str(text, aws_smithy_types::date_time::Format::HttpDate).ok()
}

async fn one(
    source: &At<'_>,
    target: &At<'_>,
    (object, upload): (&Listed, &str),
    (number, (first, last)): (i32, (u64, u64)),
) -> Result<CompletedPart, Failure> {
    let copy = || {
        let copy = target.client.upload_part_copy().key(&object.key).upload_id(upload);
        copy.part_number(number)
            .copy_source(named(source, object))
            .copy_source_if_match(&object.tag)
            .copy_source_range(format!("bytes={first}-{last}"))
            .set_expected_source_bucket_owner(source.owner())
    };
    let absent = &[NO_BUCKET, "NoSuchKey"];
    let answer = target.patiently(&PART, unclear, as_backfill!(target, copy(), absent)).await?;
    // S3 may begin to answer 200 before it is done (S3 API reference, `UploadPartCopy`).
    let part = answer.copy_part_result;
    let part = part.filter(|part| part.e_tag().is_some());
    let part = part.ok_or_else(|| hollow(&PART, target.scope, "ETag"))?;
    let done = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag);
    Ok(done
        .set_checksum_crc64_nvme(part.checksum_crc64_nvme)
        .set_checksum_crc32(part.checksum_crc32)
        .set_checksum_crc32_c(part.checksum_crc32_c)
        .set_checksum_sha256(part.checksum_sha256)
        .set_checksum_sha1(part.checksum_sha1)
        .build())
}

async fn end(
    target: &At<'_>,
    (object, other): (&Listed, Option<&Listed>),
    upload: &str,
    (parts, sum): (Vec<CompletedPart>, &Sum),
) -> Result<(), Failure> {
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let whole = |by: ChecksumAlgorithm| sum.whole.clone().filter(|_| sum.by == Some(by));
    let size = i64::try_from(object.size).ok();
    let end = || {
        let end = target.client.complete_multipart_upload().key(&object.key).upload_id(upload);
        let end = end
            .multipart_upload(parts.clone())
            .set_mpu_object_size(size)
            .set_checksum_type(sum.whole.as_ref().map(|_| ChecksumType::FullObject))
            .set_checksum_crc64_nvme(whole(ChecksumAlgorithm::Crc64Nvme))
            .set_checksum_crc32(whole(ChecksumAlgorithm::Crc32))
            .set_checksum_crc32_c(whole(ChecksumAlgorithm::Crc32C));
        match other {
            Some(other) => end.if_match(&other.tag),
            None => end.if_none_match("*"),
        }
    };
    let absent = &[NO_BUCKET, "NoSuchUpload"];
    // Asked again, S3 tells what became of it.
    let answer = target.patiently(&COMPLETE, unclear, as_backfill!(target, end(), absent)).await?;
    // As above.
    answer.e_tag.map(drop).ok_or_else(|| hollow(&COMPLETE, target.scope, "ETag"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART_SIZE: u64 = 64 << 20;

    #[test]
    fn parts_are_neither_too_many_nor_too_small_nor_too_large() {
        const GIB: u64 = 1 << 30;
        for size in [5 * GIB + 1, 625 * GIB, 5 << 40, 48_828 * GIB] {
            let parts = cut(size, PART_SIZE).unwrap();
            assert!(parts.len() as u64 <= MOST, "{size}: {} parts", parts.len());
            let lengths: Vec<u64> = parts.iter().map(|(first, last)| last - first + 1).collect();
            assert_eq!(lengths.iter().sum::<u64>(), size);
            let (last, others) = lengths.split_last().unwrap();
            assert!(others.iter().all(|part| (BOUNDS[0]..=BOUNDS[1]).contains(part)));
            assert!((1..=BOUNDS[1]).contains(last));
            assert!(parts.windows(2).all(|two| two[0].1 + 1 == two[1].0));
        }
        assert_eq!(cut(5 * GIB + 1, PART_SIZE).unwrap().len(), 81);
        // Smaller parts than S3 takes are not made, nor larger ones.
        assert_eq!(cut(12 << 20, 1).unwrap().len(), 3);
        assert!(cut(50_000 * GIB + 1, PART_SIZE).is_none());
        assert!(cut(0, PART_SIZE).is_none());
    }

    #[test]
    fn only_what_can_be_added_up_is_a_checksum_of_the_whole() {
        let head = || HeadObjectOutput::builder();
        let crc = head().checksum_crc64_nvme("AAA=").checksum_type(ChecksumType::FullObject);
        let by = Some(ChecksumAlgorithm::Crc64Nvme);
        assert_eq!(Sum::of(&crc.build()), Sum { by, whole: Some("AAA=".to_owned()) });
        let parts = head().checksum_crc32("AAA=-3").checksum_type(ChecksumType::Composite);
        let by = Some(ChecksumAlgorithm::Crc32);
        assert_eq!(Sum::of(&parts.build()), Sum { by, whole: None });
        let by = Some(ChecksumAlgorithm::Sha256);
        assert_eq!(Sum::of(&head().checksum_sha256("AAA=").build()), Sum { by, whole: None });
        assert_eq!(Sum::of(&head().build()), Sum::default());
    }

    #[test]
    fn a_role_is_the_same_in_each_session() {
        let of = |session| format!("arn:aws:sts::123456789012:assumed-role/ops/{session}");
        assert_eq!(who(&of("one")), who(&of("two")));
        let user = |name| format!("arn:aws:iam::123456789012:user/{name}");
        assert!(who(&user("a")) != who(&user("b")) && who("abc") == "abc");
    }

    #[test]
    fn tags_are_written_as_a_query() {
        assert_eq!(form("a b/ü&=c"), "a%20b%2F%C3%BC%26%3Dc");
    }
}
