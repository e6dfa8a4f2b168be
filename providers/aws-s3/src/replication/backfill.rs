//! What S3 does not copy by itself: what was there before the rule, and what it failed at (S3 user
//! guide, "Replicating existing objects with S3 Batch Replication").
//!
//! Both sides are listed as for the proof, and each object that the copy has not is copied by the
//! server. What was written meanwhile is not overtaken, on either side: the source is copied only
//! as it was listed, and the copy is replaced only as it was listed.

use aws_sdk_s3::types::{ServerSideEncryption, StorageClass};
use futures_util::future::join_all;
use lifeboat_sdk::{Backfill, Backfilled, Call, Class, Failure, Left, Lone, Replaces};

use super::listing::{Listed, Pairs};
use super::sync::{Found, OURS, is_ours, prefix, status};
use super::{Destination, Replication};
use crate::setting::{At, NO_BUCKET, hollow, request};

/// Copies an object within S3.
pub const COPY: Call = Call::write("s3", "CopyObject", "s3:PutObject").data();

/// The largest object that one call copies (S3 API reference, `CopyObject`). Copying it in parts
/// begins with a call that names no source, which the fence of a standby refuses.
const LARGEST: u64 = 5 << 30;

/// How many are copied at a time; permits are the session's.
const TOGETHER: usize = 16;

/// Copies what the target has not.
pub(super) async fn backfill(
    copying: &Replication,
    source: &At<'_>,
    target: &At<'_>,
    copy: Backfill<'_>,
) -> Result<Backfilled, Failure> {
    let prefix = prefix(copying, copy.name)?;
    let ours = format!("{prefix}{OURS}");
    let arn = format!(":::{}", copy.name);
    let to = copying.rule.iter().flat_map(|rule| &rule.destination);
    let to = to.into_iter().find(|destination| destination.bucket.ends_with(&arn));
    let mut pairs = Pairs::new(source, target, &prefix);
    let mut all = Backfilled::default();
    let mut wanted = Vec::with_capacity(TOGETHER);
    loop {
        let pair = pairs.next().await?;
        let last = pair.is_none();
        // What a proof left that was cut off is no data.
        if let Some((object, other)) = pair.filter(|(object, _)| !object.key.starts_with(&ours)) {
            all.compared += 1;
            if other.as_ref().is_none_or(|other| other.tag != object.tag) {
                wanted.push((object, other));
            }
        }
        if last || wanted.len() == TOGETHER {
            let batch = std::mem::take(&mut wanted);
            let each = batch.iter().map(|(object, other)| {
                one(source, target, (object, other.as_ref()), (copy.over, to))
            });
            for ((object, other), done) in batch.iter().zip(join_all(each).await) {
                let done = done?;
                let named = matches!(done, Done::Left(_)) && all.first.len() < copy.name_first;
                // The one that is left is to be found again.
                let found = if named { status(source, &object.key).await? } else { None };
                let version = found.and_then(|found| found.version);
                let object = Lone {
                    key: object.key.clone(),
                    version,
                    tag: object.tag.clone(),
                    size: object.size,
                    written: object.written,
                    differs: other.is_some(),
                };
                count(&mut all, object, done, copy.name_first);
            }
        }
        if last {
            return Ok(all);
        }
    }
}

/// What became of one object.
enum Done {
    /// It is there.
    Copied,
    /// It was there, or there is nothing to copy any more.
    Nothing,
    /// It is left as it is.
    Left(String),
    /// It could not be copied.
    Failed(String),
}

fn count(all: &mut Backfilled, object: Lone, done: Done, first: usize) {
    let (failed, why) = match done {
        Done::Copied => {
            all.copied += 1;
            all.bytes += object.size;
            return;
        }
        Done::Nothing => return,
        Done::Left(why) => (false, why),
        Done::Failed(why) => (true, why),
    };
    *(if failed { &mut all.failed } else { &mut all.left }) += 1;
    if all.first.len() < first {
        all.first.push(Left { object, failed, why });
    }
}

/// Copies one object where it is to be copied. What is told as a failure keeps all others from it.
async fn one(
    source: &At<'_>,
    target: &At<'_>,
    (object, other): (&Listed, Option<&Listed>),
    (over, to): (Replaces, Option<&Destination>),
) -> Result<Done, Failure> {
    if let Some(other) = other {
        match over {
            Replaces::Nothing => {
                return Ok(Done::Left("the other has another content under its key".to_owned()));
            }
            Replaces::Older => {
                let copied =
                    status(source, &object.key).await?.is_some_and(|it: Found| it.is_copied());
                let same = copied && other.size == object.size;
                if same || is_ours(source, target, object, Some(other)).await? {
                    return Ok(Done::Nothing);
                }
                if other.written > object.written {
                    return Ok(Done::Left("the copy was written later".to_owned()));
                }
            }
            Replaces::All => {
                if super::content::same(source, target, object, other).await? == Some(true) {
                    return Ok(Done::Nothing);
                }
            }
        }
    }
    if object.size > LARGEST {
        return Ok(Done::Failed("it is larger than 5 GiB, which one call copies".to_owned()));
    }
    match copied(source, target, (object, other), to).await {
        Ok(()) => Ok(Done::Copied),
        Err(failure) => judged(failure),
    }
}

/// What a refused copy means.
fn judged(failure: Failure) -> Result<Done, Failure> {
    match (failure.class, failure.code.as_deref()) {
        // Live copying brings what was written meanwhile, and what was removed is not missed.
        (Class::NotFound, Some("NoSuchKey")) => Ok(Done::Nothing),
        (_, Some("PreconditionFailed" | "ConditionalRequestConflict")) => {
            Ok(Done::Left("it was written anew meanwhile".to_owned()))
        }
        (_, Some("InvalidObjectState")) => {
            Ok(Done::Failed("it is archived, and must be restored first".to_owned()))
        }
        (Class::Denied | Class::Invalid | Class::Other | Class::Garbled, _) => {
            Ok(Done::Failed(failure.to_string()))
        }
        // What does not answer now does not answer for the next either.
        _ => Err(failure),
    }
}

/// Lets S3 copy an object, as it was listed, with its metadata and tags.
async fn copied(
    source: &At<'_>,
    target: &At<'_>,
    (object, other): (&Listed, Option<&Listed>),
    to: Option<&Destination>,
) -> Result<(), Failure> {
    let from = format!("{}/{}", source.bucket, escaped(&object.key));
    let class = to.and_then(|to| to.storage_class.clone()).or_else(|| object.class.clone());
    let key = to.and_then(|to| to.encryption_configuration.first());
    let key = key.map(|with| with.replica_kms_key_id.clone());
    let copy = || {
        let copy = target.client.copy_object().key(&object.key).copy_source(&from);
        let copy = copy
            .copy_source_if_match(&object.tag)
            .set_storage_class(class.as_deref().map(StorageClass::from))
            .set_server_side_encryption(key.as_ref().map(|_| ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(key.clone())
            .set_expected_source_bucket_owner(source.owner());
        match other {
            Some(other) => copy.if_match(&other.tag),
            None => copy.if_none_match("*"),
        }
    };
    let answer = target.call(&COPY, request!(target, copy(), &[NO_BUCKET, "NoSuchKey"])).await?;
    // S3 may begin to answer 200 before it is done (S3 API reference, `CopyObject`).
    let tag = answer.copy_object_result.and_then(|result| result.e_tag);
    tag.map(drop).ok_or_else(|| hollow(&COPY, target.scope, "ETag"))
}

/// A key as a source is named: each byte but the plain ones and `/` by its number.
fn escaped(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_its_bytes() {
        assert_eq!(escaped("daily/a b+ü?.txt"), "daily/a%20b%2B%C3%BC%3F.txt");
    }

    #[test]
    fn what_is_refused_is_told_and_what_does_not_answer_ends_it() {
        let judge = |class, code: &str| judged(Failure::new(class, "why").code(code));
        assert!(matches!(judge(Class::NotFound, "NoSuchKey"), Ok(Done::Nothing)));
        assert!(matches!(judge(Class::Conflict, "PreconditionFailed"), Ok(Done::Left(_))));
        assert!(matches!(judge(Class::Denied, "InvalidObjectState"), Ok(Done::Failed(_))));
        assert!(matches!(judge(Class::Denied, "AccessDenied"), Ok(Done::Failed(_))));
        assert!(judge(Class::NotFound, "NoSuchBucket").is_err());
        assert!(judge(Class::Unreachable, "InternalError").is_err());
    }
}
