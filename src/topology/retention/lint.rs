//! What S3 refuses, bills or delays in lifecycle rules (domain.md C4.29; S3 user guide,
//! "Lifecycle configuration elements" and "Transitioning objects").

use lifeboat_sdk::Span;

use super::{Move, Retention, Tier};
use crate::config::ast::Body;
use crate::topology::bucket::Bucket;
use crate::topology::codes;
use crate::topology::duration::Duration;
use crate::topology::read::{Reader, at};
use crate::topology::replication::Replication;

/// A storage class in the order of the waterfall: nothing moves up.
struct Class {
    name: &'static str,
    /// Its place; `ONEZONE_IA` leads to the archives only.
    level: u8,
    /// The days that are billed at least.
    least: u64,
    /// How long a standard retrieval takes, in seconds.
    restore: u64,
}

/// Twelve hours.
const HALF_DAY: u64 = 43_200;

/// The classes (S3 user guide, "Understanding S3 storage classes", and for retrieval "Archive
/// retrieval options": standard, 3 to 5 hours from Flexible Retrieval, 12 from Deep Archive).
const CLASSES: [Class; 7] = [
    Class { name: "STANDARD", level: 0, least: 0, restore: 0 },
    Class { name: "STANDARD_IA", level: 1, least: 30, restore: 0 },
    Class { name: "INTELLIGENT_TIERING", level: 2, least: 0, restore: 0 },
    Class { name: "ONEZONE_IA", level: 3, least: 30, restore: 0 },
    Class { name: "GLACIER_IR", level: 4, least: 90, restore: 0 },
    Class { name: "GLACIER", level: 5, least: 90, restore: 18_000 },
    Class { name: "DEEP_ARCHIVE", level: 6, least: 180, restore: HALF_DAY },
];

/// The days before objects can move to an infrequent access class, and that they stay there
/// before they can move on.
const IA_DAYS: u64 = 30;

fn find(name: &str) -> Option<&'static Class> {
    CLASSES.iter().find(|c| c.name == name)
}

fn is_ia(name: &str) -> bool {
    matches!(name, "STANDARD_IA" | "ONEZONE_IA")
}

/// Whether S3 moves objects from one class to another: down the waterfall, but from `ONEZONE_IA`
/// to the archives only.
fn leads(from: &Class, to: &Class) -> bool {
    from.level < to.level && !(from.name == "ONEZONE_IA" && to.name == "GLACIER_IR")
}

/// Whether there is such a class.
pub(super) fn class(reader: &mut Reader<'_, '_>, name: &str, span: Span) -> bool {
    let all: Vec<&str> = CLASSES.iter().map(|c| c.name).collect();
    reader.choice("storage_class", name, &all, span)
}

/// The rules of one tier.
pub(super) fn tier(reader: &mut Reader<'_, '_>, tier: &Tier, rto: Option<&Duration>, body: &Body) {
    for m in &tier.moves {
        early(reader, m);
        if m.days >= tier.keep.days() {
            let detail = format!(
                "Objects are deleted after {} days, so they cannot move to {} after {}; S3 refuses such rules.",
                tier.keep.days(),
                m.class,
                m.days
            );
            let help =
                format!("Keep them for {} days or more, or let them move earlier.", m.days + 1);
            reader.found.push(codes::MOVE_AFTER_END.error(detail).at(m.days_span).help(help));
        }
        slow(reader, m, rto, at(body, "rto"));
    }
    for (m, next) in tier.moves.iter().zip(tier.moves.iter().skip(1)) {
        order(reader, m, next);
    }
    for (i, m) in tier.moves.iter().enumerate() {
        let next = tier.moves.get(i + 1);
        // That objects leave an infrequent access class too soon has been said.
        if next.is_none() || !is_ia(&m.class) {
            let end = next.map_or(tier.stored_days(), |next| next.days);
            if let Some(class) = find(&m.class) {
                short(reader, class, m.days, end, m.class_span);
            }
        }
    }
}

/// `STANDARD_IA` and `ONEZONE_IA` from day 30.
fn early(reader: &mut Reader<'_, '_>, m: &Move) {
    if !is_ia(&m.class) || m.days >= IA_DAYS {
        return;
    }
    let detail = format!(
        "S3 moves objects to {} when they are {IA_DAYS} days old at the earliest, not after {}.",
        m.class, m.days
    );
    let help = "Write transition_after = \"30d\" or more, or use INTELLIGENT_TIERING or GLACIER_IR, \
                which take objects at once.";
    reader.found.push(codes::IA_EARLY.error(detail).at(m.days_span).help(help));
}

/// Direction and distance of two moves.
fn order(reader: &mut Reader<'_, '_>, m: &Move, next: &Move) {
    if let (Some(from), Some(to)) = (find(&m.class), find(&next.class))
        && !leads(from, to)
    {
        let detail = format!(
            "S3 does not move objects from {} to {}: the way leads down only.",
            m.class, next.class
        );
        let help = "Order the classes STANDARD, STANDARD_IA, INTELLIGENT_TIERING, ONEZONE_IA, \
                    GLACIER_IR, GLACIER, DEEP_ARCHIVE.";
        reader.found.push(codes::WATERFALL.error(detail).at(next.class_span).help(help));
        return;
    }
    if is_ia(&m.class) && next.days < m.days + IA_DAYS {
        let detail = format!(
            "In one rule objects stay in {} for {IA_DAYS} days at least, but they move to {} {} days later.",
            m.class,
            next.class,
            next.days - m.days
        );
        let help = format!("Write after = \"{}d\" or more.", m.days + IA_DAYS);
        reader.found.push(codes::GAP.error(detail).at(next.days_span).help(help));
    }
}

/// The days that are billed at least.
fn short(reader: &mut Reader<'_, '_>, class: &Class, from: u64, end: u64, span: Span) {
    let stay = end.saturating_sub(from);
    if stay >= class.least || end <= from {
        return;
    }
    let detail = format!(
        "Objects are in {} for {stay} days, but it is billed for {} days at least.",
        class.name, class.least
    );
    let help =
        format!("Let them stay for {} days or more, or leave them in another class.", class.least);
    reader.found.push(codes::SHORT_STAY.warning(detail).at(span).help(help));
}

/// How long a restore takes.
fn slow(reader: &mut Reader<'_, '_>, m: &Move, rto: Option<&Duration>, span: Span) {
    let (Some(class), Some(rto)) = (find(&m.class), rto) else { return };
    if rto.seconds >= class.restore {
        return;
    }
    let hours = class.restore / 3600;
    let detail = format!(
        "A standard retrieval from {} takes up to {hours} hours, but objects must be readable within {rto}.",
        m.class
    );
    let help = "Use GLACIER_IR, which reads at once, or write a longer rto.";
    reader.found.push(
        codes::SLOW_RESTORE.error(detail).at(m.class_span).help(help).label(span, "the objective"),
    );
}

/// The rules of all tiers of a bucket together.
pub(super) fn document(
    reader: &mut Reader<'_, '_>,
    retention: &Retention,
    bucket: Option<&Bucket>,
    replication: Option<&Replication>,
) {
    let tiers = &retention.tiers;
    for (i, tier) in tiers.iter().enumerate() {
        let before = tiers.iter().take(i);
        let other = before
            .clone()
            .find(|o| o.prefix.starts_with(&*tier.prefix) || tier.prefix.starts_with(&*o.prefix));
        if let Some(other) = other {
            overlap(reader, tier, other);
        }
        if let Some(lock) = bucket.and_then(|b| b.lock.as_ref()) {
            locked(reader, tier, &lock.keep, lock.span);
        }
        if let Some(replication) = replication {
            copied(reader, tier, replication);
        }
    }
}

fn overlap(reader: &mut Reader<'_, '_>, tier: &Tier, other: &Tier) {
    let shown = |t: &Tier| match &*t.prefix {
        "" => "all objects".to_owned(),
        prefix => format!("{prefix:?}"),
    };
    let detail = format!(
        "The tiers {:?} ({}) and {:?} ({}) are about the same objects, and S3 would carry out the shorter time.",
        other.name,
        shown(other),
        tier.name,
        shown(tier)
    );
    let help = "Give each tier a prefix that no other begins with.";
    let diagnostic = codes::OVERLAP.error(detail).at(tier.span).help(help);
    reader.found.push(diagnostic.label(other.span, "the other tier"));
}

/// A lock that outlasts the time of the tier: what it protects are versions, so it delays the
/// deletion of those and not the delete marker.
fn locked(reader: &mut Reader<'_, '_>, tier: &Tier, lock: &Duration, span: Span) {
    if lock.days() <= tier.stored_days() {
        return;
    }
    let detail = format!(
        "Objects are locked for {} days, so those of the tier {:?} are not deleted after {} days \
         (keep and noncurrent_keep together) but later.",
        lock.days(),
        tier.name,
        tier.stored_days()
    );
    let least = lock.days().saturating_sub(tier.noncurrent_days);
    let help = format!("Write keep = \"{least}d\" or more, or lock for a shorter time.");
    let diagnostic = codes::LOCKED_LONGER.warning(detail).at(tier.span).help(help);
    reader.found.push(diagnostic.label(span, "the lock"));
}

/// Small objects stay where they are (S3 user guide, "Transitioning objects": below 128 KB, since
/// September 2024 for all classes unless the document says otherwise).
pub(super) fn small_objects(reader: &mut Reader<'_, '_>, tiers: &[Tier]) {
    let Some(first) = tiers.iter().find_map(|tier| tier.moves.first()) else { return };
    let detail = format!(
        "S3 does not move objects below 128 KB to {} or another class, because that would cost \
         more than it saves.",
        first.class
    );
    let help = "Write small_objects = \"stay\" if that is meant, or \"move\": GLACIER and \
                DEEP_ARCHIVE take them then.";
    reader.found.push(codes::SMALL_OBJECTS.warning(detail).at(first.class_span).help(help));
}

/// What is deleted is stored on for a while: buckets are versioned, and there an expiration only
/// adds a delete marker (S3 user guide, "Expiring objects").
pub(super) fn kept_on(reader: &mut Reader<'_, '_>, tiers: &[Tier]) {
    let Some(first) = tiers.iter().find(|tier| !tier.noncurrent_said) else { return };
    let (keep, on) = (first.keep.days(), first.noncurrent_days);
    let detail = format!(
        "The bucket is versioned, so after {keep} days an object is hidden, and stored for {on} days \
         more: up to {} in all.",
        first.stored_days()
    );
    let help = format!(
        "Write noncurrent_keep = \"{on}d\" if that is meant, or a shorter time, in each tier."
    );
    reader.found.push(codes::KEPT_ON.warning(detail).at(first.keep_span).help(help));
}

/// Copies that are made in a class of their own: one that is billed for longer than the tier keeps
/// them, or below those that it moves to.
fn copied(reader: &mut Reader<'_, '_>, tier: &Tier, replication: &Replication) {
    let Some(from) = replication.storage_class.as_deref().and_then(find) else { return };
    let prefix = replication.prefix.as_deref().unwrap_or_default();
    if !tier.prefix.starts_with(prefix) && !prefix.starts_with(&*tier.prefix) {
        return;
    }
    let next = tier.moves.iter().find(|m| find(&m.class).is_some_and(|to| leads(from, to)));
    let end = next.map_or(tier.stored_days(), |next| next.days);
    short(reader, from, 0, end, replication.class_span);
    for m in &tier.moves {
        let Some(to) = find(&m.class) else { continue };
        if from.level > to.level {
            let detail = format!(
                "Copies are made in {}, and S3 does not move them from there to {}, so the tier {:?} has no effect on them.",
                from.name, to.name, tier.name
            );
            let help = "Let copies have the class of the source: remove storage_class.";
            let diagnostic = codes::WATERFALL.error(detail).at(replication.class_span).help(help);
            reader.found.push(diagnostic.label(m.class_span, "the tier's class"));
        }
    }
}
