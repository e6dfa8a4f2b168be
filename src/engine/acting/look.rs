//! What each object tells: it is planned with each region as the primary, and compared.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Ctx, Name, RegionName, Value};
use lifeboat_state::model::State;

use super::{Acting, Told, Witness};
use crate::address::Address;
use crate::desired::{Desired, Part, STANDING, blocks};
use crate::diff::Action;
use crate::engine::asked::Asked;
use crate::engine::fencing;
use crate::engine::load::Loaded;
use crate::engine::planning::Made;
use crate::engine::roles::Course;
use crate::engine::walk::{Read, walk};
use crate::event::Silent;
use crate::plan::promotion::{Parts, region_of};
use crate::plan::resolve::{Input, Options};
use crate::plan::{ByHand, ObjectChange, PlanMode};
use crate::topology::Topology;

/// Whether what changed outside may be a promotion by hand.
fn suspected(drift: &[ObjectChange], parts: &Parts, asked: &Asked) -> bool {
    let whole = asked.targets.is_empty()
        && asked.excludes.is_empty()
        && asked.exclude_regions.is_empty()
        && asked.fencing.is_none();
    let weighs = |change: &ObjectChange| {
        let part = parts.get(&change.address);
        matches!(
            part,
            Some(Part::Writers | Part::Database | Part::Writer | Part::Traffic | Part::Endpoint)
        )
    };
    let mode = matches!(asked.mode, PlanMode::Normal | PlanMode::RefreshOnly);
    whole && asked.refresh && mode && drift.iter().any(weighs)
}

/// An object as it is planned with a region as the primary.
struct Planned {
    action: Action,
    after: Option<Value>,
    unread: Option<String>,
}

impl Planned {
    fn of(change: ObjectChange) -> Self {
        let why = change.unread.or(change.deferred).map(|why| why.to_string());
        Self { action: change.action, after: change.after, unread: why }
    }
}

/// All that plans of one candidate came to, by address: with the region that is left as it is while a
/// promotion leaves it, and as a standby.
type Ways = Vec<BTreeMap<Address, Planned>>;

/// What a plan is made on.
pub(in crate::engine) struct Stage<'a> {
    pub(in crate::engine) loaded: &'a Loaded,
    pub(in crate::engine) state: Option<&'a State>,
    pub(in crate::engine) parts: &'a Parts,
    pub(in crate::engine) asked: &'a Asked,
    pub(in crate::engine) ctx: &'a Ctx,
}

impl Stage<'_> {
    /// Looks which region acts as the primary, where that is asked, or something of the roles changed:
    /// role drift is told, and what was done by hand is taken as it is.
    pub(in crate::engine) async fn take_part(
        &self,
        made: &mut Made,
        input: &mut Input<'_>,
        ordinary: bool,
        read: &mut Read,
    ) {
        let Stage { parts, asked, .. } = *self;
        let sought = asked.acting || (ordinary && suspected(&made.plan.drift, parts, asked));
        if !sought {
            return;
        }
        let Some(acting) = look(self, input, read).await else { return };
        let to = made.plan.inputs.primary.clone().unwrap_or_default();
        match asked.by_hand {
            None if asked.acting => {}
            None => made.diagnostics.0.extend(acting.role_drift()),
            Some(ByHand::Adopted) => {
                let at_rest = acting.at_rest(&to);
                input.leaving.retain(|address| !at_rest(address));
                // Copies from a region that is silent are refused by the next plan.
                input.closed = false;
            }
            Some(ByHand::Continued) => {
                if !acting.is_towards(&to) {
                    made.diagnostics.push(*acting.nothing(Some(&to)));
                }
            }
        }
        made.acting = Some(acting);
    }
}

/// Looks which region acts as the primary. `input` is what the plan itself is made from.
async fn look(stage: &Stage<'_>, input: &Input<'_>, read: &mut Read) -> Option<Acting> {
    let Stage { loaded, state, parts, asked, ctx } = *stage;
    let state = state?;
    let topology = loaded.topology.as_ref()?;
    let primary: Name = state.primary.as_deref()?.into();
    let marks = fencing::leaving(parts, &Course::Ordinary, Some(state), asked);
    let leaves = Course::Promotion { from: primary.clone() };
    let leaves = fencing::leaving(parts, &leaves, Some(state), asked);
    let mut candidates: BTreeMap<Name, Ways> = BTreeMap::new();
    let mut only_primary = BTreeSet::new();
    for region in &topology.regions {
        let moved = Topology { primary: region.name.clone(), ..topology.clone() };
        let (synthetics, _) = blocks::expand(&moved);
        let (desired, _) = Desired::of(&loaded.config, synthetics);
        only_primary.extend(sole(&desired));
        let promotes = region.name != primary;
        let ways = if promotes { vec![&marks, &leaves] } else { vec![&marks] };
        for leaving in ways {
            let input = as_if(input, &moved, &desired, leaving.clone(), promotes);
            let mut statuses = Vec::new();
            let resolved = walk(input, loaded, ctx, &Silent, &mut statuses, read).await;
            let mine = resolved.changes.into_iter().filter(|it| parts.contains_key(&it.address));
            let planned = mine.map(|change| (change.address.clone(), Planned::of(change)));
            candidates.entry(region.name.clone()).or_default().push(planned.collect());
        }
    }
    let mut witnesses = Vec::new();
    for (address, part) in parts {
        let told = match part {
            Part::Record | Part::Health | Part::Replica => None,
            _ if only_primary.contains(address) => alone(address, &candidates),
            _ => told(address, &candidates),
        };
        let Some((told, region)) = told.zip(region_of(address)) else { continue };
        let (address, region) = (address.clone(), region.into());
        witnesses.push(Witness { address, region, part: *part, told });
    }
    let resting = candidates.iter().map(|(to, ways)| (to.clone(), at_rest(&primary, parts, ways)));
    let at_rest = resting.collect();
    Some(Acting { at_rest, ..Acting::of(&primary, state.epoch, witnesses) })
}

/// What only the primary has.
fn sole(desired: &Desired) -> Vec<Address> {
    let of = |synthetic: &crate::desired::Synthetic| {
        let only = synthetic.instances.iter().filter(|(_, planned)| planned.only_primary);
        let at = only.map(|(key, _)| synthetic.address.instance(Some(key.clone())));
        at.collect::<Vec<_>>()
    };
    desired.synthetics.iter().flat_map(of).collect()
}

/// The same input with another primary.
fn as_if<'a>(
    input: &Input<'a>,
    topology: &Topology,
    desired: &'a Desired,
    leaving: BTreeSet<Address>,
    promoting: bool,
) -> Input<'a> {
    let mut values = topology.values();
    let standing = format!(".{STANDING}");
    if let Some(all) = input.blocks.get(&standing) {
        values.insert(standing, all.clone());
    }
    Input {
        config: input.config,
        desired,
        catalogue: input.catalogue,
        providers: input.providers,
        previous: input.previous,
        observed: input.observed.clone(),
        variables: input.variables,
        previous_outputs: input.previous_outputs.clone(),
        functions: input.functions,
        primary: Some(RegionName(topology.primary.clone())),
        promoting,
        closed: false,
        leaving,
        blocks: values,
        owner: input.owner.clone(),
        options: Options {
            mode: PlanMode::Normal,
            replace: Vec::new(),
            only: None,
            only_state: None,
            in_doubt: input.options.in_doubt.clone(),
            imports: BTreeMap::new(),
            retired: BTreeSet::new(),
            left_regions: Vec::new(),
            left: Vec::new(),
        },
    }
}

/// What an object tells that all candidates plan; nothing where the roles do not decide it.
fn told(address: &Address, candidates: &BTreeMap<Name, Ways>) -> Option<Told> {
    let mut fits = BTreeSet::new();
    let mut unread = None;
    let mut afters: Vec<Option<&Value>> = Vec::new();
    // What one region does not show another may, which is asked where it is the candidate.
    let is_read = |way: &BTreeMap<Address, Planned>| {
        way.get(address).is_some_and(|planned| planned.unread.is_none())
    };
    let read = candidates.values().flatten().any(is_read);
    for (region, ways) in candidates {
        for way in ways {
            let Some(planned) = way.get(address) else {
                unread = Some("it could not be planned".to_owned());
                continue;
            };
            afters.push(planned.after.as_ref());
            if planned.unread.is_some() && read {
                continue;
            }
            unread = unread.or_else(|| planned.unread.clone());
            if planned.action == Action::NoOp {
                fits.insert(region.clone());
            }
        }
    }
    let differs = afters.windows(2).any(|pair| pair.first() != pair.last());
    if !differs || fits.len() == candidates.len() {
        return None;
    }
    Some(unread.map_or(Told::As(fits), Told::Unread))
}

/// What an object tells that only the primary has: by its being there.
fn alone(address: &Address, candidates: &BTreeMap<Name, Ways>) -> Option<Told> {
    let own = Name::from(region_of(address)?);
    let planned = candidates.get(&own)?.first()?.get(address)?;
    if let Some(why) = &planned.unread {
        return Some(Told::Unread(why.clone()));
    }
    let others = || candidates.keys().filter(|region| **region != own).cloned().collect();
    Some(Told::As(match planned.action {
        Action::Create => others(),
        Action::NoOp => BTreeSet::from([own]),
        _ => BTreeSet::new(),
    }))
}

/// What in the old primary fences, and is as a standby has it.
fn at_rest(primary: &Name, parts: &Parts, ways: &Ways) -> BTreeSet<Address> {
    let Some(ordinary) = ways.first() else { return BTreeSet::new() };
    let fences = parts.iter().filter(|(at, part)| part.fences() && region_of(at) == Some(primary));
    let rests = |at: &&Address| {
        let planned = ordinary.get(*at);
        planned.is_some_and(|it| it.action == Action::NoOp && it.unread.is_none())
    };
    fences.map(|(at, _)| at).filter(rests).cloned().collect()
}
