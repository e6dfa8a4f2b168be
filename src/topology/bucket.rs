//! `bucket` blocks: an S3 bucket in each region.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Name, Span, Value};
use lifeboat_sdk_derive::Kind;

use super::codes;
use super::duration::Duration;
use super::objective::{self, Objective};
use super::read::{Open, Reader, Source, at};
use super::region;
use super::{Ground, Needs};
use crate::config::ast::Body;

/// A bucket in each region.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The block's name with its key.
    pub name: Name,
    /// The bucket's name by region.
    pub names: BTreeMap<Name, Name>,
    /// Tags.
    pub tags: Option<Open>,
    /// What locks new objects.
    pub lock: Option<Lock>,
    /// Whether the buckets are somebody else's.
    pub adopt: bool,
    /// Whether they are emptied before they are deleted.
    pub force_destroy: bool,
    /// Whether destroying them is refused.
    pub prevent_destroy: bool,
    /// Whether one region writes at a time.
    pub one_writer: bool,
    /// The objective, where it is not the topology's.
    pub objective: Option<Objective>,
    /// What it must come after.
    pub needs: Needs,
    /// The block's header.
    pub span: Span,
}

/// Object Lock's default retention.
#[derive(Clone, Debug)]
pub struct Lock {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: Name,
    /// For how long.
    pub keep: Duration,
    /// Where the block is.
    pub span: Span,
}

/// An S3 bucket in each region of the topology.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct BucketBlock {
    /// The names by region; made of topology, block, account and region where none is given.
    #[kind(optional)]
    pub name: Option<Value>,
    /// Tags of the buckets.
    #[kind(optional)]
    pub tags: Option<Value>,
    /// Whether the buckets exist and stay somebody else's; their settings become ours.
    #[kind(default = "false")]
    pub adopt: Option<bool>,
    /// Whether buckets are emptied, versions included, before they are deleted.
    #[kind(default = "false")]
    pub force_destroy: Option<bool>,
    /// Whether destroying the buckets is refused.
    #[kind(default = "false")]
    pub prevent_destroy: Option<bool>,
    /// Who writes: `primary`, or `all` regions at once.
    #[kind(optional)]
    pub writers: Option<String>,
    /// Locks new objects against deletion.
    #[kind(block(max = 1))]
    pub object_lock: Vec<LockBlock>,
}

/// Object Lock's default retention.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct LockBlock {
    /// `COMPLIANCE`: nobody can shorten it. `GOVERNANCE`: who has the permission can.
    pub mode: String,
    /// For how long, in whole days.
    pub keep: String,
}

/// The longest default retention in days (S3 API reference, `DefaultRetention`: 100 years).
const LONGEST_LOCK: u64 = 36_500;

/// Reads all `bucket` blocks.
pub(super) fn read(reader: &mut Reader<'_, '_>, ground: &Ground<'_>) -> Vec<Bucket> {
    let sources = reader.sources("bucket");
    let buckets: Vec<Bucket> = sources.iter().filter_map(|s| one(reader, ground, s)).collect();
    unique(reader, &buckets);
    buckets
}

fn one(reader: &mut Reader<'_, '_>, ground: &Ground<'_>, source: &Source<'_>) -> Option<Bucket> {
    let mut body = source.body.clone();
    let objective = objective::of_component(reader, source, &mut body, ground.tiers);
    let tags = reader.open(source, &mut body, "tags");
    let given = reader.decode::<BucketBlock>(source, &body)?;
    tags_fit(reader, tags.as_ref(), source.at("tags"));
    let names = match &given.name {
        Some(value) => names(reader, ground, value, source.at("name")),
        None => derived(reader, ground, source),
    };
    let adopt = given.adopt.unwrap_or(false);
    if adopt {
        for name in ["tags", "force_destroy", "prevent_destroy"] {
            if source.body.attribute(name).is_some() {
                let detail = format!(
                    "With adopt = true the bucket stays somebody else's, so {name:?} has no effect."
                );
                reader.conflict(detail, source.at(name), "Remove it, or remove adopt.");
            }
        }
    }
    let lock = match (given.object_lock.first(), body.blocks_of("object_lock").next()) {
        (Some(given), Some(block)) => lock(reader, given, &block.body, block.header),
        _ => None,
    };
    let one_writer = reader.one_writer(ground, source, given.writers.as_deref());
    Some(Bucket {
        name: source.name.clone(),
        names: names?,
        tags,
        lock,
        adopt,
        force_destroy: given.force_destroy.unwrap_or(false),
        prevent_destroy: given.prevent_destroy.unwrap_or(false),
        one_writer,
        objective,
        needs: Needs::of(source.block),
        span: source.span,
    })
}

/// Whether tags that are known are texts by name.
pub(super) fn tags_fit(reader: &mut Reader<'_, '_>, tags: Option<&Open>, span: Span) {
    let Some(Open::Known(value)) = tags else { return };
    let ty = lifeboat_sdk::Type::map(lifeboat_sdk::Type::String);
    if let Err(error) = lifeboat_sdk::value::convert::convert(value, &ty) {
        let detail = format!("Tags are texts by name: {error}.");
        let help = "Write tags = { team = \"web\" }.";
        reader.found.push(crate::config::codes::WRONG_TYPE.error(detail).at(span).help(help));
    }
}

/// The names that are given.
fn names(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    value: &Value,
    span: Span,
) -> Option<BTreeMap<Name, Name>> {
    let regions = ground.names();
    let names = match (value.bare().as_str(), regions.as_slice()) {
        (Some(text), [only]) => BTreeMap::from([(only.clone(), text.into())]),
        _ if value.entries().is_some() => region::texts(reader, "name", value, &regions, span)?,
        _ => {
            let detail = "Names of buckets are unique in all of AWS, so each region needs its own.";
            let lines: Vec<String> = regions.iter().map(|r| format!("{r} = \"…\"")).collect();
            let help = format!("Write name = {{ {} }}.", lines.join(", "));
            reader.found.push(codes::PER_REGION.error(detail).at(span).help(help));
            return None;
        }
    };
    let mut wrong = false;
    for name in names.values() {
        if let Some(why) = misnamed(name) {
            let detail = format!("S3 does not take {name:?} as a bucket's name: {why}.");
            let help = "Write 3 to 63 lower case letters, digits, dots and hyphens.";
            reader.found.push(codes::BUCKET_NAME.error(detail).at(span).help(help));
            wrong = true;
        }
    }
    (!wrong).then_some(names)
}

/// `TOPOLOGY-BLOCK-ACCOUNT-REGION` (design.md, section 12).
fn derived(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    source: &Source<'_>,
) -> Option<BTreeMap<Name, Name>> {
    let mut names = BTreeMap::new();
    let before = reader.found.0.len();
    let mut broken = false;
    for region in &ground.regions {
        let Some(account) = &region.account else {
            broken |= region.broken;
            if region.broken {
                continue;
            }
            let detail = format!(
                "The bucket's name is made of topology, block, account and region, but region \
                 {:?} names no account.",
                region.name
            );
            let help = format!(
                "Write account = \"…\" in region {:?}, or give the bucket names.",
                region.name
            );
            let diagnostic = codes::NO_ACCOUNT.error(detail).at(source.span).help(help);
            reader.found.push(diagnostic.label(region.span, "the region"));
            continue;
        };
        let parts = [&*ground.topology, &*source.name, account, &*region.name];
        let name = super::naming::derived(&parts);
        if let Some(why) = misnamed(&name) {
            let detail = format!(
                "The name made for region {:?} is {name:?}, which S3 does not take: {why}.",
                region.name
            );
            let help = "Give the bucket names: name = { REGION = \"…\" }.";
            reader.found.push(codes::BUCKET_NAME.error(detail).at(source.span).help(help));
            continue;
        }
        names.insert(region.name.clone(), name.into());
    }
    (reader.found.0.len() == before && !broken).then_some(names)
}

/// Why S3 does not take a name (S3 user guide, "General purpose bucket naming rules").
fn misnamed(name: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !(3..=63).contains(&name.len()) {
        return Some("it has fewer than 3 or more than 63 characters");
    }
    if !name.chars().all(|c| plain(c) || c == '-' || c == '.') {
        return Some("it has other characters than lower case letters, digits, dots and hyphens");
    }
    if !(name.starts_with(plain) && name.ends_with(plain)) {
        return Some("it begins or ends with a dot or hyphen");
    }
    if name.contains("..") {
        return Some("two dots stand together");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Some("it looks like an IP address");
    }
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|p| name.starts_with(p))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
            .iter()
            .any(|s| name.ends_with(s));
    reserved.then_some("AWS keeps this beginning or ending for itself")
}

fn lock(reader: &mut Reader<'_, '_>, given: &LockBlock, body: &Body, span: Span) -> Option<Lock> {
    let modes = ["GOVERNANCE", "COMPLIANCE"];
    let known = reader.choice("mode", &given.mode, &modes, at(body, "mode"));
    let keep = reader.duration(&given.keep, at(body, "keep"))?;
    let days = keep.days();
    if keep.fine || days == 0 || days > LONGEST_LOCK {
        let detail = format!(
            "S3 locks objects for 1 to {LONGEST_LOCK} whole days, which {:?} is not.",
            given.keep
        );
        let help = "Write whole days or longer units: keep = \"30d\", keep = \"7y\".";
        reader.found.push(codes::OBJECT_LOCK.error(detail).at(at(body, "keep")).help(help));
        return None;
    }
    known.then(|| Lock { mode: given.mode.as_str().into(), keep, span })
}

/// Names are unique in all of AWS.
fn unique(reader: &mut Reader<'_, '_>, buckets: &[Bucket]) {
    let mut seen: BTreeMap<&Name, Span> = BTreeMap::new();
    let mut said: BTreeSet<&Name> = BTreeSet::new();
    for bucket in buckets {
        for name in bucket.names.values() {
            match seen.get(name) {
                Some(first) if said.insert(name) => {
                    let detail = format!(
                        "{name:?} is the name of two buckets, but names are unique in all of AWS."
                    );
                    let help = "Give each bucket and each region a name of its own.";
                    let diagnostic =
                        codes::BUCKET_NAME_TWICE.error(detail).at(bucket.span).help(help);
                    reader.found.push(diagnostic.label(*first, "it is used here"));
                }
                Some(_) => {}
                None => {
                    seen.insert(name, bucket.span);
                }
            }
        }
    }
}
