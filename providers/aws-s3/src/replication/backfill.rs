//! What S3 does not copy by itself: what was there before the rule, and what it failed at (S3 user
//! guide, "Replicating existing objects with S3 Batch Replication").
//!
//! Both sides are listed as for the proof, and each object that the copy has not is copied by the
//! server. What was written meanwhile is not overtaken, on either side: the source is copied only
//! as it was listed, and the copy is replaced only as it was listed. A key that only the copy has, and
//! that was deleted at the source since, is deleted there where the rule copies delete markers.

use aws_sdk_s3::types::{ServerSideEncryption, StorageClass};
use futures_util::future::join_all;
use lifeboat_sdk::sync::OURS;
use lifeboat_sdk::{Backfill, Backfilled, Call, Class, Failure, Left, Lone, Replaces};

use super::deletions::{self, Fate, Put, fate, history};
use super::listing::{Listed, Pair, Pairs};
use super::parts;
use super::sync::{Found, is_ours, prefix, rule, status};
use super::{Destination, Replication};
use crate::setting::{At, NO_BUCKET, as_backfill, hollow};

/// Copies an object within S3.
pub const COPY: Call = Call::write("s3", "CopyObject", "s3:PutObject").data();

/// The largest object that one call copies. S3 takes 5 GiB (S3 API reference, `CopyObject`), which last
/// for minutes between regions; a call has its deadline.
const LARGEST: u64 = 256 << 20;

/// How large the parts of larger ones are, for the same reason.
const PART: u64 = 64 << 20;

/// How many are copied at a time; permits are the session's.
const TOGETHER: usize = 16;

/// What is copied from where to where.
pub(super) struct Copying<'a> {
    pub(super) source: &'a At<'a>,
    pub(super) target: &'a At<'a>,
    pub(super) over: Replaces,
    pub(super) to: Option<&'a Destination>,
    /// The largest object that one call copies.
    pub(super) largest: u64,
    /// How large a part is, unless that makes too many.
    pub(super) part: u64,
}

/// Copies what the target has not.
pub(super) async fn backfill(
    copying: &Replication,
    source: &At<'_>,
    target: &At<'_>,
    copy: Backfill<'_>,
) -> Result<Backfilled, Failure> {
    let prefix = prefix(copying, copy.name)?;
    let ours = format!("{prefix}{OURS}");
    let rule = rule(copying, copy.name)?;
    let to = rule.destination.first();
    let work = Copying { source, target, over: copy.over, to, largest: LARGEST, part: PART };
    let mut pairs = Pairs::new(source, target, &prefix, deletions::carried(rule));
    let mut all = Backfilled::default();
    let mut wanted = Vec::with_capacity(TOGETHER);
    loop {
        let pair = pairs.next().await?;
        let last = pair.is_none();
        // What a proof left that was cut off is no data.
        if let Some(pair) = pair.filter(|pair| !pair.key().starts_with(&ours)) {
            all.compared += u64::from(matches!(pair, Pair::Of(..)));
            let same = |object: &Listed, other: &Listed| other.tag == object.tag;
            if !matches!(&pair, Pair::Of(object, Some(other)) if same(object, other)) {
                wanted.push(pair);
            }
        }
        if last || wanted.len() == TOGETHER {
            together(&work, std::mem::take(&mut wanted), &mut all, copy.name_first).await?;
        }
        if last {
            return Ok(all);
        }
    }
}

/// Does all of these at once.
async fn together(
    work: &Copying<'_>,
    batch: Vec<Pair>,
    all: &mut Backfilled,
    first: usize,
) -> Result<(), Failure> {
    for (pair, done) in batch.iter().zip(join_all(batch.iter().map(|pair| each(work, pair))).await)
    {
        let done = done?;
        let (Pair::Of(object, _) | Pair::Extra(object)) = pair;
        let named = matches!(done, Done::Left(_)) && all.first.len() < first;
        // The one that is left is to be found again.
        let found = match pair {
            Pair::Of(..) if named => status(work.source, &object.key).await.ok().flatten(),
            _ => None,
        };
        let object = Lone {
            key: object.key.clone(),
            version: found.and_then(|found| found.version),
            tag: object.tag.clone(),
            size: object.size,
            written: object.written,
            differs: matches!(pair, Pair::Of(_, Some(_))),
            deleted: matches!(pair, Pair::Extra(_)),
        };
        count(all, object, done, first);
    }
    Ok(())
}

async fn each(work: &Copying<'_>, pair: &Pair) -> Result<Done, Failure> {
    match pair {
        Pair::Of(object, other) => one(work, object, other.as_ref()).await,
        Pair::Extra(other) => gone(work, other).await.or_else(judged),
    }
}

/// What became of one object.
#[derive(Debug)]
pub(super) enum Done {
    /// It is there.
    Copied,
    /// It was deleted there, as it is at the source.
    Deleted,
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
        Done::Deleted => {
            all.deleted += 1;
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
pub(super) async fn one(
    work: &Copying<'_>,
    object: &Listed,
    other: Option<&Listed>,
) -> Result<Done, Failure> {
    // That one may not be looked at, or is encrypted by a key of its writer's, is no matter of others.
    attempt(work, object, other).await.or_else(judged)
}

async fn attempt(
    work: &Copying<'_>,
    object: &Listed,
    other: Option<&Listed>,
) -> Result<Done, Failure> {
    let Copying { source, target, over, to, largest, part } = *work;
    let mut here = None;
    if let Some(other) = other {
        match over {
            Replaces::Nothing => {
                return Ok(Done::Left("the other has another content under its key".to_owned()));
            }
            Replaces::Older => {
                here = status(source, &object.key).await?;
                let copied = here.as_ref().is_some_and(Found::is_copied);
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
    } else if over != Replaces::All {
        here = status(source, &object.key).await?;
        let Some(here) = &here else { return Ok(Done::Nothing) };
        if let Some(done) = deleted_there(work, object, here).await? {
            return Ok(done);
        }
    }
    if here.is_none() {
        here = status(source, &object.key).await?;
    }
    let redirect = here.and_then(|here| here.redirect);
    let class = to.and_then(|to| to.storage_class.clone()).or_else(|| object.class.clone());
    let key = to.and_then(|to| to.encryption_configuration.first());
    let like = Like { class, key: key.map(|with| with.replica_kms_key_id.clone()), redirect };
    let copied = if object.size > largest {
        parts::copied(source, target, (object, other), (&like, part)).await
    } else {
        copied(source, target, (object, other), &like).await
    };
    let failure = match copied {
        Ok(()) => return Ok(Done::Copied),
        Err(failure) => failure,
    };
    let refused = ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchUpload"];
    let refused = failure.code.as_deref().is_some_and(|code| refused.contains(&code));
    if refused && super::content::arrived(source, target, object).await? {
        return Ok(Done::Copied);
    }
    judged(failure)
}

/// Whether nobody knows what became of a call. A copy, which is conditional, is made again: of very many
/// calls S3 answers some with 500 or not at all (S3 user guide, "Best practices for handling errors").
pub(super) fn unclear(failure: &Failure) -> bool {
    failure.in_doubt() && failure.class != Class::Interrupted
}

/// Whether the target deleted what it had, and later than what is to be copied was written: then it is
/// not brought back there.
async fn deleted_there(
    work: &Copying<'_>,
    object: &Listed,
    here: &Found,
) -> Result<Option<Done>, Failure> {
    // What was never copied was not deleted there because it came from here.
    if work.over == Replaces::Older && !here.is_copied() {
        return Ok(None);
    }
    let there = history(work.target, &object.key).await?;
    let later = there.marker.as_ref().is_some_and(|marker| marker.written >= object.written);
    if !later {
        return Ok(None);
    }
    // What it had of it is known to it: whoever takes the writes deleted it on purpose.
    let known = here.is_copied() || there.knows(here.version.as_deref());
    if known && work.over == Replaces::Nothing {
        return Ok(Some(Done::Nothing));
    }
    Ok(Some(Done::Left("the copy has deleted its key later".to_owned())))
}

/// Deletes a key that only the copy has where the source has deleted it since.
async fn gone(work: &Copying<'_>, other: &Listed) -> Result<Done, Failure> {
    let Copying { source, target, over, .. } = *work;
    match fate(source, target, other).await? {
        Fate::Unknown => return Ok(Done::Nothing),
        Fate::Newer if over == Replaces::Older => {
            let why = "it is deleted at the source, and the copy was written later";
            return Ok(Done::Left(why.to_owned()));
        }
        // Written again by the one who counts, or given up and still to be found.
        Fate::Newer => return Ok(Done::Nothing),
        Fate::Deleted(_) => {}
    }
    match deletions::put(target, other).await {
        Ok(Put::Gone) => Ok(Done::Nothing),
        Ok(Put::Another) => Ok(Done::Left("it was written anew meanwhile".to_owned())),
        // The same content, written at the source meanwhile, may have come just before.
        Ok(Put::Deleted) => Ok(match status(source, &other.key).await? {
            Some(_) => Done::Failed("it was written anew meanwhile".to_owned()),
            None => Done::Deleted,
        }),
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
        (Class::NotFound, Some("NoSuchUpload")) => {
            Ok(Done::Failed("its parts were taken away meanwhile".to_owned()))
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

/// What a copy is made with.
pub(super) struct Like {
    /// The storage class; nothing where it is the standard.
    pub(super) class: Option<String>,
    /// The key of KMS by which it is encrypted, unless as the bucket does.
    pub(super) key: Option<String>,
    /// Where it sends those who ask a website for it.
    pub(super) redirect: Option<String>,
}

/// Lets S3 copy an object, as it was listed, with its metadata and tags.
async fn copied(
    source: &At<'_>,
    target: &At<'_>,
    (object, other): (&Listed, Option<&Listed>),
    like: &Like,
) -> Result<(), Failure> {
    let from = named(source, object);
    let Like { class, key, redirect } = like;
    let copy = || {
        let copy = target.client.copy_object().key(&object.key).copy_source(&from);
        let copy = copy
            .copy_source_if_match(&object.tag)
            // It is not copied with the other metadata (S3 API reference, `CopyObject`).
            .set_website_redirect_location(redirect.clone())
            .set_storage_class(class.as_deref().map(StorageClass::from))
            .set_server_side_encryption(key.as_ref().map(|_| ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(key.clone())
            .set_expected_source_bucket_owner(source.owner());
        match other {
            Some(other) => copy.if_match(&other.tag),
            None => copy.if_none_match("*"),
        }
    };
    let copy = as_backfill!(target, copy(), &[NO_BUCKET, "NoSuchKey"]);
    let answer = target.patiently(&COPY, unclear, copy).await?;
    // S3 may begin to answer 200 before it is done (S3 API reference, `CopyObject`).
    let tag = answer.copy_object_result.and_then(|result| result.e_tag);
    tag.map(drop).ok_or_else(|| hollow(&COPY, target.scope, "ETag"))
}

/// An object as a source is named.
pub(super) fn named(source: &At<'_>, object: &Listed) -> String {
    format!("{}/{}", source.bucket, escaped(&object.key))
}

/// A key as a source is named: each byte but the plain ones and `/` by its number.
pub(super) fn escaped(key: &str) -> String {
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
        assert!(matches!(judge(Class::NotFound, "NoSuchUpload"), Ok(Done::Failed(_))));
        assert!(matches!(judge(Class::Denied, "AccessDenied"), Ok(Done::Failed(_))));
        assert!(judge(Class::NotFound, "NoSuchBucket").is_err());
        assert!(judge(Class::Unreachable, "InternalError").is_err());
    }

    #[test]
    fn one_call_copies_what_s3_lets_it_and_no_more() {
        assert!((5 << 20..=LARGEST).contains(&PART));
        // At 20 MiB a second, within the 20 s that a changing call is waited for.
        const { assert!(LARGEST <= 20 * (20 << 20)) };
    }
}
