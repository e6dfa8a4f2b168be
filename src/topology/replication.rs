//! `replication` blocks: rules between the buckets of a `bucket` block.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::bucket::Bucket;
use super::codes;
use super::objective::{self, Objective};
use super::read::{Reader, Source};
use super::{Ground, Needs};

/// Rules between the buckets of one block.
#[derive(Clone, Debug)]
pub struct Replication {
    /// The block's name with its key.
    pub name: Name,
    /// The `bucket` block.
    pub bucket: Name,
    /// Whether Replication Time Control is on.
    pub time_control: bool,
    /// Whether delete markers are copied.
    pub delete_markers: bool,
    /// Whether each region copies to the others, whatever its role.
    pub two_way: bool,
    /// Objects whose keys begin so.
    pub prefix: Option<Name>,
    /// Objects with all of these tags.
    pub tags: BTreeMap<String, String>,
    /// The class of copies; else that of the source.
    pub storage_class: Option<Name>,
    /// Whether what S3 does not copy by itself is copied too: what was there before.
    pub existing_objects: bool,
    /// The priority of the first rule.
    pub priority: i64,
    /// Where the class is said, or the block.
    pub class_span: Span,
    /// The objective, where it is not the topology's.
    pub objective: Option<Objective>,
    /// What it must come after.
    pub needs: Needs,
    /// The block's header.
    pub span: Span,
}

/// Replication between the regions' buckets: from the primary's to the others, or two-way.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct ReplicationBlock {
    /// The `bucket` block.
    pub bucket: String,
    /// Within how long copies are there: `"15m"`, S3's Replication Time Control.
    #[kind(optional)]
    pub time_control: Option<String>,
    /// Whether deletions without a version are copied; true unless there are `tags`.
    #[kind(optional)]
    pub delete_markers: Option<bool>,
    /// Whether all regions copy to each other.
    #[kind(default = "false")]
    pub two_way: Option<bool>,
    /// Only objects whose keys begin so.
    #[kind(optional)]
    pub prefix: Option<String>,
    /// Only objects with all of these tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
    /// The storage class of copies; that of the source where none is given.
    #[kind(optional)]
    pub storage_class: Option<String>,
    /// Whether objects that exist already are copied too; true unless there are `tags`.
    #[kind(optional)]
    pub existing_objects: Option<bool>,
    /// The priority of the rule; further destinations have the numbers after it.
    #[kind(default = "1")]
    pub priority: Option<i64>,
}

/// The classes that copies may have (S3 API reference, `Destination`).
const CLASSES: [&str; 7] = [
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
];

/// The largest priority (S3 API reference, `ReplicationRule`: a 32-bit integer).
const HIGHEST: i64 = 2_147_483_647;

/// Reads all `replication` blocks.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    buckets: &[Bucket],
) -> Vec<Replication> {
    let mut all: Vec<Replication> = Vec::new();
    for source in reader.sources("replication") {
        let Some(replication) = one(reader, ground, buckets, &source) else { continue };
        if let Some(first) = all.iter().find(|r| r.bucket == replication.bucket) {
            let detail = format!(
                "A bucket has one replication document, and bucket.{} has one already.",
                replication.bucket
            );
            let help = "Merge the two blocks.";
            let diagnostic = codes::REPLICATED_TWICE.error(detail).at(replication.span).help(help);
            reader.found.push(diagnostic.label(first.span, "the first is here"));
            continue;
        }
        all.push(replication);
    }
    all
}

fn one(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    buckets: &[Bucket],
    source: &Source<'_>,
) -> Option<Replication> {
    let mut body = source.body.clone();
    let objective = objective::of_component(reader, source, &mut body, ground.tiers);
    let bucket = reader.reference(source, &mut body, "bucket", "bucket");
    let given = reader.decode::<ReplicationBlock>(source, &body)?;
    let bucket = known(reader, buckets, bucket?)?;
    if ground.regions.len() < 2 {
        let detail = "The topology has one region, so there is no other to copy to.";
        let help = "Add a second region to the topology, or remove the block.";
        reader.found.push(codes::ONE_REGION.error(detail).at(source.span).help(help));
    }
    if given.existing_objects == Some(true) && !given.tags.is_empty() {
        let span = source.at("existing_objects");
        reader.unsupported(
            "Copying objects with tags that exist already",
            span,
            "Remove it, and start an S3 Batch Replication job once: a listing does not tell tags.",
        );
    }
    time_control(reader, source, given.time_control.as_deref());
    if let Some(class) = &given.storage_class {
        reader.choice("storage_class", class, &CLASSES, source.at("storage_class"));
    }
    let priority = given.priority.unwrap_or(1);
    reader.in_range("priority", priority, 0..=HIGHEST, source.at("priority"));
    let no_tags = given.tags.is_empty();
    let delete_markers = given.delete_markers.unwrap_or(no_tags);
    let two_way = given.two_way.unwrap_or(false);
    markers(reader, source, &given, delete_markers, two_way);
    Some(Replication {
        name: source.name.clone(),
        bucket,
        time_control: given.time_control.is_some(),
        delete_markers,
        two_way,
        prefix: given.prefix.map(Name::from).filter(|p| !p.is_empty()),
        tags: given.tags,
        storage_class: given.storage_class.map(Name::from),
        existing_objects: given.existing_objects.unwrap_or(no_tags),
        priority,
        class_span: source.at("storage_class"),
        objective,
        needs: Needs::of(source.block),
        span: source.span,
    })
}

/// The bucket block that is referred to, where it has that instance.
pub(super) fn known(
    reader: &mut Reader<'_, '_>,
    buckets: &[Bucket],
    (name, span): (Name, Span),
) -> Option<Name> {
    if buckets.iter().any(|b| b.name == name) {
        return Some(name);
    }
    let block = name.split('[').next().unwrap_or(&name);
    let instances: Vec<String> = buckets
        .iter()
        .filter(|b| b.name.split('[').next() == Some(block) && *b.name != *block)
        .map(|b| format!("bucket.{}", b.name))
        .collect();
    if !instances.is_empty() || *name != *block {
        let detail = format!("There is no bucket.{name}.");
        let help = match instances.first() {
            Some(first) => format!("Write {first}, or another key of its for_each."),
            None => format!("Write bucket.{block}."),
        };
        reader.found.push(codes::NO_INSTANCE.error(detail).at(span).help(help));
    }
    // Otherwise it is not declared or has errors of its own: that has been said.
    None
}

/// S3 knows 15 minutes only (S3 API reference, `ReplicationTimeValue`).
fn time_control(reader: &mut Reader<'_, '_>, source: &Source<'_>, given: Option<&str>) {
    let Some(given) = given else { return };
    let span = source.at("time_control");
    let Some(time) = reader.duration(given, span) else { return };
    if time.seconds != 900 {
        let detail = format!(
            "Replication Time Control promises 15 minutes; S3 takes no other time, and not {given:?}."
        );
        let help = "Write time_control = \"15m\", or remove it.";
        reader.found.push(codes::TIME_CONTROL.error(detail).at(span).help(help));
    }
}

/// Rules about delete markers (domain.md C3.19, C3.20).
fn markers(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    given: &ReplicationBlock,
    delete_markers: bool,
    two_way: bool,
) {
    if !given.tags.is_empty() && given.delete_markers == Some(true) {
        let detail = "A delete marker has no tags, so a rule that goes by tags cannot copy it.";
        let help = "Write delete_markers = false, or choose objects by prefix.";
        let span = source.at("delete_markers");
        reader.found.push(codes::TAGGED_MARKERS.error(detail).at(span).help(help));
    }
    if two_way && !delete_markers {
        let detail = "Between regions that copy to each other a deletion must be copied too, or the \
                      object stays in one of them and the buckets differ for ever.";
        let help = if given.tags.is_empty() {
            "Remove delete_markers, or write two_way = false."
        } else {
            "Remove tags, or write two_way = false."
        };
        let span = source.at(if given.tags.is_empty() { "delete_markers" } else { "tags" });
        reader.found.push(codes::TWO_WAY.error(detail).at(span).help(help));
    }
}
