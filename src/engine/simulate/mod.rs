//! What the loss of a region would come to: the same planner and executor as ever, on a cloud in
//! memory that is what state says, under a clock of its own (docs/simulate.md).
//!
//! Nobody is called, nothing is run and no lock is taken: providers are simulated, state and journal
//! are copies in memory, hooks and gates only take their time. The runtime's clock must be paused, so
//! that time passes where all wait for it, and only there.

mod applied;
mod chronicle;
mod rehearsal;
mod report;
mod told;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Diagnostic, Interrupt, Location, Name, RegionName, Value};
use lifeboat_state::backend::{BackendError, StateBackend as _, StoreBackend};
use lifeboat_state::journal::{RunId, RunIdError};
use lifeboat_state::lock::LockInfo;
use lifeboat_state::model::State;
use lifeboat_state::positions::Positions;
use lifeboat_state::secret::{FixedKey, Key};
use lifeboat_state::store::MemoryDisk;
use tokio::sync::watch;
use tokio::time::Instant;

use super::applying::{Holding, Ready};
use super::asked::Asked;
use super::context::Contexts;
use super::load::{Loaded, Settings};
use super::planning::{self, Made};
use super::roles;
use super::times;
use crate::address::Address;
use crate::apply::crash::Crash;
use crate::apply::{Outcome, Recovered, Rehearsal};
use crate::config::suggest::nearest;
use crate::event::{Events, Silent};
use crate::plan::promotion::Mode;
use crate::plan::{Plan, Promotion, file};
use crate::registry;

pub use super::times::Times;
pub use crate::plan::outlook::{Expected, Source};
pub use applied::{Declared, applied};
pub use report::{Course, Ending, Fate, Link, Loss, PhaseRun, Simulation, Standing, StepRun};

use chronicle::Chronicle;
use rehearsal::Played;
use told::Told;

/// What is tried.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The primary, which is left.
    pub lose: Name,
    /// Its region in the cloud.
    pub cloud_region: RegionName,
    /// Ungraceful: it does not answer.
    pub mode: Mode,
    /// Whether the control planes of global services do not answer.
    pub global: bool,
    /// The step that fails: an address, or what an act is about.
    pub fail: Option<String>,
}

/// What a simulation starts from.
pub struct Given {
    /// The files, with the region that takes over as the primary.
    pub loaded: Loaded,
    /// Files, clock and chance.
    pub contexts: Contexts,
    /// The settings of the run.
    pub settings: Settings,
    /// What is taken for live.
    pub state: State,
    /// Objects that an earlier run may have changed, and why that is not known.
    pub in_doubt: BTreeMap<Address, String>,
    /// Up to when copies were seen to have all that their sources had.
    pub positions: Positions,
    /// What is tried.
    pub scene: Scene,
    /// How long things take.
    pub times: Times,
    /// How far an interrupt went.
    pub interrupt: watch::Receiver<Interrupt>,
}

/// Why there is no simulation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option names what the promotion does not have.
    #[error("an option names what is not there")]
    Option(Box<Diagnostic>),
    /// The plan cannot be written.
    #[error("the plan cannot be written")]
    Plan(#[from] file::PlanFileError),
    /// The copy of the state cannot be made.
    #[error("the state cannot be copied")]
    State(#[from] BackendError),
    /// Its run cannot be named.
    #[error("the run cannot be named")]
    Name(#[from] RunIdError),
    /// There is no clock that can be paused, or no thread for it.
    #[error("a clock of its own cannot be had")]
    Clock(#[from] std::io::Error),
}

/// Plays it under a clock of its own; blocks until it is over, which takes no longer than what is
/// computed.
///
/// # Errors
/// There is nothing to play.
pub fn play(given: Given) -> Result<Simulation, Error> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build()?.block_on(simulate(given))
}

/// Plays it in a runtime whose clock is paused.
///
/// # Errors
/// There is nothing to play.
pub(super) async fn simulate(given: Given) -> Result<Simulation, Error> {
    let Given { loaded, contexts, settings, state, in_doubt, .. } = given;
    let Given { positions, scene, times, interrupt, .. } = given;
    let cloud = world::cloud(&state, times.call().takes);
    let catalogue = registry::simulated(&loaded.catalogue, &cloud);
    world::befall(&cloud, &scene, &catalogue);
    let loaded = Loaded { catalogue, ..loaded };
    let begun = Instant::now();
    let asked = Asked { back: true, in_doubt, positions, ..Asked::default() };
    let (known, quiet) = (Some(&state), &Silent);
    let made =
        planning::plan(&loaded, &settings, &contexts, known, &asked, quiet, interrupt.clone());
    let Made { plan, providers, diagnostics, .. } = made.await;
    let reading = begun.elapsed();
    let mut simulation = Simulation::new(scene, &loaded, state.epoch, reading);
    let promotion = plan.promotion.clone().filter(|_| !diagnostics.has_errors());
    simulation.diagnostics = diagnostics;
    let Some(promotion) = promotion else { return Ok(simulation) };
    times_fit(&times, &plan, &loaded).map_err(Error::Option)?;
    let fails = simulation.scene.fail.as_deref().map(|step| failing(step, &plan)).transpose();
    let fails = fails.map_err(Error::Option)?;
    if let Some(address) = &fails {
        world::fail(&cloud, address);
    }
    let times = Arc::new(times);
    let expected = Arc::clone(&times);
    cloud.set_times(move |change| {
        let expected = expected.change(change);
        (expected.source != Source::Assumed).then_some(expected.takes)
    });
    let rehearsal: Arc<dyn Rehearsal> =
        Arc::new(Played { takes: told::acts(&plan, &times), call: times.call().takes, fails });
    cloud.take_ledger();
    let chronicle = Chronicle::of(&plan);
    let stage =
        Stage { settings: &settings, state: Some(state), events: &chronicle, reading, interrupt };
    let (topology, parts) = (loaded.topology.clone(), roles::parts(&loaded));
    let ready = Ready::new(plan, Vec::new(), loaded, contexts, providers);
    let approval = Some(approval(&promotion));
    let ready = Ready { approval, rehearsal: Some(rehearsal), ..ready };
    let (plan, outcome) = stage.carry_out(ready).await?;
    let lost = &simulation.scene.cloud_region;
    let calls = cloud.take_ledger();
    let there = calls.iter().filter(|call| call.location == Location::Region(lost.clone()));
    (simulation.calls, simulation.calls_there) = (cloud.calls(), there.count());
    let ran = chronicle.ran();
    let told = Told::of(&plan, &parts, &outcome, &ran, &times);
    simulation.course = told.map(|told| told.course());
    let course = simulation.course.as_ref().zip(topology.as_ref());
    simulation.losses = course
        .map(|(course, topology)| told::losses(course, topology, settings.now))
        .unwrap_or_default();
    simulation.diagnostics.extend(outcome.diagnostics);
    Ok(simulation)
}

/// Where the plan is carried out.
struct Stage<'a> {
    settings: &'a Settings,
    /// Nothing where nothing was applied before.
    state: Option<State>,
    events: &'a dyn Events,
    /// How long planning took.
    reading: Duration,
    interrupt: watch::Receiver<Interrupt>,
}

impl Stage<'_> {
    /// Carries out the plan on a copy of the state in memory.
    async fn carry_out(self, ready: Ready) -> Result<(Plan, Outcome), Error> {
        let Self { settings, state, events, reading, interrupt } = self;
        // What is sealed with it is forgotten with it.
        let keys = FixedKey::new(Key::new([0; 32]), "the simulation");
        let backend = StoreBackend::memory(&MemoryDisk::new(), Arc::new(keys)).await?;
        let guard = backend.lock(holder(), Duration::ZERO).await?;
        if let Some(mut state) = state {
            state.serial = 0;
            backend.commit(&guard, None, NAME, &state).await?;
        }
        let newest = Recovered { loaded: backend.load().await?, ..Recovered::default() };
        let bytes = file::write(&ready.plan, &backend.sealer())?;
        let begun = Instant::now();
        let now = || {
            let passed = jiff::SignedDuration::try_from(reading + begun.elapsed());
            let at = settings.now.checked_add(passed.unwrap_or_default());
            at.unwrap_or(settings.now).to_string()
        };
        let holding = Holding {
            backend: &backend,
            guard: &guard,
            settings,
            events,
            interrupt,
            now: &now,
            crash: Crash::default(),
        };
        let id = RunId::new(NAME)?;
        let (plan, outcome, _) = holding.carry_out(id, Ready { bytes, ..ready }, newest).await;
        backend.unlock(guard).await?;
        Ok((plan, outcome))
    }
}

/// What the run, the lock and the generation of a simulation are called.
const NAME: &str = "simulation";

/// Who holds the lock of what nobody else can see.
fn holder() -> LockInfo {
    let text = || NAME.to_owned();
    LockInfo {
        id: text(),
        operation: text(),
        info: String::new(),
        who: text(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created: String::new(),
        path: String::new(),
        host: String::new(),
        pid: std::process::id(),
    }
}

/// What people would have to say.
fn approval(promotion: &Promotion) -> Value {
    let text = |text: &str| Value::string(text);
    let by = Value::object([("by".into(), text(NAME))]);
    if !promotion.needs_attestation() {
        return by;
    }
    by.with("attested", text(&promotion.attest.join(", ")))
        .with("reason", text(NAME))
        .with("accepted_loss", text("unknown"))
}

/// What the steps of a plan are named by.
fn names(plan: &Plan) -> BTreeSet<String> {
    let steps = plan.steps.iter();
    let objects = steps.clone().flat_map(|step| &step.members);
    let objects = objects.filter_map(|m| Some(plan.changes.get(m.change)?.address.to_string()));
    let tasks = steps.filter_map(|step| Some(step.task.as_ref()?.about.to_string()));
    objects.chain(tasks).collect()
}

/// The step that is to fail.
fn failing(step: &str, plan: &Plan) -> Result<Name, Box<Diagnostic>> {
    let names = names(plan);
    if names.contains(step) {
        return Ok(step.into());
    }
    let detail = format!("-fail={step}: the promotion has no such step.");
    let help = match nearest(step, names.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean {near:?}?"),
        None if names.is_empty() => "It has none that could fail.".to_owned(),
        None => format!("Its steps: {}.", names.into_iter().collect::<Vec<_>>().join(", ")),
    };
    let summary = "There is no such step";
    Err(Box::new(Diagnostic::error("simulate::step", summary, detail).help(help)))
}

/// Whether everything that a duration is declared of is there.
fn times_fit(times: &Times, plan: &Plan, loaded: &Loaded) -> Result<(), Box<Diagnostic>> {
    let mut names = names(plan);
    names.insert(times::CALLS.to_owned());
    names.extend(loaded.catalogue.kinds.keys().map(|kind| (*kind).to_owned()));
    let kind = |name: &str| {
        name.split_once('.').is_some_and(|(kind, verb)| {
            ["create", "update", "delete"].contains(&verb)
                && loaded.catalogue.kinds.contains_key(kind)
        })
    };
    let Some(name) = times.names().find(|name| !names.contains(*name) && !kind(name)) else {
        return Ok(());
    };
    let detail = format!("-duration={name}: neither a step nor a type of object has this name.");
    let help = match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean {near:?}?"),
        None => "Name a step as the plan shows it, a type (aws_s3_bucket_policy, \
                 aws_s3_bucket_policy.update), or call."
            .to_owned(),
    };
    let summary = "A duration is declared of nothing";
    Err(Box::new(Diagnostic::error("simulate::duration", summary, detail).help(help)))
}
