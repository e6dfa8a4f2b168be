//! `objective { … }` and `tier = "NAME"` of a component: what promotions are measured by
//! (design.md, sections 3 and 12).

use std::collections::BTreeMap;

use lifeboat_sdk::Name;
use lifeboat_sdk_derive::Kind;

use super::Topology;
use super::codes;
use super::duration::Duration;
use super::read::{Reader, Source, at};
use crate::config::ast::Body;

/// How much may be lost, and how long it may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objective {
    /// The recovery point objective.
    pub rpo: Option<Duration>,
    /// The recovery time objective.
    pub rto: Option<Duration>,
}

impl Topology {
    /// The strictest of all objectives, its own and those of its components.
    pub fn strictest(&self) -> Objective {
        let own = (self.buckets.iter().map(|b| &b.objective))
            .chain(self.replications.iter().map(|r| &r.objective))
            .chain(self.dns.iter().map(|d| &d.objective));
        let all: Vec<&Objective> = own.flatten().chain([&self.declaration.objective]).collect();
        let least = |part: fn(&Objective) -> Option<&Duration>| {
            all.iter().filter_map(|one| part(one)).min_by_key(|part| part.seconds).cloned()
        };
        Objective { rpo: least(|one| one.rpo.as_ref()), rto: least(|one| one.rto.as_ref()) }
    }
}

/// An objective.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct ObjectiveBlock {
    /// How much time's data may be lost.
    #[kind(optional)]
    pub rpo: Option<String>,
    /// How long it may take until the service is back.
    #[kind(optional)]
    pub rto: Option<String>,
}

/// Reads the content of an objective.
pub(super) fn read(reader: &mut Reader<'_, '_>, given: &ObjectiveBlock, body: &Body) -> Objective {
    Objective {
        rpo: reader.maybe_duration(given.rpo.as_ref(), at(body, "rpo")),
        rto: reader.maybe_duration(given.rto.as_ref(), at(body, "rto")),
    }
}

/// Takes the objective of a component out of its body; `None` where it has the topology's. Its own
/// rules do not know these names: in a `retention` block a tier with a label is something else.
pub(super) fn of_component(
    reader: &mut Reader<'_, '_>,
    source: &Source<'_>,
    body: &mut Body,
    tiers: &BTreeMap<Name, Objective>,
) -> Option<Objective> {
    let (mine, rest) =
        std::mem::take(&mut body.blocks).into_iter().partition(|b| &*b.ident == "objective");
    body.blocks = rest;
    let mine: Vec<crate::config::ast::Block> = mine;
    let named = body.attributes.iter().position(|a| &*a.name == "tier");
    let named = named.map(|i| body.attributes.remove(i).expr);
    let second = mine.get(1).or(mine.first().filter(|_| named.is_some()));
    if let Some(block) = second {
        let detail =
            "A component has one objective: a block of its own, or a tier of the topology.";
        reader.conflict(detail, block.header, "Keep the one that is meant.");
        return None;
    }
    if let Some(block) = mine.first() {
        let given = reader.decode::<ObjectiveBlock>(source, &block.body)?;
        return Some(read(reader, &given, &block.body));
    }
    let expr = named?;
    let value = reader.known(source, &expr)?;
    let name = value.as_str().unwrap_or_default();
    if tiers.is_empty() {
        let detail = format!("The topology declares no tier, so there is no {name:?}.");
        let help = format!("Add tier {name:?} {{ rpo = \"…\" rto = \"…\" }} to the topology.");
        reader.found.push(codes::CHOICE.error(detail).at(expr.span).help(help));
        return None;
    }
    let all: Vec<&str> = tiers.keys().map(|tier| &**tier).collect();
    reader.choice("tier", name, &all, expr.span).then(|| tiers.get(name).cloned()).flatten()
}
