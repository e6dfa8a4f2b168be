//! `region` blocks: failure domains, and maps with a value for each of them.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::region::{Judged, judge};
use lifeboat_sdk::{Name, Span, Value};
use lifeboat_sdk_derive::Kind;

use super::read::{Reader, Source};
use super::say::one_of;
use super::{Ground, codes};
use crate::config::ast::ExprKind;
use crate::config::suggest;

/// A failure domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name: the label.
    pub name: Name,
    /// Its AWS region.
    pub aws: Name,
    /// Its AWS account.
    pub account: Option<Name>,
    /// Where its role record is kept, where not in a bucket of its own.
    pub record: Option<Record>,
    /// Whether what runs there asks `lifeboat guard` before it writes.
    pub guard: bool,
    /// What the guard says where no other record can be read.
    pub on_isolated: Isolated,
    /// Whether its block has errors, so that what it lacks is no further one.
    pub broken: bool,
    /// The block's header.
    pub span: Span,
}

/// The key of a role record in its bucket, after the prefix.
pub const RECORD: &str = "role.json";

/// The key of a region bundle in the bucket of the record, after its prefix.
pub const BUNDLE: &str = "bundle";

/// What keys begin with in a bucket that others made, where nothing is said.
pub const PREFIX: &str = "lifeboat/";

impl Region {
    /// One whose block cannot be used: its name is known all the same, so that what refers to it is
    /// not wrong too.
    fn broken(name: Name, span: Span) -> Self {
        Self {
            aws: name.clone(),
            name,
            account: None,
            record: None,
            guard: false,
            on_isolated: Isolated::default(),
            broken: true,
            span,
        }
    }
}

/// Where the role record of a region is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The bucket.
    pub bucket: Name,
    /// What its key begins with.
    pub prefix: Name,
}

/// What a region does that can read no record of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolated {
    /// It does not write.
    #[default]
    Stop,
    /// It goes on.
    Run,
}

impl Isolated {
    /// The words of the files.
    pub const WORDS: [&'static str; 2] = ["stop", "run"];

    /// From a word of the files.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "stop" => Some(Self::Stop),
            "run" => Some(Self::Run),
            _ => None,
        }
    }
}

/// A failure domain: an AWS region in an account.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct RegionBlock {
    /// The AWS account: twelve digits, as text.
    #[kind(optional)]
    pub account: Option<String>,
    /// The AWS region, where it is not the label.
    #[kind(optional)]
    pub aws_region: Option<String>,
    /// The context of the Kubernetes cluster.
    #[kind(optional)]
    pub context: Option<String>,
    /// The namespace in the cluster.
    #[kind(optional)]
    pub namespace: Option<String>,
    /// Whether what runs there asks `lifeboat guard` before it writes.
    #[kind(default = "false")]
    pub guard: Option<bool>,
    /// What the guard says where no other record can be read: `stop` or `run`.
    #[kind(default = "\"stop\"")]
    pub on_isolated: Option<String>,
    /// Where the role record is kept, where not in a bucket of its own.
    #[kind(block(max = 1))]
    pub record: Vec<RecordBlock>,
}

/// A bucket that exists, in this region.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct RecordBlock {
    /// Its name.
    pub bucket: String,
    /// What the record's key begins with.
    #[kind(default = "\"lifeboat/\"")]
    pub prefix: Option<String>,
}

/// Reads all `region` blocks.
pub(super) fn read(reader: &mut Reader<'_, '_>) -> Vec<Region> {
    let blocks: Vec<_> = reader.blocks("region").collect();
    let mut regions = Vec::new();
    for block in blocks {
        let source = reader.single(block);
        let label = block.block.labels.first().map_or(source.span, |l| l.span);
        if matches!(&*source.name, "primary" | "standby") {
            let detail = format!("{:?} is a role; maps by role have it as a key.", source.name);
            let help = "Give the region another name, such as that of its AWS region.";
            reader.found.push(codes::REGION_RESERVED.error(detail).at(label).help(help));
            continue;
        }
        let odd = source.body.attribute("account").map(|a| a.expr.unwrapped());
        if let Some(expr) = odd.filter(|e| matches!(e.kind, ExprKind::OddNumber(_))) {
            let detail = "The account is an identifier. Read as a number it would lose its leading \
                          zeros, or digits beyond 2⁵³.";
            let help = "Write it in double quotes: account = \"012345678901\".";
            reader.found.push(codes::ODD_NUMBER.error(detail).at(expr.span).help(help));
            regions.push(Region::broken(source.name, source.span));
            continue;
        }
        let Some(given) = reader.decode::<RegionBlock>(&source, &source.body) else {
            regions.push(Region::broken(source.name, source.span));
            continue;
        };
        for (name, value) in [("context", &given.context), ("namespace", &given.namespace)] {
            if value.is_some() {
                let what = format!("{name:?} of a region");
                reader.unsupported(
                    &what,
                    source.at(name),
                    "Remove it; clusters follow in a later version.",
                );
            }
        }
        let broken = given.account.is_some();
        let account = given.account.filter(|a| account(reader, a, source.at("account")));
        let (aws, at) = match given.aws_region {
            Some(aws) => (Name::from(aws), source.at("aws_region")),
            None => (source.name.clone(), label),
        };
        aws_region(reader, &aws, at);
        let account = account.map(Name::from);
        let broken = broken && account.is_none();
        let record = given.record.into_iter().next().map(|record| Record {
            bucket: record.bucket.into(),
            prefix: record.prefix.as_deref().unwrap_or(PREFIX).into(),
        });
        if let Some(word) = &given.on_isolated {
            reader.choice("on_isolated", word, &Isolated::WORDS, source.at("on_isolated"));
        }
        let on_isolated = given.on_isolated.as_deref().and_then(Isolated::parse);
        let on_isolated = on_isolated.unwrap_or_default();
        let guard = given.guard.unwrap_or_default();
        let (name, span) = (source.name, source.span);
        regions.push(Region { name, aws, account, record, guard, on_isolated, broken, span });
    }
    regions
}

/// Twelve digits (AWS Account Management reference guide, "View AWS account identifiers").
fn account(reader: &mut Reader<'_, '_>, text: &str, span: Span) -> bool {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    let detail = format!("An AWS account is twelve digits, not {text:?}.");
    let help = "Write the twelve digits in double quotes: account = \"123456789012\".";
    reader.found.push(codes::ACCOUNT.error(detail).at(span).help(help));
    false
}

/// The form of names of AWS regions: `us-east-1`, `ap-southeast-2`, `us-gov-west-1`; and whether
/// it is one. A misspelt name is an error; one that may be newer than the list is not.
fn aws_region(reader: &mut Reader<'_, '_>, name: &str, span: Span) {
    let parts: Vec<&str> = name.split('-').collect();
    let letters = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase());
    let fits = match parts.as_slice() {
        [first @ .., last] => {
            first.len() >= 2
                && first.iter().all(letters)
                && !last.is_empty()
                && last.bytes().all(|b| b.is_ascii_digit())
        }
        [] => false,
    };
    let diagnostic = match judge(name) {
        _ if !fits => {
            let detail = format!("{name:?} has not the form of an AWS region.");
            let help = "Write aws_region = \"us-east-1\", or name the region so.";
            codes::UNKNOWN_REGION.error(detail).help(help)
        }
        Judged::Known => return,
        _ if reader.takes_any_region() => return,
        Judged::Misspelt(near) => {
            let detail = format!("{name:?} is no region of AWS.");
            suggest::with(codes::UNKNOWN_REGION.error(detail), Some(near))
        }
        Judged::New => {
            let detail = format!("{name:?} is none of the regions of AWS that lifeboat knows.");
            let help = "If it is a new one, set skip_region_validation = true in provider \"aws\".";
            codes::UNKNOWN_REGION.warning(detail).help(help)
        }
    };
    reader.found.push(diagnostic.at(span));
}

/// Says that a region is not known, with the nearest that is.
pub(super) fn unknown(
    reader: &mut Reader<'_, '_>,
    what: &str,
    given: &str,
    known: &[Name],
    span: Span,
) {
    let all: Vec<String> = known.iter().map(|r| format!("{r:?}")).collect();
    let detail = format!("{what} names {given:?}, which is not among the regions.");
    let diagnostic = codes::UNKNOWN_REGION.error(detail).at(span);
    let near = suggest::nearest(given, known.iter().map(|n| &**n));
    reader.found.push(match near {
        Some(_) => suggest::with(diagnostic, near),
        None if all.is_empty() => diagnostic.help("Declare regions first."),
        None => diagnostic.help(format!("Write {}.", one_of(&all))),
    });
}

/// A text for some of the regions.
pub(super) fn some_texts(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    (what, given): (&str, &BTreeMap<String, String>),
    source: &Source<'_>,
) -> BTreeMap<Name, Name> {
    all_known(reader, ground, what, given.keys(), source.at(what));
    given.iter().map(|(region, text)| (region.as_str().into(), text.as_str().into())).collect()
}

/// Texts for some of the regions.
pub(super) fn some_sets(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    (what, given): (&str, &BTreeMap<String, BTreeSet<String>>),
    source: &Source<'_>,
) -> BTreeMap<Name, BTreeSet<Name>> {
    all_known(reader, ground, what, given.keys(), source.at(what));
    let set = |set: &BTreeSet<String>| set.iter().map(|text| text.as_str().into()).collect();
    given.iter().map(|(region, texts)| (region.as_str().into(), set(texts))).collect()
}

/// Says which keys of a map are no regions of the topology.
fn all_known<'k>(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    what: &str,
    keys: impl Iterator<Item = &'k String>,
    span: Span,
) {
    let regions = ground.names();
    for key in keys.filter(|key| !regions.iter().any(|region| **region == ***key)) {
        unknown(reader, &format!("{what:?}"), key, &regions, span);
    }
}

/// A map with a text for each region.
pub(super) fn texts(
    reader: &mut Reader<'_, '_>,
    what: &str,
    value: &Value,
    regions: &[Name],
    span: Span,
) -> Option<BTreeMap<Name, Name>> {
    let before = reader.found.0.len();
    let entries = value.entries()?;
    for (key, _) in entries {
        if !regions.contains(key) {
            unknown(reader, &format!("{what:?}"), key, regions, span);
        }
    }
    let has = |r: &Name| entries.iter().any(|(key, v)| key == r && !v.is_null());
    let missing: Vec<String> =
        regions.iter().filter(|r| !has(r)).map(|r| format!("{r:?}")).collect();
    if !missing.is_empty() {
        let detail =
            format!("{what:?} has a value for each region, but none for {}.", missing.join(", "));
        let lines: Vec<String> = missing.iter().map(|m| format!("{m} = …")).collect();
        let help = format!("Add {}.", lines.join(", "));
        reader.found.push(codes::PER_REGION.error(detail).at(span).help(help));
    }
    let texts =
        entries.iter().filter_map(|(key, v)| Some((key.clone(), v.bare().as_str()?.into())));
    let texts: BTreeMap<Name, Name> = texts.collect();
    if reader.found.0.len() > before {
        return None;
    }
    if texts.len() < entries.len() {
        let detail = format!("{what:?} has a text for each region.");
        let help = "Write each value in double quotes.";
        reader.found.push(codes::PER_REGION.error(detail).at(span).help(help));
        return None;
    }
    Some(texts)
}

/// A map with a number for each role, and nothing else: primary, standby.
pub(super) fn numbers_by_role(
    reader: &mut Reader<'_, '_>,
    what: &str,
    map: &BTreeMap<String, i64>,
    span: Span,
) -> Option<(i64, i64)> {
    if map.is_empty() {
        return None;
    }
    let (primary, standby) = (map.get("primary"), map.get("standby"));
    if let (Some(primary), Some(standby), 2) = (primary, standby, map.len()) {
        return Some((*primary, *standby));
    }
    let keys: Vec<String> = map.keys().map(|k| format!("{k:?}")).collect();
    let detail = format!(
        "{what:?} has a value for each role, \"primary\" and \"standby\", not for {}.",
        keys.join(", ")
    );
    let help = format!("Write {what} = {{ primary = …, standby = … }}.");
    reader.found.push(codes::PER_ROLE.error(detail).at(span).help(help));
    None
}
