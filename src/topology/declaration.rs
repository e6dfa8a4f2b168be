//! The `topology` block: strategy, regions in the order of preference, the primary, objectives.

use std::collections::BTreeMap;

use lifeboat_sdk::{Name, Span};
use lifeboat_sdk_derive::Kind;

use super::codes;
use super::failover::{Failover, FailoverBlock};
use super::objective::{self, Objective, ObjectiveBlock};
use super::read::{Reader, Source, element};
use super::region::{self, Region};
use crate::config::ast::Body;

/// The strategies of "Disaster Recovery of Workloads on AWS" (AWS whitepaper), in the order of
/// what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// Backups are restored when they are needed.
    BackupRestore,
    /// Data is replicated, the rest is switched off.
    PilotLight,
    /// A smaller copy runs.
    WarmStandby,
    /// All regions serve.
    ActiveActive,
}

/// Their names.
const STRATEGIES: [(&str, Strategy); 4] = [
    ("backup_restore", Strategy::BackupRestore),
    ("pilot_light", Strategy::PilotLight),
    ("warm_standby", Strategy::WarmStandby),
    ("active_active", Strategy::ActiveActive),
];

impl Strategy {
    /// As files write it.
    pub fn name(self) -> &'static str {
        STRATEGIES.iter().find(|(_, s)| *s == self).map_or("", |(name, _)| name)
    }
}

/// What the `topology` block says.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The name.
    pub name: Name,
    /// The strategy.
    pub strategy: Strategy,
    /// The regions by preference.
    pub regions: Vec<Name>,
    /// The region that is primary.
    pub primary: Name,
    /// Where its name is written: here, or in a variables file.
    pub written: Option<Span>,
    /// Where failback goes.
    pub home: Option<Name>,
    /// A further region that holds a role record only.
    pub witness: Option<Name>,
    /// The objective of what states none of its own.
    pub objective: Objective,
    /// Named objectives.
    pub tiers: BTreeMap<Name, Objective>,
    /// How promotions go.
    pub failover: Failover,
    /// The block's header.
    pub span: Span,
}

/// A disaster-recovery topology.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct TopologyBlock {
    /// `backup_restore`, `pilot_light`, `warm_standby` or `active_active`.
    pub strategy: String,
    /// The regions in the order of preference.
    #[kind(required)]
    pub regions: Vec<String>,
    /// The region that is primary; the others are standbys.
    pub primary: String,
    /// Where failback goes; else to the previous primary.
    #[kind(optional)]
    pub home: Option<String>,
    /// A further region that holds a role record and nothing else.
    #[kind(optional)]
    pub witness: Option<String>,
    /// The objective of all that state none of their own.
    #[kind(block(max = 1))]
    pub objective: Vec<ObjectiveBlock>,
    /// A named objective: `tier "critical" { … }`.
    #[kind(block)]
    pub tier: Vec<ObjectiveBlock>,
    /// How promotions go.
    #[kind(block(max = 1))]
    pub failover: Vec<FailoverBlock>,
}

/// Reads the one `topology` block.
pub(super) fn read(reader: &mut Reader<'_, '_>, regions: &[Region]) -> Option<Declaration> {
    let blocks: Vec<_> = reader.blocks("topology").collect();
    let (first, further) = blocks.split_first()?;
    for other in further {
        let detail = "A root module has one topology: what is promoted together.";
        let help = "Put the other topology into a root module of its own.";
        let diagnostic = codes::SEVERAL.error(detail).at(other.block.header).help(help);
        reader.found.push(diagnostic.label(first.block.header, "the first is here"));
    }
    let source = reader.single(first);
    let mut body = source.body.clone();
    let tiers = self::tiers(reader, &source, &mut body);
    let known: Vec<Name> = regions.iter().map(|r| r.name.clone()).collect();
    let Some(given) = reader.decode::<TopologyBlock>(&source, &body) else {
        return fallback(reader, &source, &known);
    };
    let order = order(reader, &source, &given.regions, &known);
    let attribute = source.body.attribute("primary");
    let written = attribute.and_then(|attribute| reader.editable(&attribute.expr));
    let primary = primary(reader, &source, &given.primary, &order)?;
    let names: Vec<&str> = STRATEGIES.iter().map(|(name, _)| *name).collect();
    reader.choice("strategy", &given.strategy, &names, source.at("strategy"));
    let strategy = STRATEGIES.iter().find(|(name, _)| *name == given.strategy);
    let home = named(reader, &source, "home", given.home, &order);
    let witness = witness(reader, &source, given.witness, &known, &order);
    unused(reader, regions, &order, witness.as_ref());
    let objective = match (given.objective.first(), body.blocks_of("objective").next()) {
        (Some(given), Some(block)) => objective::read(reader, given, &block.body),
        _ => Objective::default(),
    };
    let failover = match (given.failover.first(), body.blocks_of("failover").next()) {
        (Some(given), Some(block)) => super::failover::read(reader, given, &block.body),
        _ => Failover::default(),
    };
    Some(Declaration {
        name: source.name.clone(),
        strategy: strategy.map_or(Strategy::WarmStandby, |(_, s)| *s),
        regions: order,
        primary,
        written,
        home,
        witness,
        objective,
        tiers,
        failover,
        span: source.span,
    })
}

/// What stands for a block with errors, so that those of the other blocks are found too.
fn fallback(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    known: &[Name],
) -> Option<Declaration> {
    // What is wrong with the regions has been said.
    let found = std::mem::take(&mut reader.found);
    let given = source.body.attribute("regions").and_then(|a| reader.known(source, &a.expr));
    reader.found = found;
    let listed = given.as_ref().and_then(|v| v.items()).unwrap_or_default();
    let named: Vec<Name> = listed.iter().filter_map(|v| v.as_str()).map(Name::from).collect();
    let regions = if named.is_empty() { known.to_vec() } else { named };
    Some(Declaration {
        name: source.name.clone(),
        strategy: Strategy::WarmStandby,
        primary: regions.first().cloned()?,
        written: None,
        regions,
        home: None,
        witness: None,
        objective: Objective::default(),
        tiers: BTreeMap::new(),
        failover: Failover::default(),
        span: source.span,
    })
}

/// Named objectives.
fn tiers(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    body: &mut Body,
) -> BTreeMap<Name, Objective> {
    let mut tiers = BTreeMap::new();
    for tier in reader.labelled(body, "tier", "the name of the objective") {
        if let Some(given) = reader.decode::<ObjectiveBlock>(source, &tier.block.body) {
            tiers.insert(tier.label, objective::read(reader, &given, &tier.block.body));
        }
    }
    tiers
}

/// The regions by preference, each once and with a block.
fn order(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    given: &[String],
    known: &[Name],
) -> Vec<Name> {
    let mut order: Vec<Name> = Vec::new();
    for (i, name) in given.iter().enumerate() {
        let span = element(&source.body, "regions", i);
        let name = Name::from(name.as_str());
        if order.contains(&name) {
            let detail = format!("{name:?} is in the list already; the order is the preference.");
            let help = "Name each region once.";
            reader.found.push(codes::REGION_TWICE.error(detail).at(span).help(help));
            continue;
        }
        if !known.contains(&name) {
            let detail =
                format!("The topology is in {name:?}, but no block says what that region is.");
            let near = crate::config::suggest::nearest(&name, known.iter().map(|n| &**n));
            // A region that is in the list itself is not a misspelling of this one.
            let near = near.filter(|near| given.iter().all(|given| given != near));
            let help = match near {
                Some(near) => format!("Did you mean {near:?}?"),
                None => format!("Add region {name:?} {{ account = \"…\" }}."),
            };
            reader.found.push(codes::REGION_MISSING.error(detail).at(span).help(help));
        }
        order.push(name);
    }
    if order.is_empty() {
        let detail = "A topology is in one region at least, and in two to survive the loss of one.";
        let help = "Write regions = [\"us-east-1\", \"us-west-2\"].";
        let at = source.at("regions");
        reader.found.push(codes::REGION_MISSING.error(detail).at(at).help(help));
    }
    order
}

/// The primary: one of the regions; the first where it is none of them and that is reported.
fn primary(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    given: &str,
    order: &[Name],
) -> Option<Name> {
    let primary = Name::from(given);
    if order.contains(&primary) {
        return Some(primary);
    }
    let first = order.first().cloned()?;
    region::unknown(reader, "\"primary\"", given, order, source.at("primary"));
    Some(first)
}

/// A region of the topology that an argument names.
fn named(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    what: &str,
    given: Option<String>,
    order: &[Name],
) -> Option<Name> {
    let given = Name::from(given?);
    if order.contains(&given) {
        return Some(given);
    }
    region::unknown(reader, &format!("{what:?}"), &given, order, source.at(what));
    None
}

/// The witness: a region with a block, and none of the topology's.
fn witness(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    given: Option<String>,
    known: &[Name],
    order: &[Name],
) -> Option<Name> {
    let given = Name::from(given?);
    let span = source.at("witness");
    if order.contains(&given) {
        let detail =
            format!("{given:?} is a region of the topology, so it cannot bear witness for it.");
        reader.conflict(detail, span, "Name a further region, or remove it from regions.");
        return None;
    }
    if !known.contains(&given) {
        region::unknown(reader, "\"witness\"", &given, known, span);
        return None;
    }
    Some(given)
}

/// Warns of region blocks that the topology does not name.
fn unused(reader: &mut Reader<'_, '_>, regions: &[Region], order: &[Name], witness: Option<&Name>) {
    for region in regions {
        let name = &region.name;
        if !order.contains(name) && witness != Some(name) {
            let detail =
                format!("{name:?} is not among the topology's regions, so nothing is made in it.");
            let help = format!("Add {name:?} to regions, or remove the block.");
            reader.found.push(codes::REGION_UNUSED.warning(detail).at(region.span).help(help));
        }
    }
}
