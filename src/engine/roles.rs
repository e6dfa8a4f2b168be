//! What the roles in the files and in state make of a plan.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk::{Diagnostic, Name, Type, Value};
use lifeboat_state::model::{Alone, Backfill, Gate, Owed, Promotions, State};

use super::asked::Asked;
use super::load::Loaded;
use super::tasks::Passing;
use super::{alone, evacuation, fencing, listening, losses, records, reprotect, retiring};
use crate::address::Address;
use crate::approval::Policy;
use crate::desired::{Part, STANDING};
use crate::diff::Action;
use crate::plan::loss::Losses;
use crate::plan::order::Needs;
use crate::plan::promotion::{Mode, Parts, region_of};
use crate::plan::resolve::Input;
use crate::plan::{Deferral, ObjectChange, Plan, PlanMode, Promotion, Wish};
use crate::topology::Topology;

/// What the roles in the files and in state make of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// The roles stay.
    Ordinary,
    /// The files name another primary than this, which state has.
    Promotion {
        /// The primary so far.
        from: Name,
    },
}

/// A changed primary is a promotion, unless the files are older than the last one.
///
/// # Errors
/// The files name the region that the last promotion left.
pub(super) fn course(
    loaded: &Loaded,
    state: Option<&State>,
    asked: &Asked,
) -> Result<Course, Box<Diagnostic>> {
    fencing::judge(loaded, state, asked)?;
    if asked.retire.is_some() {
        retiring::chosen(loaded, state, asked)?;
    }
    for region in asked.discards.iter().chain(&asked.copies) {
        alone::settles(state, region)?;
    }
    let (Some(topology), Some(state)) = (&loaded.topology, state) else {
        return Ok(Course::Ordinary);
    };
    let Some(from) = state.primary.as_deref().filter(|from| **from != *topology.primary) else {
        owes(asked, state)?;
        evacuation::answered(topology, state, asked)?;
        return Ok(Course::Ordinary);
    };
    if asked.mode == PlanMode::RefreshOnly {
        return Err(Box::new(undecided(topology, state, from)));
    }
    if asked.back || state.promotions.left.as_deref() != Some(&*topology.primary) {
        whole(asked, from, &topology.primary)?;
        returns(state, &topology.primary)?;
        evacuation::answered(topology, state, asked)?;
        return Ok(Course::Promotion { from: from.into() });
    }
    let detail = format!(
        "The files name {} as the primary. The promotion that opened epoch {} left that region for \
         {from}, so these files are older than it, and applying them would not undo it.",
        topology.primary, state.epoch
    );
    let help = format!(
        "Take the commit that names {from}, or write `primary = \"{from}\"`. To go back on \
         purpose, run `lifeboat promote {}`.",
        topology.primary
    );
    let summary = "The files are older than the last promotion";
    Err(Box::new(Diagnostic::error("promotion::stale_files", summary, detail).help(help)))
}

/// What is owed is done before anything else, so that a plan of a part has no place before it.
fn owes(asked: &Asked, state: &State) -> Result<(), Box<Diagnostic>> {
    let Some((address, owed)) = state.promotions.owed.first_key_value() else { return Ok(()) };
    let Owed { region, epoch, since } = owed;
    let when = if state.promotions.fenced.contains_key(region) {
        "when it was fenced by hand".to_owned()
    } else {
        format!("when epoch {epoch} began without it")
    };
    let partly = match asked.mode {
        PlanMode::Destroy => "destroy",
        PlanMode::Normal if asked.retire.is_some() => "retire",
        PlanMode::Normal if !asked.targets.is_empty() => "-target",
        PlanMode::Normal if !asked.excludes.is_empty() => "-exclude",
        PlanMode::Normal if !asked.refresh => "-refresh=false",
        PlanMode::Normal | PlanMode::RefreshOnly | PlanMode::Import => return Ok(()),
    };
    let detail = format!(
        "{region} owes the fence {address} since {since}, {when}: nothing \
         else is done before it is placed, so {partly} has no place here."
    );
    let help = format!("Run `lifeboat apply`, which places it when {region} answers.");
    Err(Box::new(Diagnostic::error("promotion::owed", "A fence is owed", detail).help(help)))
}

/// A region that owes a fence may hold what was written there alone: it is no target before it is
/// fenced and follows again.
fn returns(state: &State, to: &str) -> Result<(), Box<Diagnostic>> {
    let owes = state.promotions.owed.iter().find(|(_, owed)| owed.region == to);
    let Some((address, owed)) = owes else {
        fencing::target(state, to)?;
        evacuation::target(state, to)?;
        return alone::target(state, to);
    };
    let detail = format!(
        "{to} owes the fence {address} since {}: until it is placed it may take writes that no other \
         region has, and it has none of what the primary took since.",
        owed.since
    );
    let help = format!(
        "Run `lifeboat apply`, which fences {to} when it answers and lets it follow again; then \
         promote it."
    );
    let summary = "The region owes a fence";
    Err(Box::new(Diagnostic::error("promotion::target_owes", summary, detail).help(help)))
}

/// What is live has the roles of state, and the files have others.
fn undecided(topology: &Topology, state: &State, from: &str) -> Diagnostic {
    let detail = format!(
        "The files name {} as the primary, the state (epoch {}) has {from}: what is live cannot be \
         compared with files that give the regions other roles.",
        topology.primary, state.epoch
    );
    let help = format!(
        "Apply the promotion, or write `primary = \"{from}\"` again; where it is open, `lifeboat promote \
         -abort` gives it up."
    );
    let summary = "The primary differs from the one in state";
    Diagnostic::error("promotion::pending", summary, detail).help(help)
}

/// A promotion is planned whole, and by itself.
fn whole(asked: &Asked, from: &str, to: &str) -> Result<(), Box<Diagnostic>> {
    let partly = [
        ("-target", !asked.targets.is_empty()),
        ("-exclude", !asked.excludes.is_empty()),
        ("-exclude-region", !asked.exclude_regions.is_empty()),
        ("-replace", !asked.replace.is_empty()),
        ("-refresh=false", !asked.refresh),
        ("destroy", asked.mode == PlanMode::Destroy),
        ("import", asked.mode == PlanMode::Import),
        ("what is done to a region by hand", asked.fencing.is_some()),
        ("retire", asked.retire.is_some()),
        ("-discard-diverged", asked.discards.is_some()),
        ("-copy-diverged", asked.copies.is_some()),
    ];
    let Some((option, _)) = partly.into_iter().find(|(_, given)| *given) else { return Ok(()) };
    let detail = format!(
        "The files name {to} as the primary and state has {from}, so the plan is a promotion. It is \
         planned whole: {option} has no place in it."
    );
    let help = format!("Leave {option} away, or write `primary = \"{from}\"` first.");
    let summary = "The primary differs from the one in state";
    Err(Box::new(Diagnostic::error("promotion::not_whole", summary, detail).help(help)))
}

/// That a promotion would leave a region which does not answer, where only a graceful one is wanted.
pub(super) fn ungraceful(
    loaded: &Loaded,
    asked: &Asked,
    promotion: &Promotion,
) -> Option<Diagnostic> {
    let failover = loaded.topology.as_ref().map(|topology| &topology.declaration.failover);
    let declared = failover.and_then(|failover| failover.mode.as_deref()) == Some("graceful");
    if promotion.mode() == Mode::Graceful || !(declared || asked.graceful) {
        return None;
    }
    let from = &promotion.from;
    let (by, help) = if declared {
        let help = "Wait until it answers, or write mode = \"ungraceful\" in the failover block.";
        ("the failover block says mode = \"graceful\"", help.to_owned())
    } else {
        let help = format!(
            "Wait until it answers. Where that cannot be waited for: `lifeboat promote {}`.",
            promotion.to
        );
        ("a graceful promotion was asked for", help)
    };
    let detail = format!(
        "Not all of {from} answers, so that it cannot be fenced, and nobody can tell what would be \
         lost; {by}."
    );
    let summary = "The promotion would not be graceful";
    Some(Diagnostic::error("promotion::ungraceful", summary, detail).help(help))
}

/// What the roles mean for the steps of a plan.
pub(super) struct Roles {
    pub(super) course: Course,
    pub(super) parts: Parts,
    pub(super) owed: BTreeMap<String, Owed>,
    pub(super) gates: BTreeMap<String, Gate>,
    pub(super) approvals: u32,
    pub(super) alone: BTreeMap<String, Alone>,
    /// What may be lost, should the region that is left not answer.
    pub(super) losses: Losses,
    pub(super) backfills: BTreeMap<String, BTreeMap<String, Backfill>>,
    /// The promotion after which the data is not protected yet.
    pub(super) unprotected: Option<Passing>,
    /// The region that the last promotion left.
    pub(super) left: Option<String>,
    leaving: BTreeSet<Address>,
    opens: Option<Name>,
}

impl Roles {
    /// With what state says besides the roles.
    pub(super) fn new(
        course: Course,
        mut parts: Parts,
        state: Option<&State>,
        topology: Option<&Topology>,
        asked: &Asked,
        bound: &Policy,
    ) -> Self {
        let leaving = fencing::leaving(&parts, &course, state, asked);
        if course != Course::Ordinary {
            // Whom the databases of further standbys follow changes after the promotion.
            let to = topology.map(|topology| &*topology.primary);
            let takes_part = |at: &Address| leaving.contains(at) || region_of(at) == to;
            parts.retain(|at, part| *part != Part::Database || takes_part(at));
        }
        let promotions = state.map(|state| state.promotions.clone()).unwrap_or_default();
        let Promotions { owed, alone, backfills, gates, left, .. } = promotions;
        let opens = match &asked.fencing {
            Some(Wish::Open(region)) => Some(region.clone()),
            Some(Wish::Close(_) | Wish::Owed | Wish::Leave(_) | Wish::Return(_) | Wish::Back)
            | None => None,
        };
        let losses = match (&course, topology) {
            (Course::Promotion { from }, Some(topology)) => {
                losses::losses(topology, state, [from, &topology.primary], asked)
            }
            _ => Losses::default(),
        };
        let approvals = bound.needed;
        let unprotected = state.and_then(reprotect::after);
        Self {
            course,
            parts,
            owed,
            gates,
            approvals,
            alone,
            losses,
            backfills,
            unprotected,
            left,
            leaving,
            opens,
        }
    }

    /// Puts fences in their order: what is owed first, then those of a region among each other.
    pub(super) fn fences_first(&self, changes: &mut [ObjectChange], needs: &mut Needs) {
        self.owed_first(changes, needs);
        if self.course == Course::Ordinary {
            self.owed_alone(changes, needs);
            let opens = self.opens.as_ref();
            fencing::in_order(&self.parts, &self.leaving, opens, changes, needs);
        }
    }

    /// Defers everything in a region whose fence is owed and cannot be placed, although the rest answers.
    fn owed_alone(&self, changes: &mut [ObjectChange], needs: &Needs) {
        let owed = |change: &&ObjectChange| {
            change.deferred.is_some() && self.owed.contains_key(&change.address.to_string())
        };
        let waits: Vec<Address> =
            changes.iter().filter(owed).map(|it| it.address.clone()).collect();
        for fence in &waits {
            let before = needed(fence, needs);
            let waits = |change: &&mut ObjectChange| {
                let changes = change.action != Action::NoOp && change.deferred.is_none();
                let same = region_of(&change.address) == region_of(fence);
                changes && same && !before.contains(&change.address)
            };
            for change in changes.iter_mut().filter(waits) {
                change.deferred = Some(Deferral::Needs(fence.to_string()));
            }
        }
    }

    /// Lets everything in a region that owes a fence, and what opens the primary to copies from
    /// there, come after the fence.
    fn owed_first(&self, changes: &[ObjectChange], needs: &mut Needs) {
        let fences: Vec<Address> = self.owed.keys().filter_map(|at| Address::parse(at)).collect();
        let mut before = BTreeSet::new();
        for fence in &fences {
            before.append(&mut needed(fence, needs));
        }
        for fence in &fences {
            let region = region_of(fence);
            let after = |change: &&ObjectChange| {
                let same = region_of(&change.address) == region;
                let opens =
                    matches!(self.parts.get(&change.address), Some(Part::Writers | Part::Record));
                !before.contains(&change.address) && (same || opens)
            };
            for change in changes.iter().filter(after) {
                needs.first.entry(change.address.clone()).or_default().push(fence.clone());
            }
        }
    }
}

/// An object and all that it needs.
fn needed(address: &Address, needs: &Needs) -> BTreeSet<Address> {
    let mut all = BTreeSet::new();
    let mut open = vec![address.clone()];
    while let Some(next) = open.pop() {
        if all.insert(next.clone()) {
            open.extend(needs.planned.get(&next).into_iter().flatten().cloned());
        }
    }
    all
}

/// Gives the walk what the roles decide: who is being promoted, which fences are owed, and what the
/// records say; the plan keeps the last.
///
/// # Errors
/// Those of [`records::behind`] and [`records::unconfirmed`].
pub(super) fn cast<'a>(
    loaded: &Loaded,
    asked: &Asked,
    course: &Course,
    parts: &Parts,
    state: Option<&State>,
    plan: &mut Plan,
    mut input: Input<'a>,
) -> Result<Input<'a>, Box<Diagnostic>> {
    let records = records::read(parts, &input.observed);
    let follow = records::follow(asked, state, &records, input.primary.as_ref().map(|it| &*it.0));
    if !follow {
        records::behind(state, &records)?;
    }
    if *course == Course::Ordinary && !follow {
        records::unconfirmed(asked, parts, state, plan, &input.observed)?;
    }
    fencing::confirmed(asked, parts, state, &records)?;
    let to = input.primary.as_ref().map(|primary| &*primary.0);
    let unfenced = fencing::unfenced(parts, (course, to), state, asked, &input.observed);
    let fenced = fencing::told(course, state, asked, &plan.created);
    let standing = standing(loaded, course, state, &plan.id, (&unfenced, &fenced));
    // The first state takes its lineage from the plan that is applied: nobody knows which that is.
    let shown = match state {
        Some(_) => standing.clone(),
        None => standing.with("lineage", Value::unknown(Type::String)),
    };
    input.blocks.insert(format!(".{STANDING}"), shown);
    plan.inputs.standing = Some(standing);
    let promoting = *course != Course::Ordinary;
    let primary = input.primary.as_ref().map(|primary| &*primary.0);
    // A fence that answers now may be owed in the end, where somebody attests that the region is down.
    let closed = listening::left(loaded, asked, course).is_some()
        || fencing::closes((parts, course, primary), &unfenced, &records);
    let leaving = fencing::leaving(parts, course, state, asked);
    Ok(Input { promoting, closed, leaving, ..input })
}

/// What the role records say besides the roles.
fn standing(
    loaded: &Loaded,
    course: &Course,
    state: Option<&State>,
    plan: &str,
    (unfenced, fenced): (&[Address], &BTreeMap<String, String>),
) -> Value {
    let epoch = state.map_or(0, |state| state.epoch).max(1);
    let text = |text: &str| Value::string(text);
    let number = |n: u64| Value::int(i64::try_from(n).unwrap_or(i64::MAX));
    let primary = loaded.topology.as_ref().map(|topology| topology.primary.clone());
    let left = state.and_then(|state| state.promotions.left.as_deref());
    let (epoch, from) = match course {
        Course::Promotion { from } => (epoch + 1, Some(&**from)),
        Course::Ordinary => (epoch, left),
    };
    let promotion = from
        .zip(primary)
        .map(|(from, to)| Value::object([("from".into(), text(from)), ("to".into(), text(&to))]));
    let owed = unfenced.iter().map(|fence| {
        let region = region_of(fence).unwrap_or_default();
        Value::object([
            ("address".into(), text(&fence.to_string())),
            ("region".into(), text(region)),
        ])
    });
    let fenced = fenced.iter().map(|(region, since)| {
        Value::object([("region".into(), text(region)), ("since".into(), text(since))])
    });
    // The first state takes its lineage from the plan that makes it.
    let lineage = state.map_or(plan, |state| &state.lineage);
    Value::object([
        ("lineage".into(), text(lineage)),
        ("epoch".into(), number(epoch)),
        ("promotion".into(), promotion.unwrap_or_else(Value::null)),
        ("owed".into(), Value::tuple(owed.collect())),
        ("fenced".into(), Value::tuple(fenced.collect())),
    ])
}

/// What the objects of topology blocks do in a promotion.
pub(super) fn parts(loaded: &Loaded) -> Parts {
    let of = |synthetic: &crate::desired::Synthetic| {
        let address = synthetic.address.clone();
        let instances = synthetic.instances.iter();
        let with_part = instances.filter_map(|(key, p)| Some((key.clone(), p.part?)));
        with_part.map(|(key, part)| (address.instance(Some(key)), part)).collect::<Vec<_>>()
    };
    loaded.desired.synthetics.iter().flat_map(of).collect()
}
