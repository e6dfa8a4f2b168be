//! `service` blocks: what runs in each region, and how much of it by the region's role.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::objective::{self, Objective};
use super::read::{Reader, Source};
use super::{Ground, Needs, codes, region};
use crate::config::ast::Body;

/// What runs in each region. Others make it; its capacity follows the role of its region.
#[derive(Clone, Debug)]
pub struct Service {
    /// The block's name with its key.
    pub name: Name,
    /// EC2 instances by region.
    pub instances: BTreeMap<Name, BTreeSet<Name>>,
    /// The name of an Auto Scaling group by region.
    pub groups: BTreeMap<Name, Name>,
    /// Event source mappings of Lambda by region.
    pub event_sources: BTreeMap<Name, BTreeSet<Name>>,
    /// Schedules by region, `GROUP/NAME` or `NAME`.
    pub schedules: BTreeMap<Name, BTreeSet<Name>>,
    /// Security groups by region.
    pub security_groups: BTreeMap<Name, BTreeSet<Name>>,
    /// How many instances a group has; machines run where it is not 0.
    pub capacity: ByRole,
    /// The least number of instances of a group, where it is ours.
    pub min_size: Option<ByRole>,
    /// The largest number of instances of a group, where it is ours.
    pub max_size: Option<ByRole>,
    /// Whether one region writes at a time, so that a region that is left must have none of it.
    pub one_writer: bool,
    /// The objective, where it is not the topology's.
    pub objective: Option<Objective>,
    /// What it must come after.
    pub needs: Needs,
    /// The block's header.
    pub span: Span,
}

/// A number by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByRole {
    /// In the primary.
    pub primary: i64,
    /// In standbys.
    pub standby: i64,
}

impl ByRole {
    /// The number in a region that is the primary or a standby.
    pub fn of(self, primary: bool) -> i64 {
        if primary { self.primary } else { self.standby }
    }
}

/// What runs in each region: instances and groups that others make.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct ServiceBlock {
    /// EC2 instances by region. They run where the capacity is not 0, and are stopped elsewhere.
    #[kind(optional)]
    pub instances: BTreeMap<String, BTreeSet<String>>,
    /// The name of an Auto Scaling group by region.
    #[kind(optional)]
    pub autoscaling_group: BTreeMap<String, String>,
    /// Event source mappings of Lambda by region, which let a function take what is in a queue. They are
    /// enabled where the capacity is not 0.
    #[kind(optional)]
    pub event_source_mappings: BTreeMap<String, BTreeSet<String>>,
    /// Schedules of EventBridge Scheduler by region, `NAME` or `GROUP/NAME`. They are enabled where the
    /// capacity is not 0.
    #[kind(optional)]
    pub schedules: BTreeMap<String, BTreeSet<String>>,
    /// Security groups by region, which let in what may reach a service. Where one region writes they
    /// are closed everywhere else: all their rules for what comes in are revoked, kept, and brought
    /// back where the region becomes the primary.
    #[kind(optional)]
    pub security_groups: BTreeMap<String, BTreeSet<String>>,
    /// How many instances a group has by role: `{ primary = 6, standby = 0 }`.
    #[kind(required)]
    pub capacity: BTreeMap<String, i64>,
    /// The least number of instances of a group by role.
    #[kind(optional)]
    pub min_size: BTreeMap<String, i64>,
    /// The largest number of instances of a group by role.
    #[kind(optional)]
    pub max_size: BTreeMap<String, i64>,
    /// Who writes: `primary`, or `all` regions at once.
    #[kind(optional)]
    pub writers: Option<String>,
}

/// What a service may be or have in later versions (design.md, section 3).
const LATER: [&str; 6] =
    ["deployment", "stateful_set", "helm_release", "replicas", "disruption_budget", "health_check"];

/// The largest size of a group (Auto Scaling API reference, `UpdateAutoScalingGroup`: a 32-bit
/// integer).
const LARGEST: i64 = 2_147_483_647;

/// Reads all `service` blocks.
pub(super) fn read(reader: &mut Reader<'_, '_>, ground: &Ground<'_>) -> Vec<Service> {
    let sources = reader.sources("service");
    sources.iter().filter_map(|source| one(reader, ground, source)).collect()
}

fn one(reader: &mut Reader<'_, '_>, ground: &Ground<'_>, source: &Source<'_>) -> Option<Service> {
    let mut body = source.body.clone();
    let objective = objective::of_component(reader, source, &mut body, ground.tiers);
    let whole = later(reader, &mut body);
    let given = reader.decode::<ServiceBlock>(source, &body)?;
    let before = reader.found.0.len();
    let instances = instances(reader, ground, &given.instances, source);
    let texts = ("autoscaling_group", &given.autoscaling_group);
    let groups = region::some_texts(reader, ground, texts, source);
    let mut sets = |what, given| region::some_sets(reader, ground, (what, given), source);
    let event_sources = sets("event_source_mappings", &given.event_source_mappings);
    let schedules = sets("schedules", &given.schedules);
    let security_groups = security_groups(reader, ground, &given.security_groups, source);
    if whole {
        let sets = [&instances, &event_sources, &schedules, &security_groups];
        everywhere(reader, ground, source, sets, &groups);
    }
    let capacity = capacity(reader, &given.capacity, source);
    let min_size = sizes(reader, "min_size", &given.min_size, source);
    let max_size = sizes(reader, "max_size", &given.max_size, source);
    let one_writer = reader.one_writer(ground, source, given.writers.as_deref());
    group_sizes(reader, &given, one_writer, source);
    if !one_writer && !given.security_groups.is_empty() {
        let detail = "Security groups are closed where a region must not write, and with writers = \"all\" \
                      every region may: naming them has no effect.";
        let help = "Remove security_groups, or let only the primary write.";
        reader.conflict(detail, source.at("security_groups"), help);
    }
    if reader.found.0.len() > before {
        return None;
    }
    Some(Service {
        name: source.name.clone(),
        instances,
        groups,
        event_sources,
        schedules,
        security_groups,
        capacity: capacity?,
        min_size,
        max_size,
        one_writer,
        objective,
        needs: Needs::of(source.block),
        span: source.span,
    })
}

/// Takes out what has no effect yet, and tells whether there was nothing of it.
fn later(reader: &mut Reader<'_, '_>, body: &mut Body) -> bool {
    let of_later = |name: &Name| LATER.contains(&&**name);
    let attributes = body.attributes.iter().filter(|a| of_later(&a.name));
    let attributes = attributes.map(|a| (a.name.clone(), a.name_span));
    let blocks = body.blocks.iter().filter(|b| of_later(&b.ident));
    let blocks = blocks.map(|b| (b.ident.clone(), b.header));
    let found: Vec<(Name, Span)> = attributes.chain(blocks).collect();
    body.attributes.retain(|a| !of_later(&a.name));
    body.blocks.retain(|b| !of_later(&b.ident));
    for (name, span) in &found {
        let help = "Remove it. A service is EC2 instances or an Auto Scaling group; workloads of \
                    Kubernetes follow in a later version.";
        reader.unsupported(&format!("{name:?} of a service"), *span, help);
    }
    found.is_empty()
}

fn instances(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    given: &BTreeMap<String, BTreeSet<String>>,
    source: &Source<'_>,
) -> BTreeMap<Name, BTreeSet<Name>> {
    let all = region::some_sets(reader, ground, ("instances", given), source);
    let span = source.at("instances");
    for id in given.values().flatten().filter(|id| !is_id(id, "i-")) {
        let detail = format!("{id:?} is no id of an EC2 instance.");
        let help = "Write ids as EC2 tells them: \"i-0123456789abcdef0\".";
        reader.found.push(codes::INSTANCE_ID.error(detail).at(span).help(help));
    }
    all
}

/// `i-`, or what else it begins with, and 8 or 17 hexadecimal digits (EC2 user guide, "Resource IDs").
fn is_id(id: &str, prefix: &str) -> bool {
    let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let digits = id.strip_prefix(prefix).map(str::as_bytes);
    digits.is_some_and(|d| matches!(d.len(), 8 | 17) && d.iter().copied().all(digit))
}

fn security_groups(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    given: &BTreeMap<String, BTreeSet<String>>,
    source: &Source<'_>,
) -> BTreeMap<Name, BTreeSet<Name>> {
    let all = region::some_sets(reader, ground, ("security_groups", given), source);
    let span = source.at("security_groups");
    for id in given.values().flatten().filter(|id| !is_id(id, "sg-")) {
        let detail = format!("{id:?} is no id of a security group.");
        let help = "Write ids as EC2 tells them: \"sg-0123456789abcdef0\".";
        reader.found.push(codes::SECURITY_GROUP_ID.error(detail).at(span).help(help));
    }
    all
}

/// A region without the service cannot take it over.
fn everywhere(
    reader: &mut Reader<'_, '_>,
    ground: &Ground<'_>,
    source: &Source<'_>,
    sets: [&BTreeMap<Name, BTreeSet<Name>>; 4],
    groups: &BTreeMap<Name, Name>,
) {
    let none = |region: &&Name| {
        let empty =
            |set: &&BTreeMap<Name, BTreeSet<Name>>| set.get(*region).is_none_or(BTreeSet::is_empty);
        sets.iter().all(empty) && !groups.contains_key(*region)
    };
    let names = ground.names();
    let missing: Vec<String> = names.iter().filter(none).map(|r| format!("{r:?}")).collect();
    if sets.iter().all(|set| set.is_empty()) && groups.is_empty() {
        let detail =
            "The block says how much runs, and not what: it names no instance and no group.";
        let help =
            "Add instances = { REGION = [\"i-…\"] } or autoscaling_group = { REGION = \"…\" }.";
        reader.found.push(codes::NEEDED.error(detail).at(source.span).help(help));
    } else if !missing.is_empty() {
        let detail = format!(
            "A region that has none of a service cannot take it over, and there is none in {}.",
            missing.join(", ")
        );
        let help = "Name instances, a group or security groups of that region.";
        let names = ["instances", "event_source_mappings", "schedules", "security_groups"];
        let given = names.into_iter().zip(sets).find(|(_, set)| !set.is_empty());
        let name =
            given.filter(|_| groups.is_empty()).map_or("autoscaling_group", |(name, _)| name);
        reader.found.push(codes::PER_REGION.error(detail).at(source.at(name)).help(help));
    }
}

/// The capacity: something in the primary, and no more in standbys.
fn capacity(
    reader: &mut Reader<'_, '_>,
    given: &BTreeMap<String, i64>,
    source: &Source<'_>,
) -> Option<ByRole> {
    let span = source.at("capacity");
    let Some(capacity) = sizes(reader, "capacity", given, source) else {
        if given.is_empty() {
            let detail = "\"capacity\" has a value for each role, and none is given.";
            let help = "Write capacity = { primary = 2, standby = 0 }.";
            reader.found.push(codes::PER_ROLE.error(detail).at(span).help(help));
        }
        return None;
    };
    reader.in_range("primary", capacity.primary, 1..=LARGEST, span);
    if capacity.standby > capacity.primary {
        let ByRole { primary, standby } = capacity;
        let detail = format!(
            "The standby has {standby} and the primary {primary}, so a promotion would take capacity \
             away from the region that needs it."
        );
        let help = "Write a standby capacity that is not above that of the primary.";
        reader.found.push(codes::STANDBY_LARGER.error(detail).at(span).help(help));
    }
    Some(capacity)
}

/// A size by role.
fn sizes(
    reader: &mut Reader<'_, '_>,
    what: &str,
    given: &BTreeMap<String, i64>,
    source: &Source<'_>,
) -> Option<ByRole> {
    let span = source.at(what);
    let (primary, standby) = region::numbers_by_role(reader, what, given, span)?;
    let fits = reader.in_range("primary", primary, 0..=LARGEST, span);
    let fits = reader.in_range("standby", standby, 0..=LARGEST, span) && fits;
    fits.then_some(ByRole { primary, standby })
}

/// Sizes are those of a group. A group that must get empty must be allowed to: Auto Scaling takes
/// no desired capacity below the least size (API reference, `UpdateAutoScalingGroup`), and that
/// others set it above 0 would be found when the fence fails.
fn group_sizes(
    reader: &mut Reader<'_, '_>,
    given: &ServiceBlock,
    one_writer: bool,
    source: &Source<'_>,
) {
    let grouped = !given.autoscaling_group.is_empty();
    for (what, sizes) in [("min_size", &given.min_size), ("max_size", &given.max_size)] {
        if !grouped && !sizes.is_empty() {
            let detail = format!("{what:?} is a size of a group, and the service has none.");
            let help = "Remove it, or name an autoscaling_group.";
            reader.conflict(detail, source.at(what), help);
        }
    }
    if grouped && one_writer && given.min_size.is_empty() {
        let detail = "Before another region takes over, the group of the region that is left is \
                      emptied, and a group is never smaller than its least size: that is then set \
                      too, so it must be said what it is otherwise.";
        let help = "Write min_size = { primary = …, standby = 0 } with the size that the group has, \
                    or writers = \"all\" if both regions may write.";
        let span = source.at("autoscaling_group");
        reader.found.push(codes::NEEDED.error(detail).at(span).help(help));
    }
}
