//! Deletions whose marker the copy has not: S3 copies what is written while a rule is there, and
//! delete markers are written as objects are.
//!
//! A key that only the copy has was deleted where its newest version at the source is a delete
//! marker. What was removed with its versions leaves none, so that nothing is concluded from its absence.

use lifeboat_sdk::{Class, Failure};

use super::backfill::unclear;
use super::listing::Listed;
use super::sync::{Found, status};
use super::{Replication, Rule};
use crate::bucket::contents::LIST_VERSIONS;
use crate::object::DELETE;
use crate::setting::{At, NO_BUCKET, as_backfill, request};

/// How many versions of a key are looked at; the newest come first.
const LOOKED: i32 = 100;

/// Whether a rule copies delete markers.
pub(super) fn carried(rule: &Rule) -> bool {
    rule.delete_marker_replication.first().is_some_and(|markers| markers.status == "Enabled")
}

/// Whether the rule to the bucket `name` does.
pub(super) fn carries(copying: &Replication, name: &str) -> bool {
    super::sync::rule(copying, name).is_ok_and(carried)
}

/// A delete marker that is the newest version of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) version: Option<String>,
    /// When it was written, in seconds since 1970.
    pub(super) written: Option<i64>,
}

/// What is known of a key.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The marker by which it is deleted now.
    pub(super) marker: Option<Marker>,
    /// Its versions: how each is called, and what its content is called.
    versions: Vec<(String, String)>,
}

/// What became of a key that only the copy has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The source does not tell that this was deleted there.
    Unknown,
    /// It was deleted there, after what the copy has.
    Deleted(Marker),
    /// It was deleted there, and the copy has something that was written later.
    Newer,
}

/// The versions of a key.
pub(super) async fn history(at: &At<'_>, key: &str) -> Result<History, Failure> {
    let list = || at.client.list_object_versions().prefix(key).max_keys(LOOKED);
    // A key comes before all that begin with it.
    let page = at.call(&LIST_VERSIONS, request!(at, list(), &[NO_BUCKET])).await?;
    let of = |other: Option<&str>| other == Some(key);
    let mut markers = page.delete_markers().iter();
    let marker = markers.find(|it| of(it.key()) && it.is_latest() == Some(true));
    let marker = marker.map(|it| Marker {
        version: it.version_id().map(str::to_owned),
        written: it.last_modified().map(|time| time.secs()),
    });
    let versions = page.versions().iter().filter(|it| of(it.key())).filter_map(|it| {
        let tag = it.e_tag().unwrap_or_default();
        Some((it.version_id()?.to_owned(), tag.to_owned()))
    });
    Ok(History { marker, versions: versions.collect() })
}

impl History {
    /// Whether one of its versions is this one: copies keep the name of the version that they are of.
    pub(super) fn knows(&self, version: Option<&str>) -> bool {
        // What was written without versions is called the same everywhere.
        let version = version.filter(|version| *version != "null");
        version.is_some_and(|version| self.versions.iter().any(|(name, _)| name == version))
    }

    /// What became of a key, of which the copy has this; `replica` where it came there by replication.
    /// What the source never had is not deleted by its marker: buckets may have had lives of their own.
    fn fate(self, other: &Listed, version: Option<&str>, replica: bool) -> Fate {
        let Some(marker) = self.marker.clone() else { return Fate::Unknown };
        let known = self.knows(version);
        let (Some(deleted), Some(written)) = (marker.written, other.written) else {
            return if known { Fate::Deleted(marker) } else { Fate::Newer };
        };
        // Times are told in seconds. What has the content of one of its versions is one of our own copies.
        let had = self.versions.iter().any(|(_, tag)| *tag == other.tag);
        if known || (had && written <= deleted) || (replica && written < deleted) {
            return Fate::Deleted(marker);
        }
        if written < deleted { Fate::Unknown } else { Fate::Newer }
    }
}

/// What became of a key that only the copy has.
pub(super) async fn fate(
    source: &At<'_>,
    target: &At<'_>,
    other: &Listed,
) -> Result<Fate, Failure> {
    let history = history(source, &other.key).await?;
    if history.marker.is_none() {
        return Ok(Fate::Unknown);
    }
    let found = status(target, &other.key).await?;
    let replica = found.as_ref().is_some_and(Found::is_replica);
    let version = found.and_then(|found| found.version);
    Ok(history.fate(other, version.as_deref(), replica))
}

/// How a delete marker was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// The key is deleted in the copy.
    Deleted,
    /// It had no object any more.
    Gone,
    /// It has another one.
    Another,
}

/// Deletes a key in the copy where it has what was listed still. Its versions stay.
pub(super) async fn put(target: &At<'_>, other: &Listed) -> Result<Put, Failure> {
    let delete = || target.client.delete_object().key(&other.key).if_match(&other.tag);
    let absent = &[NO_BUCKET, "NoSuchKey"];
    let delete = as_backfill!(target, delete(), absent);
    match target.patiently(&DELETE, unclear, delete).await {
        Ok(_) => Ok(Put::Deleted),
        Err(failure) => match (failure.class, failure.code.as_deref()) {
            (Class::NotFound, Some("NoSuchKey")) => Ok(Put::Gone),
            // What it refuses to delete may be gone by an attempt whose answer was lost.
            (_, Some("PreconditionFailed" | "ConditionalRequestConflict")) => {
                let there = status(target, &other.key).await?;
                Ok(if there.is_some() { Put::Another } else { Put::Gone })
            }
            _ => Err(failure),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(tag: &str, written: i64) -> Listed {
        let (key, tag) = ("a".to_owned(), tag.to_owned());
        Listed { key, tag, size: 1, written: Some(written), class: None }
    }

    /// Deleted at 10 at the source, whose versions were `v1` and `v2`.
    fn fate((version, tag, written): (&str, &str, i64), replica: bool) -> Fate {
        let each = [("v1", "one"), ("v2", "two")];
        let each = each.map(|(name, tag)| (name.to_owned(), tag.to_owned()));
        let marker = Marker { version: None, written: Some(10) };
        let history = History { marker: Some(marker), versions: each.into() };
        history.fate(&listed(tag, written), Some(version), replica)
    }

    #[test]
    fn what_the_source_had_and_deleted_is_deleted_and_what_is_newer_or_was_never_there_stays() {
        let is_deleted = |other| matches!(fate(other, false), Fate::Deleted(_));
        // A version of it, whatever its time; our own copy of one.
        assert!(is_deleted(("v2", "encrypted anew", 10)) && is_deleted(("v1", "one", 1)));
        assert!(is_deleted(("v9", "one", 9)) && is_deleted(("v9", "one", 10)));
        assert_eq!(fate(("v9", "two", 11), false), Fate::Newer);
        assert_eq!(fate(("v9", "other", 11), true), Fate::Newer);
        // What has another content came by replication, or never was at the source.
        assert!(matches!(fate(("v9", "other", 9), true), Fate::Deleted(_)));
        assert_eq!(fate(("v9", "other", 10), true), Fate::Newer);
        assert_eq!(fate(("v9", "other", 9), false), Fate::Unknown);
        // What has no versions is called the same everywhere.
        assert_eq!(fate(("null", "other", 11), false), Fate::Newer);
        assert_eq!(History::default().fate(&listed("one", 1), None, true), Fate::Unknown);
    }
}
