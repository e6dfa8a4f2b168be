//! Whether a copy has all that its source has, now that this takes no more writes.
//!
//! Two things are seen together: an object of our own that is written last arrives at the copy, and
//! the listings of both buckets agree, twice. S3 copies in no order, so that neither is enough
//! alone; and its metrics of what is pending come minutes late (S3 user guide, "Monitoring
//! replication with metrics, event notifications, and statuses").

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use lifeboat_sdk::sync::{CANARY, OURS};
use lifeboat_sdk::{Class, CopyOf, Failure, Lone, Synced, Wait};
use tokio::time::Instant;

use super::content::{HEAD, NO_OBJECT, same};
use super::deletions::{self, Fate, fate};
use super::listing::{Listed, Pair, Pairs};
use super::{Replication, Rule};
use crate::object::{DELETE, PUT};
use crate::setting::{At, NO_BUCKET, request};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// How long writers wait while what is ours is taken away again.
const TIDYING: Duration = Duration::from_secs(1);

/// How many objects that differ are asked for one by one.
const ASKED: usize = 1000;

/// How many keys that only the copy has are asked for at a time.
const TOGETHER: usize = 16;

/// How many missing objects a message names.
const NAMED: usize = 3;

/// Looks once, or waits until it is so.
pub(super) async fn sync(
    copying: &Replication,
    source: &At<'_>,
    target: &At<'_>,
    copy: CopyOf<'_>,
) -> Result<Synced, Failure> {
    let prefix = prefix(copying, copy.name)?;
    let markers = deletions::carries(copying, copy.name);
    let look = Look { source, target, prefix: &prefix, name_first: copy.name_first, markers };
    let Some(Wait { mark, limit }) = copy.wait else {
        let found = differences(&look, &mut BTreeSet::new()).await?;
        let Differences { compared, missing, oldest, first, .. } = found;
        let how = format!("{compared} objects compared once");
        return Ok(Synced { compared, missing, oldest, behind: None, how, first });
    };
    let begun = Instant::now();
    let key = format!("{prefix}{OURS}{mark}");
    let written = write(source, &key, mark).await?;
    let waited = wait(&look, &key, limit).await;
    let tidied = tidy(source, target, &key, written);
    // What could not be removed harms nobody, and its region may be lost by now.
    drop(tokio::time::timeout(TIDYING, tidied).await);
    let compared = waited?;
    let seconds = begun.elapsed().as_secs();
    let how =
        format!("{compared} objects compared twice, the last write arrived within {seconds} s");
    Ok(Synced { compared, missing: 0, oldest: None, behind: None, how, first: Vec::new() })
}

/// Takes away what is ours in both buckets.
async fn tidy(source: &At<'_>, target: &At<'_>, key: &str, written: Option<String>) {
    let there = async {
        let arrived = status(target, key).await.ok().flatten().and_then(|found| found.version);
        remove(target, key, arrived).await;
    };
    tokio::join!(there, remove(source, key, written));
}

/// Removes a version, where there is one.
async fn remove(at: &At<'_>, key: &str, version: Option<String>) {
    let delete = || at.client.delete_object().key(key).set_version_id(version.clone());
    if version.is_some() {
        drop(at.call(&DELETE, request!(at, delete(), &[NO_BUCKET])).await);
    }
}

/// The rule that copies to the bucket `name`.
pub(super) fn rule<'r>(copying: &'r Replication, name: &str) -> Result<&'r Rule, Failure> {
    let arn = format!(":::{name}");
    let mut rules = copying.rule.iter().filter(|rule| {
        rule.status == "Enabled" && rule.destination.iter().any(|d| d.bucket.ends_with(&arn))
    });
    match (rules.next(), rules.next()) {
        (Some(rule), None) => Ok(rule),
        _ => Err(no(copying, &format!("not exactly one rule copies to {name}"))),
    }
}

fn no(copying: &Replication, why: &str) -> Failure {
    Failure::new(Class::Other, format!("{}: {why}", copying.bucket))
}

/// What the keys begin with that are copied to the bucket `name`.
pub(super) fn prefix(copying: &Replication, name: &str) -> Result<String, Failure> {
    let rule = rule(copying, name)?;
    let Some(filter) = rule.filter.first() else {
        return Ok(rule.prefix.clone().unwrap_or_default());
    };
    if !filter.tag.is_empty() || filter.and.iter().any(|and| !and.tags.is_empty()) {
        let why = "the rule copies by tags, and a listing does not tell those";
        return Err(no(copying, why));
    }
    let and = filter.and.first().and_then(|and| and.prefix.clone());
    Ok(filter.prefix.clone().or(and).unwrap_or_default())
}

/// Writes the object that is to arrive; its version.
async fn write(at: &At<'_>, key: &str, mark: &str) -> Result<Option<String>, Failure> {
    let put = || at.client.put_object().key(key).body(mark.as_bytes().to_vec().into());
    let answer = at.call(&PUT, request!(at, put(), &[NO_BUCKET])).await?;
    Ok(answer.version_id)
}

/// Looks until two looks in a row find nothing missing; how many objects were compared. A deletion whose
/// marker does not come with all else is carried over: lifecycle rules delete, too, and S3 copies
/// none of that.
async fn wait(look: &Look<'_>, key: &str, limit: Duration) -> Result<u64, Failure> {
    let Look { source, target, .. } = *look;
    let until = Instant::now() + limit;
    let mut whole = 0;
    // What the source does not know of, which takes no more writes: it is asked once.
    let mut unknown = BTreeSet::new();
    let mut refused = None;
    loop {
        let arrived = status(target, key).await?.is_some();
        let Differences { compared, missing, named, deletions, deleted, .. } =
            differences(look, &mut unknown).await?;
        whole = if arrived && missing == 0 { whole + 1 } else { 0 };
        if whole == 2 {
            return Ok(compared);
        }
        if Instant::now() + PAUSE > until {
            let text = match missing {
                0 => "the last write has not arrived".to_owned(),
                n => format!("{n} objects are not copied, among them {}", named.join(", ")),
            };
            let text = match refused {
                Some(why) => format!("{text}; {why}"),
                None => text,
            };
            let (from, to) = (source.bucket, target.bucket);
            let text = format!("{from} to {to}, after {} s: {text}", limit.as_secs());
            return Err(Failure::new(Class::Other, text));
        }
        if arrived && missing == deletions {
            refused = None;
            for batch in deleted.chunks(TOGETHER) {
                let put = join_all(batch.iter().map(|other| deletions::put(target, other))).await;
                // It may come by itself still.
                refused = put.into_iter().find_map(Result::err).or(refused);
                if Instant::now() > until {
                    break;
                }
            }
        }
        if whole == 0 {
            source.ctx.wait(PAUSE).await?;
        }
    }
}

/// An object as it is found.
pub(super) struct Found {
    pub(super) version: Option<String>,
    /// How far its copying is: `COMPLETED`, `PENDING`, `FAILED`; `REPLICA` where it is a copy.
    copied: Option<String>,
    /// Where it sends those who ask a website for it.
    pub(super) redirect: Option<String>,
}

impl Found {
    /// Whether it is a copy that S3 made.
    pub(super) fn is_replica(&self) -> bool {
        self.copied.as_deref() == Some("REPLICA")
    }

    /// Whether S3 copied it, or it is a copy itself.
    pub(super) fn is_copied(&self) -> bool {
        matches!(self.copied.as_deref(), Some("COMPLETED" | "COMPLETE" | "REPLICA"))
    }
}

/// The object of a key; nothing where there is none.
pub(super) async fn status(at: &At<'_>, key: &str) -> Result<Option<Found>, Failure> {
    let head = || at.client.head_object().key(key);
    match at.call(&HEAD, request!(at, head(), NO_OBJECT)).await {
        Ok(answer) => {
            let copied = answer.replication_status.map(|status| status.as_str().to_owned());
            let redirect = answer.website_redirect_location;
            Ok(Some(Found { version: answer.version_id, copied, redirect }))
        }
        Err(failure) if failure.class == Class::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// What is compared, and how.
struct Look<'a> {
    source: &'a At<'a>,
    target: &'a At<'a>,
    prefix: &'a str,
    /// How many of what differs are named.
    name_first: usize,
    /// Whether deletions are copied.
    markers: bool,
}

/// What the source has and the copy has not.
#[derive(Default)]
struct Differences {
    /// How many objects the source has.
    compared: u64,
    /// How many of them the copy has not, and how many only it has still.
    missing: u64,
    /// The keys of the first of both.
    named: Vec<String>,
    /// How many only the copy has still.
    deletions: u64,
    /// The first of these, as the copy has them: many of them are carried over look by look.
    deleted: Vec<Listed>,
    /// When the oldest of them was written, in seconds since 1970.
    oldest: Option<i64>,
    /// The first of them.
    first: Vec<Lone>,
}

impl Differences {
    fn misses(&mut self, key: String) {
        self.missing += 1;
        if self.named.len() < NAMED {
            self.named.push(key);
        }
    }
}

async fn differences(
    look: &Look<'_>,
    unknown: &mut BTreeSet<String>,
) -> Result<Differences, Failure> {
    let Look { source, target, prefix, name_first, markers } = *look;
    let ours = format!("{prefix}{OURS}");
    let mut pairs = Pairs::new(source, target, prefix, markers);
    let mut all = Differences::default();
    let mut extras = Vec::with_capacity(TOGETHER);
    while let Some(pair) = pairs.next().await? {
        let own = pair.key().strip_prefix(&*ours);
        let (canary, own) = (own == Some(CANARY), own.is_some());
        match pair {
            // What a proof left that was cut off is no data.
            Pair::Of(..) if canary || (name_first > 0 && own) => {}
            Pair::Of(object, other) => compare(look, &mut all, object, other).await?,
            Pair::Extra(other) if own || unknown.contains(&other.key) => {}
            Pair::Extra(other) => extras.push(other),
        }
        if extras.len() == TOGETHER {
            deleted(look, &mut all, std::mem::take(&mut extras), unknown).await?;
        }
    }
    deleted(look, &mut all, extras, unknown).await?;
    Ok(all)
}

/// Notes an object of the source where the copy has not the same.
async fn compare(
    look: &Look<'_>,
    all: &mut Differences,
    object: Listed,
    other: Option<Listed>,
) -> Result<(), Failure> {
    let Look { source, target, name_first, .. } = *look;
    let names = name_first > 0;
    all.compared += 1;
    if other.as_ref().is_some_and(|other| other.tag == object.tag) {
        return Ok(());
    }
    // Content that is encrypted anew has another name; then its source knows.
    let differs = other.is_some();
    let asked = (differs || names) && all.missing < ASKED as u64;
    let known = if asked { status(source, &object.key).await? } else { None };
    let copied = known.as_ref().is_some_and(Found::is_copied);
    // Content of another size is another content, whatever was copied once.
    let copied = copied && other.as_ref().is_none_or(|other| other.size == object.size);
    if copied || (asked && is_ours(source, target, &object, other.as_ref()).await?) {
        return Ok(());
    }
    all.oldest = all.oldest.into_iter().chain(object.written).min();
    let Listed { key, tag, size, written, .. } = object;
    if all.first.len() < name_first {
        let version = known.and_then(|it| it.version);
        let deleted = false;
        all.first.push(Lone { key: key.clone(), version, tag, size, written, differs, deleted });
    }
    all.misses(key);
    Ok(())
}

/// Notes what of these, which only the copy has, was deleted at the source.
async fn deleted(
    look: &Look<'_>,
    all: &mut Differences,
    extras: Vec<Listed>,
    unknown: &mut BTreeSet<String>,
) -> Result<(), Failure> {
    let fates = extras.iter().map(|other| fate(look.source, look.target, other));
    let fates = join_all(fates).await;
    for (other, fate) in extras.into_iter().zip(fates) {
        let Fate::Deleted(marker) = fate? else {
            unknown.insert(other.key);
            continue;
        };
        all.oldest = all.oldest.into_iter().chain(marker.written).min();
        if all.first.len() < look.name_first {
            all.first.push(Lone {
                key: other.key.clone(),
                version: marker.version,
                tag: String::new(),
                size: 0,
                written: marker.written,
                differs: false,
                deleted: true,
            });
        }
        all.misses(other.key.clone());
        all.deletions += 1;
        if all.deleted.len() < ASKED {
            all.deleted.push(other);
        }
    }
    Ok(())
}

/// Whether what differs by its tag is the copy that we made of it: the same, or nobody can tell and
/// it was written later.
pub(super) async fn is_ours(
    source: &At<'_>,
    target: &At<'_>,
    object: &Listed,
    other: Option<&Listed>,
) -> Result<bool, Failure> {
    let Some(other) = other else { return Ok(false) };
    let told = same(source, target, object, other).await?;
    Ok(told.unwrap_or(other.written >= object.written))
}
