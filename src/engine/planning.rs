//! Planning: state -> refresh -> resolve in rounds -> steps -> plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat_sdk::{
    Ctx, Diagnostic, Diagnostics, Name, Observation, Purpose, RegionName, Scope, Session, Severity,
    Target, Value,
};
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::acting::{self, Acting};
use super::asked::Asked;
use super::contents::look_inside;
use super::context::Contexts;
use super::drifted::{Looked, drift, looked};
use super::edit::Edit;
use super::empty::empty;
use super::ground::{Ground, ground};
use super::load::{Loaded, Settings};
use super::roles::{self, Course, Roles};
use super::unmanaged::Unmanaged;
use super::walk::{Read, walk};
use super::{
    alone, approvers, backfills, fencing, gates, imports, listening, losses, reprotect, retiring,
    returning, shift, split, stored, tasks, times, turns, unmanaged,
};
use crate::address::{Address, Mode};
use crate::builtin;
use crate::event::Events;
use crate::function::Context;
use crate::plan::leg;
use crate::plan::order::{self, Batches};
use crate::plan::promotion;
use crate::plan::resolve::{Input, Options, Previous, Resolved};
use crate::plan::withheld;
use crate::plan::{Placed, Plan, PlanMode, Promotion, ScopeStatus};
use crate::refresh::{self, Request, RequestKey};
use crate::registry::Providers;
use crate::topology::Topology;

/// A plan and what is needed to apply it in the same process.
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// Every managed object of the previous state, and how it was seen: where only that is asked,
    /// and of promotions.
    pub looked: Vec<Looked>,
    /// What carries our tags and is in no state, where it was asked for.
    pub unmanaged: Option<Unmanaged>,
    /// Which region acts as the primary, where that was asked or is suspected to have changed.
    pub acting: Option<Acting>,
    /// Configured, verified providers.
    pub providers: Providers,
    /// All problems; the plan is of no use where one is an error.
    pub diagnostics: Diagnostics,
}

impl Made {
    /// Nothing has been looked at yet.
    fn nothing(plan: Plan, diagnostics: Diagnostics) -> Self {
        let (looked, providers) = (Vec::new(), Providers::default());
        Self { plan, looked, unmanaged: None, acting: None, providers, diagnostics }
    }
}

/// Makes a plan, which holds the files that it was made from and the warnings.
pub async fn plan(
    loaded: &Loaded,
    settings: &Settings,
    contexts: &Contexts,
    state: Option<&State>,
    asked: &Asked,
    events: &dyn Events,
    interrupt: watch::Receiver<lifeboat_sdk::Interrupt>,
) -> Made {
    let entropy = contexts.entropy();
    let renderer = contexts.renderer(&entropy);
    let context = contexts.context(&entropy, &renderer);
    let mut made = evaluated(loaded, settings, &context, state, asked, events, interrupt).await;
    made.diagnostics.0.extend(losses::ahead(asked, settings.now));
    returning::note(&mut made.plan, loaded, state);
    times::note(&mut made.plan, loaded, state, &asked.durations, &made.providers);
    made.plan.inputs.files = contexts.files.recorded();
    let warnings = made.diagnostics.0.iter().filter(|d| d.severity == Severity::Warning);
    made.plan.findings = Diagnostics(warnings.cloned().collect());
    made
}

async fn evaluated(
    loaded: &Loaded,
    settings: &Settings,
    context: &Context<'_>,
    state: Option<&State>,
    asked: &Asked,
    events: &dyn Events,
    interrupt: watch::Receiver<lifeboat_sdk::Interrupt>,
) -> Made {
    let mut diagnostics = loaded.config.planning.clone();
    let Some(course) = course(loaded, state, asked, &mut diagnostics) else {
        return Made::nothing(empty(loaded, settings, state, asked), diagnostics);
    };
    let bound = approvers::bound(state).map_err(|refused| diagnostics.push(*refused));
    let bound = bound.unwrap_or_default();
    let session = Session::interruptible(Purpose::Refresh, interrupt);
    let ctx = Ctx::read_only(Arc::new(session.assume_down(settings.assume_down.clone())));
    let ground = ground(loaded, settings, context, state, asked, &ctx, &mut diagnostics).await;
    let mut made = Made::nothing(empty(loaded, settings, state, asked), diagnostics);
    let Some(ground) = ground else { return made };
    made.plan.approvers = approvers::change(loaded, asked.mode, &course, &bound);
    made.plan.inputs.identities = ground.identities.clone();
    let imports = imports::wanted(loaded, context, asked, &ground.previous, &mut made.diagnostics);
    let Some(imports) = imports else { return made };
    let (current, mut statuses) =
        seen(&mut made, loaded, &ground, asked, &course, &ctx, events).await;
    if asked.unmanaged {
        let lineage = state.map(|s| s.lineage.as_str());
        made.unmanaged = Some(unmanaged::look(loaded, &ground, asked, lineage, &ctx).await);
    }
    let parts = roles::parts(loaded);
    made.diagnostics.0.extend(split::suspected(&parts, &ground.previous, state, &current));
    let input = input(loaded, context, state, asked, &ground, current, imports.clone());
    let plan = &mut made.plan;
    let input = input.and_then(|it| roles::cast(loaded, asked, &course, &parts, state, plan, it));
    let mut input = match input {
        Ok(input) => input,
        Err(diagnostic) => {
            made.diagnostics.push(*diagnostic);
            return made;
        }
    };
    let mut read = Read::default();
    let stage = acting::Stage { loaded, state, parts: &parts, asked, ctx: &ctx };
    stage.take_part(&mut made, &mut input, course == Course::Ordinary, &mut read).await;
    let mut resolved = walk(input, loaded, &ctx, events, &mut statuses, &mut read).await;
    if asked.refresh {
        let found = look_inside(&mut resolved.changes, &ground.providers, &ctx).await;
        resolved.diagnostics.extend(found);
    }
    if *ctx.session().interrupt().borrow() > lifeboat_sdk::Interrupt::None {
        resolved.diagnostics.push(interrupted());
    }
    imports::judge(asked, loaded, &ground, &imports, &mut resolved, &mut made.diagnostics);
    let roles = Roles::new(course, parts, state, loaded.topology.as_ref(), asked, &bound);
    complete(&mut made, loaded, asked, &ground, resolved, statuses, &roles);
    if !made.diagnostics.has_errors() {
        made.diagnostics.extend(ground.regions.planned(&made.plan).unknown(settings, asked));
    }
    made.providers = ground.providers;
    made
}

/// What of the state is live, and how the scopes answered; what of that the plan tells.
async fn seen(
    made: &mut Made,
    loaded: &Loaded,
    ground: &Ground,
    asked: &Asked,
    course: &Course,
    ctx: &Ctx,
    events: &dyn Events,
) -> (BTreeMap<Address, Observation<Value>>, Vec<ScopeStatus>) {
    let requests = requests(ground, asked, &mut made.diagnostics);
    let places = refresh::scopes(&requests);
    let observed = if asked.refresh {
        let (parts, left) = (roles::parts(loaded), listening::left(loaded, asked, course));
        listening::read((&ground.providers, &parts), left, ctx, requests, events).await
    } else {
        BTreeMap::new()
    };
    made.plan.drift = drift(loaded, ground, &observed);
    // A preflight judges a promotion by what was seen of all objects.
    if asked.mode == PlanMode::RefreshOnly || *course != Course::Ordinary {
        made.looked = looked(ground, &places, &observed);
    }
    let statuses = refresh::status(&places, &observed);
    (observed.into_iter().map(|(key, seen)| (key.address, seen)).collect(), statuses)
}

/// What the roles make of the plan; nothing where what a person types is refused, who hears of it at once.
fn course(
    loaded: &Loaded,
    state: Option<&State>,
    asked: &Asked,
    diagnostics: &mut Diagnostics,
) -> Option<Course> {
    roles::course(loaded, state, asked).map_or_else(
        |refused| {
            diagnostics.push(*refused);
            (!asked.is_by_hand()).then_some(Course::Ordinary)
        },
        Some,
    )
}

/// A plan that was not made to its end is none.
fn interrupted() -> Diagnostic {
    let text = "Planning was interrupted before everything was read. Nothing was changed.";
    Diagnostic::error("plan::interrupted", "Interrupted", text).help("Plan again.")
}

/// What refresh must read: everything in the previous state that takes part.
fn requests(ground: &Ground, asked: &Asked, diagnostics: &mut Diagnostics) -> Vec<Request> {
    let mut out = Vec::new();
    for (address, previous) in &ground.previous {
        let takes = ground.selection.takes(address);
        if address.mode == Mode::Data
            || previous.only_deposed
            || !takes
            || excluded(previous.scope.as_ref(), asked)
        {
            continue;
        }
        if ground.providers.kind(&previous.provider, &address.kind).is_none() {
            diagnostics.push(kind_gone(address, &previous.provider));
            continue;
        }
        out.push(request(address, previous, &ground.providers));
    }
    out
}

/// What refresh is asked for one object of the previous state.
pub(super) fn request(address: &Address, previous: &Previous, providers: &Providers) -> Request {
    let nowhere = || crate::apply::record::nowhere(&previous.provider);
    Request {
        key: RequestKey::current(address.clone()),
        provider: previous.provider.clone(),
        kind: address.kind.clone(),
        scope: rescope(previous.scope.clone().unwrap_or_else(nowhere), providers),
        target: Target {
            address: address.to_string().into(),
            id: previous.id.clone(),
            hint: previous.document.unmark_deep(),
        },
    }
}

/// The scope as of this run: the account may have been unknown when it was stored.
fn rescope(scope: Scope, providers: &Providers) -> Scope {
    let account = providers.0.get(&scope.provider).and_then(|i| i.account.clone());
    match account {
        Some(account) if &*scope.account == "unverified" => Scope { account, ..scope },
        _ => scope,
    }
}

fn excluded(scope: Option<&Scope>, asked: &Asked) -> bool {
    let region = scope.map(|s| &*s.location.region().0);
    region.is_some_and(|r| asked.exclude_regions.iter().any(|e| e == r))
}

fn kind_gone(address: &Address, provider: &str) -> Diagnostic {
    Diagnostic::error(
        "engine::kind_gone",
        "The state holds a type that this build does not have",
        format!("{address} is of the type {} of the provider {provider}.", address.kind),
    )
    .about(address)
    .help("Use the build that made it: only that can read, change or remove it.")
}

fn input<'a>(
    loaded: &'a Loaded,
    context: &'a Context<'a>,
    state: Option<&State>,
    asked: &Asked,
    ground: &'a Ground,
    observed: BTreeMap<Address, Observation<Value>>,
    imports: BTreeMap<Address, Name>,
) -> Result<Input<'a>, Box<Diagnostic>> {
    let topology = loaded.topology.as_ref();
    let lineage = state.map(|s| s.lineage.as_str()).unwrap_or_default();
    let only_state = ground.selection.items.is_some() || !asked.exclude_regions.is_empty();
    let taking = |address: &Address, previous: &Previous| {
        ground.selection.takes(address) && !excluded(previous.scope.as_ref(), asked)
    };
    Ok(Input {
        config: &loaded.config,
        desired: &loaded.desired,
        catalogue: &loaded.catalogue,
        providers: &ground.providers,
        previous: &ground.previous,
        observed,
        variables: &loaded.variables,
        previous_outputs: state.map(stored::outputs).transpose()?.unwrap_or_default(),
        functions: context,
        primary: topology.map(|t| RegionName(t.primary.clone())),
        promoting: false,
        closed: false,
        leaving: Default::default(),
        blocks: topology.map(Topology::values).unwrap_or_default(),
        owner: topology.map_or_else(|| lineage.into(), |t| t.name.clone()),
        options: Options {
            mode: asked.mode,
            replace: asked.replace.clone(),
            only: ground.selection.items.clone(),
            only_state: only_state.then(|| {
                let previous = ground.previous.iter();
                previous.filter(|(a, p)| taking(a, p)).map(|(a, _)| a.clone()).collect()
            }),
            in_doubt: asked.in_doubt.clone(),
            imports,
            retired: retiring::chosen(loaded, state, asked)?,
            left_regions: asked.exclude_regions.clone(),
            left: ground.selection.left().to_vec(),
        },
    })
}

/// Makes a promotion of the plan where it is one; what it does besides changes.
fn promoted(
    plan: &mut Plan,
    loaded: &Loaded,
    asked: &Asked,
    roles: &Roles,
) -> (Vec<Placed>, Diagnostics) {
    let (Course::Promotion { from }, Some(to)) = (&roles.course, plan.inputs.primary.clone())
    else {
        return Default::default();
    };
    let (parts, epoch) = (&roles.parts, plan.inputs.epoch);
    let reads = tasks::reads(loaded, &plan.changes, parts, [from, &to]).with_open(&roles.gates);
    let gated = gates::gated(loaded);
    let (mut promotion, found) =
        promotion::promote(&mut plan.changes, parts, from, &to, epoch, &gated);
    promotion.approvals = roles.approvals;
    if loaded.topology.as_ref().is_some_and(Topology::all_write) {
        promotion.all_write();
    }
    // Where all write nothing waits for what one of them holds alone.
    if listening::left(loaded, asked, &roles.course).is_some() {
        promotion.say_down();
    }
    let back = loaded.topology.as_ref().is_some_and(|it| it.declaration.failover.rolls_back());
    // Nobody goes back to a region that does not answer, nor undoes what people did by hand.
    promotion.rolls_back =
        back && promotion.all_write && !promotion.is_silent() && asked.by_hand.is_none();
    promotion.reprotects = reprotect::declared(loaded);
    promotion.limits = loaded.topology.as_ref().map(tasks::limits).unwrap_or_default();
    if promotion.is_silent() && !promotion.all_write {
        promotion.losses = roles.losses.clone();
    }
    promotion.lower(&plan.changes, parts, &tasks::during(loaded), &mut plan.legs);
    let mut all = Diagnostics::new();
    all.0.extend(roles::ungraceful(loaded, asked, &promotion));
    let (mut acts, left_out) = tasks::of_promotion(loaded, plan, parts, &promotion, reads);
    acts.extend(asked.edit.as_ref().map(Edit::placed));
    let copied = tasks::copied(loaded);
    all.0.extend(promotion.only_missing(asked.by_hand, plan, parts, &mut acts, &copied));
    promotion.unproven = losses::unproven(loaded, &promotion, &acts);
    plan.promotion = Some(Promotion { left_out, ..promotion });
    all.extend(found);
    (acts, all)
}

/// Puts the plan together: steps in order, statuses, checks.
fn complete(
    made: &mut Made,
    loaded: &Loaded,
    asked: &Asked,
    ground: &Ground,
    resolved: Resolved,
    statuses: Vec<ScopeStatus>,
    roles: &Roles,
) {
    let Resolved { changes, mut needs, outputs, checks, diagnostics } = resolved;
    made.diagnostics.extend(diagnostics);
    let plan = &mut made.plan;
    plan.changes = changes;
    roles.fences_first(&mut plan.changes, &mut needs);
    turns::taken(loaded, asked.mode, roles, &plan.changes, &mut needs);
    let parts = &roles.parts;
    let watches;
    (plan.legs, watches) = match asked.mode {
        PlanMode::Normal => shift::planned(loaded, &plan.changes, parts),
        PlanMode::Destroy | PlanMode::RefreshOnly | PlanMode::Import => Default::default(),
    };
    let (acts, found) = promoted(plan, loaded, asked, roles);
    made.diagnostics.extend(found);
    narrow(plan, asked, roles, &mut made.diagnostics);
    plan.changes.retain(|c| ground.selection.takes(&c.address));
    plan.outputs = outputs;
    plan.checks = checks;
    plan.scopes = statuses.into_iter().filter(|s| &*s.scope.service != builtin::NAME).collect();
    let batches: Batches = loaded
        .catalogue
        .kinds
        .iter()
        .filter_map(|(name, (_, kind))| Some((Name::from(*name), kind.batch()?)))
        .collect();
    let kept = withheld::withhold(&mut plan.changes, &needs);
    made.diagnostics.0.extend(withheld::told(&kept, &plan.changes));
    let moves = |at: &Address| plan.changes.iter().any(|change| change.address == *at);
    plan.legs.retain(|at, _| moves(at));
    let steps = order::steps(&plan.changes, &needs, &batches, &kept, asked.mode);
    let steps = steps.map(|steps| leg::spread(steps, &plan.changes, &plan.legs, &watches));
    let steps = match &plan.promotion {
        Some(promotion) => steps.and_then(|s| promotion.steps(s, &plan.changes, parts, &acts)),
        None => steps.map(|mut steps| {
            if asked.mode == PlanMode::Normal && plan.retiring.is_none() {
                gates::close(loaded, roles, &plan.changes, &mut steps);
            }
            let steps = alone::surveys(loaded, ground, roles, plan, steps);
            let steps = backfills::backfills(loaded, roles, asked, plan, steps);
            let steps = tasks::confirmed(loaded, plan, parts, steps);
            reprotect::hooks(loaded, roles.unprotected.as_ref(), plan, steps)
        }),
    };
    match steps {
        Ok(steps) => plan.steps = steps,
        Err(cycle) => made.diagnostics.push(circular(plan, &cycle)),
    }
}

/// Leaves of the plan what it is made for, where that is one thing only.
fn narrow(plan: &mut Plan, asked: &Asked, roles: &Roles, diagnostics: &mut Diagnostics) {
    if let Some(wish) = asked.fencing.as_ref().filter(|_| !diagnostics.has_errors()) {
        let (fencing, found) = fencing::only(wish, plan, &roles.parts, &roles.owed);
        plan.fencing = Some(fencing);
        diagnostics.extend(found);
    }
    if let Some(retire) = asked.retire.as_ref().filter(|_| !diagnostics.has_errors()) {
        let (kept, found) = retiring::only(retire, plan);
        plan.retiring = Some(kept);
        diagnostics.extend(found);
    }
}

fn circular(plan: &Plan, cycle: &[usize]) -> Diagnostic {
    let round = cycle.iter().chain(cycle.first());
    let names: Vec<String> = round.map(|i| plan.changes[*i].address.to_string()).collect();
    Diagnostic::error(
        "plan::cycle",
        "The changes cannot be put in an order",
        format!("Each of these must come after the next: {}.", names.join(" -> ")),
    )
    .help("Apply a part of it first with -target.")
}
