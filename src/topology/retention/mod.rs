//! `retention` blocks: how long objects are kept, and in which storage class; merged by bucket.

mod lint;

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::bucket::Bucket;
use super::duration::Duration;
use super::objective::{self, Objective};
use super::read::{Reader, Source, at};
use super::replication::{self, Replication};
use super::{Ground, Needs, codes};
use crate::config::ast::Body;

/// The retention of one bucket: its one lifecycle document.
#[derive(Clone, Debug)]
pub struct Retention {
    /// The block that its objects are addressed through: the one named like the bucket, else the
    /// first by name.
    pub name: Name,
    /// The names of all blocks that are merged.
    pub blocks: Vec<Name>,
    /// The `bucket` block.
    pub bucket: Name,
    /// What is kept how long.
    pub tiers: Vec<Tier>,
    /// Whether small objects move too, where a class takes them.
    pub move_small: bool,
    /// The objective, where it is not the topology's.
    pub objective: Option<Objective>,
    /// What it must come after.
    pub needs: Needs,
    /// The header of the block.
    pub span: Span,
}

/// Objects that are kept for a time.
#[derive(Clone, Debug)]
pub struct Tier {
    /// The block it stands in.
    pub block: Name,
    /// Its label.
    pub name: Name,
    /// Objects whose keys begin so; all where it is empty.
    pub prefix: Name,
    /// How long an object is kept.
    pub keep: Duration,
    /// How many days a version is kept after it was replaced or deleted.
    pub noncurrent_days: u64,
    /// Whether that is said.
    pub noncurrent_said: bool,
    /// Where the time is said.
    pub keep_span: Span,
    /// Where objects move to, and when, in order.
    pub moves: Vec<Move>,
    /// The header.
    pub span: Span,
}

impl Tier {
    /// The days until an object is gone: buckets are versioned, so that at the end of `keep` it is
    /// hidden by a delete marker, and its version is deleted later.
    pub fn stored_days(&self) -> u64 {
        self.keep.days().saturating_add(self.noncurrent_days)
    }
}

/// A transition to a storage class.
#[derive(Clone, Debug)]
pub struct Move {
    /// The class.
    pub class: Name,
    /// After so many days.
    pub days: u64,
    /// Where the class is said.
    pub class_span: Span,
    /// Where the time is said.
    pub days_span: Span,
}

/// How long the objects of a bucket are kept, and in which storage class.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct RetentionBlock {
    /// The `bucket` block.
    pub bucket: String,
    /// What objects below 128 KB do where others move: `stay`, or `move` to the classes that take
    /// them.
    #[kind(optional)]
    pub small_objects: Option<String>,
    /// Objects that are kept for a time: `tier "daily" { … }`.
    #[kind(block)]
    pub tier: Vec<TierBlock>,
}

/// Objects that are kept for a time.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct TierBlock {
    /// Objects whose keys begin so; all objects where it is left out.
    #[kind(optional)]
    pub prefix: Option<String>,
    /// How long an object is kept, in whole days.
    pub keep: String,
    /// The storage class that objects move to.
    #[kind(optional)]
    pub storage_class: Option<String>,
    /// When they do; at once where it is left out.
    #[kind(optional)]
    pub transition_after: Option<String>,
    /// How long a version is kept after it was replaced or deleted; as long as objects are, 30
    /// days at most, where it is left out.
    #[kind(optional)]
    pub noncurrent_keep: Option<String>,
    /// Within what time objects must be readable again.
    #[kind(optional)]
    pub rto: Option<String>,
    /// Several moves, one after the other.
    #[kind(block)]
    pub transition: Vec<MoveBlock>,
}

/// A transition to a storage class.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct MoveBlock {
    /// The storage class.
    pub storage_class: String,
    /// How old objects are then, in whole days.
    pub after: String,
}

/// How long a replaced version is kept where nothing is said: long enough to notice a mistake.
const NONCURRENT_DAYS: u64 = 30;

/// The longest time of a lifecycle rule in days (a 32-bit integer).
const LONGEST: u64 = 2_147_483_647;

/// Reads all `retention` blocks and merges those of one bucket.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    buckets: &[Bucket],
    replications: &[Replication],
) -> Vec<Retention> {
    let mut merged: BTreeMap<Name, Vec<Retention>> = BTreeMap::new();
    for source in reader.sources("retention") {
        if let Some(retention) = one(reader, ground, buckets, &source) {
            merged.entry(retention.bucket.clone()).or_default().push(retention);
        }
    }
    let mut all = Vec::new();
    for (bucket, mut parts) in merged {
        parts.sort_by_key(|p| (p.name != bucket, p.name.clone()));
        let mut parts = parts.into_iter();
        let Some(mut first) = parts.next() else { continue };
        for other in parts {
            first.blocks.extend(other.blocks);
            first.tiers.extend(other.tiers);
            first.move_small |= other.move_small;
            first.needs.blocks.extend(other.needs.blocks);
            first.needs.resources.extend(other.needs.resources);
        }
        let bucket = buckets.iter().find(|b| b.name == bucket);
        let replication = replications.iter().find(|r| r.bucket == first.bucket);
        lint::document(reader, &first, bucket, replication);
        all.push(first);
    }
    all
}

fn one(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    buckets: &[Bucket],
    source: &Source<'_>,
) -> Option<Retention> {
    let mut body = source.body.clone();
    let objective = objective::of_component(reader, source, &mut body, ground.tiers);
    let bucket = reader.reference(source, &mut body, "bucket", "bucket");
    let none = body.blocks.iter().all(|b| &*b.ident != "tier" && &*b.ident != "dynamic");
    let written = reader.labelled(&mut body, "tier", "the name of the tier");
    let given = reader.decode::<RetentionBlock>(source, &body);
    if none {
        let detail = "Without a tier nothing is said about how long objects are kept.";
        let help = "Add tier \"daily\" { prefix = \"daily/\" keep = \"30d\" }.";
        reader.found.push(codes::NO_TIERS.error(detail).at(source.span).help(help));
    }
    let mut tiers = Vec::new();
    for labelled in &written {
        tiers.extend(tier(
            reader,
            source,
            &labelled.label,
            &labelled.block.body,
            labelled.block.header,
        ));
    }
    let small = given?.small_objects;
    if let Some(small) = &small {
        let span = source.at("small_objects");
        reader.choice("small_objects", small, &["stay", "move"], span);
    } else {
        lint::small_objects(reader, &tiers);
    }
    lint::kept_on(reader, &tiers);
    let move_small = small.as_deref() == Some("move");
    let bucket = replication::known(reader, buckets, bucket?)?;
    Some(Retention {
        name: source.name.clone(),
        blocks: vec![source.name.clone()],
        bucket,
        tiers,
        move_small,
        objective,
        needs: Needs::of(source.block),
        span: source.span,
    })
}

fn tier(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    label: &Name,
    body: &Body,
    span: Span,
) -> Option<Tier> {
    let given = reader.decode::<TierBlock>(source, body)?;
    let keep = days(reader, "keep", &given.keep, at(body, "keep"));
    let moves = moves(reader, &given, body);
    let noncurrent = given.noncurrent_keep.as_ref();
    let noncurrent =
        noncurrent.map(|n| days(reader, "noncurrent_keep", n, at(body, "noncurrent_keep")));
    let rto = reader.maybe_duration(given.rto.as_ref(), at(body, "rto"));
    let keep = keep?;
    if keep.days() == 0 {
        let detail = "S3 deletes objects a day after they were made at the earliest.";
        let help = "Write keep = \"1d\" or more.";
        reader.found.push(codes::KEEP_NOTHING.error(detail).at(at(body, "keep")).help(help));
        return None;
    }
    let noncurrent_days = match noncurrent {
        Some(given) => given?.days().max(1),
        None => keep.days().min(NONCURRENT_DAYS),
    };
    let tier = Tier {
        block: source.name.clone(),
        name: label.clone(),
        prefix: given.prefix.unwrap_or_default().into(),
        keep,
        noncurrent_days,
        noncurrent_said: given.noncurrent_keep.is_some(),
        keep_span: at(body, "keep"),
        moves: moves?,
        span,
    };
    lint::tier(reader, &tier, rto.as_ref(), body);
    Some(tier)
}

/// A time in whole days: S3 counts nothing smaller, and acts at midnight UTC.
fn days(reader: &mut Reader<'_, '_>, what: &str, text: &str, span: Span) -> Option<Duration> {
    let time = reader.duration(text, span)?;
    if time.fine {
        let (low, high) = (time.days().max(1), time.days().max(1) + 1);
        let detail = format!(
            "S3 counts whole days and acts at midnight UTC, so {text:?} can only mean {low} to {high} days."
        );
        let help = format!(
            "Write {what} = \"{low}d\": no object goes before that, and all within a day after."
        );
        reader.found.push(codes::KEEP_HOURS.error(detail).at(span).help(help));
        return None;
    }
    if time.days() > LONGEST {
        reader.in_range(
            what,
            i64::try_from(time.days()).unwrap_or(i64::MAX),
            1..=2_147_483_647,
            span,
        );
        return None;
    }
    Some(time)
}

/// Where objects move to: the short form, and the blocks.
fn moves(reader: &mut Reader<'_, '_>, given: &TierBlock, body: &Body) -> Option<Vec<Move>> {
    let mut moves = Vec::new();
    let mut ok = true;
    let after = given.transition_after.as_ref();
    let after_span = at(body, "transition_after");
    let after = after.map(|t| days(reader, "transition_after", t, after_span));
    match (&given.storage_class, after) {
        (Some(class), after) => {
            let class_span = at(body, "storage_class");
            let days_span = if after.is_some() { after_span } else { class_span };
            let days = after.unwrap_or(Some(Duration::of_days(0)));
            let known = lint::class(reader, class, class_span);
            ok &= known && days.is_some();
            // Objects are made in STANDARD.
            if class != "STANDARD"
                && let Some(days) = days
            {
                let class = class.as_str().into();
                moves.push(Move { class, days: days.days(), class_span, days_span });
            }
        }
        (None, Some(_)) => {
            let detail = "transition_after says when objects move, but not where to.";
            reader.conflict(detail, after_span, "Add storage_class, or remove transition_after.");
        }
        (None, None) => {}
    }
    let written: Vec<&Body> = body.blocks_of("transition").map(|b| &b.body).collect();
    for (i, given) in given.transition.iter().enumerate() {
        let place = |name: &str| written.get(i).map_or(body.missing, |b| at(b, name));
        let (class_span, days_span) = (place("storage_class"), place("after"));
        let days = days(reader, "after", &given.after, days_span);
        ok &= lint::class(reader, &given.storage_class, class_span) && days.is_some();
        if let Some(days) = days {
            let class = given.storage_class.as_str().into();
            moves.push(Move { class, days: days.days(), class_span, days_span });
        }
    }
    moves.sort_by_key(|m| m.days);
    ok.then_some(moves)
}
