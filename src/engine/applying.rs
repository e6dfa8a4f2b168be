//! Changing things under the lock: what earlier runs left is settled, then a plan is carried out.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat_sdk::{Diagnostic, Diagnostics, Interrupt, Purpose, Session, Value};
use lifeboat_state::backend::{BackendError, Loaded as Stored, StateBackend};
use lifeboat_state::journal::RunId;
use lifeboat_state::lock::LockGuard;
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::approvers;
use super::bundles::Bundles;
use super::context::Contexts;
use super::expected;
use super::finaliser::Finaliser;
use super::ground;
use super::listening;
use super::load::{Loaded, Settings};
use super::reopened::Opener;
use crate::apply::crash::Crash;
use crate::apply::give_up::{GiveUp, GivenUp};
use crate::apply::{self, CONFIRM, Copies, Outcome, Recovered, Recovery, Rehearsal, Run};
use crate::event::Events;
use crate::plan::{ObjectChange, Plan, PlanMode, file};
use crate::registry::Providers;

/// A command that holds the lock.
pub struct Holding<'a> {
    /// Where state and journals are.
    pub backend: &'a dyn StateBackend,
    /// The lock, held.
    pub guard: &'a LockGuard,
    /// What the command starts from.
    pub settings: &'a Settings,
    /// Told what happens.
    pub events: &'a dyn Events,
    /// How far an interrupt went.
    pub interrupt: watch::Receiver<Interrupt>,
    /// The time as text, for people.
    pub now: &'a (dyn Fn() -> String + Sync),
    /// Where to abort, in builds that can.
    pub crash: Crash,
}

/// A plan with all that carrying it out takes.
pub struct Ready {
    /// The plan.
    pub plan: Plan,
    /// As it is, or will be, stored.
    pub bytes: Vec<u8>,
    /// What it was made from.
    pub loaded: Loaded,
    /// Files, clock and chance.
    pub contexts: Contexts,
    /// Kinds, able to make calls.
    pub providers: Providers,
    /// The run goes on that an earlier process began.
    pub resumes: bool,
    /// What an operator goes on without, by the names of tasks, and why.
    pub skips: BTreeMap<String, String>,
    /// Who approved a promotion, and what they attested and accepted.
    pub approval: Option<Value>,
    /// What approvers have signed, where that is not the plan itself: the standing plan and its bytes.
    pub signed: Option<Box<(Plan, Vec<u8>)>>,
    /// What acts are played by where nothing real may happen.
    pub rehearsal: Option<Arc<dyn Rehearsal>>,
}

impl Ready {
    /// To be carried out from its beginning.
    pub fn new(
        plan: Plan,
        bytes: Vec<u8>,
        loaded: Loaded,
        contexts: Contexts,
        providers: Providers,
    ) -> Self {
        let (resumes, skips, approval, signed, rehearsal) =
            (false, BTreeMap::new(), None, None, None);
        Self {
            plan,
            bytes,
            loaded,
            contexts,
            providers,
            resumes,
            skips,
            approval,
            signed,
            rehearsal,
        }
    }

    /// Whether no generation need be written: nothing is to do, and all of it is in state.
    pub fn has_nothing_to_do(&self, newest: &Recovered) -> bool {
        let plan = &self.plan;
        let nothing = plan.steps.is_empty() && !plan.has_changes() && plan.drift.is_empty();
        let Some(Stored { state, .. }) = &newest.loaded else {
            return nothing && plan.changes.is_empty();
        };
        // What could not be read when it was stored and was read now is worth a generation.
        let read_again = |change: &ObjectChange| {
            let record = state.objects.get(&change.address.to_string());
            change.unread.is_none() && record.is_some_and(|record| record.stale.is_some())
        };
        // So is that the data is copied to the standbys again.
        let protects = state.promotions.unprotected.is_some() && plan.is_whole();
        nothing && !protects && !plan.changes.iter().any(read_again)
    }
}

/// Why earlier runs could not be looked at.
#[derive(Debug)]
pub enum Unsettled {
    /// State or journals cannot be read or written.
    State(BackendError),
    /// The providers cannot be used.
    Providers(Diagnostics),
}

impl From<BackendError> for Unsettled {
    fn from(error: BackendError) -> Self {
        Self::State(error)
    }
}

impl Holding<'_> {
    /// The newest state, earlier runs settled as far as what they touched can be read.
    ///
    /// # Errors
    /// Nothing is known then, and nothing may be changed.
    pub async fn settle(
        &self,
        loaded: &Loaded,
        contexts: &Contexts,
    ) -> Result<Recovered, Unsettled> {
        let newest = self.backend.load().await?;
        if self.backend.open_runs().await?.is_empty() {
            return Ok(Recovered { loaded: newest, ..Recovered::default() });
        }
        let state = newest.as_ref().map(|newest| &newest.state);
        let providers = self.connect(loaded, contexts, state).await?;
        let opener = Opener {
            catalogue: loaded.catalogue.clone(),
            root: self.settings.root.clone(),
            sealer: self.backend.sealer(),
            providers: providers.clone(),
        };
        let recovery = Recovery {
            backend: self.backend,
            guard: self.guard,
            providers: &providers,
            open: &|bytes| opener.open(bytes),
            events: self.events,
            interrupt: self.interrupt.clone(),
            down: self.settings.assume_down.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            now: self.now,
            confirm: CONFIRM,
            crash: self.crash.clone(),
        };
        Ok(recovery.run().await?)
    }

    /// Ends a promotion that is open, where it is not too late and no other machine goes on with it.
    ///
    /// # Errors
    /// State and journal cannot be read or written, or the providers cannot be used.
    pub async fn give_up(
        &self,
        (run, plan): (&RunId, &Plan),
        (loaded, contexts): (&Loaded, &Contexts),
        stored: Stored,
    ) -> Result<GivenUp, Unsettled> {
        let providers = self.connect(loaded, contexts, Some(&stored.state)).await?;
        let bundles = Bundles::of(
            self.backend,
            (loaded, &providers),
            (plan, &stored.state, Some(run)),
            (self.settings, self.interrupt.clone()),
            self.now,
        );
        let give_up = GiveUp {
            backend: self.backend,
            guard: self.guard,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            now: self.now,
            crash: self.crash.clone(),
            copies: bundles.as_ref().map(|bundles| bundles as &dyn Copies),
        };
        let state = stored.state.clone();
        let given_up = give_up.run(run, plan, stored).await?;
        if let (GivenUp::Done, Some(bundles)) = (&given_up, &bundles) {
            bundles.given_up(&state).await;
        }
        Ok(given_up)
    }

    /// The providers, able to make calls.
    async fn connect(
        &self,
        loaded: &Loaded,
        contexts: &Contexts,
        state: Option<&State>,
    ) -> Result<Providers, Unsettled> {
        let entropy = contexts.entropy();
        let renderer = contexts.renderer(&entropy);
        let context = contexts.context(&entropy, &renderer);
        let interrupt = self.interrupt.clone();
        let connected = ground::connect(loaded, self.settings, &context, state, interrupt).await;
        connected.map_err(Unsettled::Providers)
    }

    /// Writes the region bundles that are not of the newest state, where nothing else is to be done;
    /// tells which could not be.
    pub async fn catch_up(&self, ready: &Ready, newest: &Recovered) -> Option<Diagnostic> {
        let Stored { state, .. } = newest.loaded.as_ref()?;
        let interrupt = self.interrupt.clone();
        let bundles = Bundles::of(
            self.backend,
            (&ready.loaded, &ready.providers),
            (&ready.plan, state, None),
            (self.settings, interrupt),
            self.now,
        );
        bundles?.catch_up(state).await
    }

    /// Carries out a plan that was made from `newest`; what completes its documents is given back
    /// for the report.
    pub async fn carry_out(
        &self,
        id: RunId,
        ready: Ready,
        newest: Recovered,
    ) -> (Plan, Outcome, Finaliser) {
        let Ready { plan, bytes, loaded, contexts, providers, .. } = ready;
        let Ready { resumes, skips, approval, rehearsal, .. } = ready;
        let (state, head) = newest.loaded.map(|newest| (newest.state, newest.head)).unzip();
        let lineage = || plan.inputs.lineage.clone().unwrap_or_else(|| plan.id.clone());
        let mut state = state.unwrap_or_else(|| State::new(lineage(), env!("CARGO_PKG_VERSION")));
        bind(&mut state, &plan);
        approvers::bind(&mut state, &plan);
        let session = Session::interruptible(Purpose::Apply, self.interrupt.clone());
        let left = plan.promotion.as_ref().zip(loaded.topology.as_ref());
        let left = left.and_then(|(promotion, topology)| topology.region(&promotion.from));
        let left = left.map(|region| region.aws.to_string());
        let down = listening::down(&plan, left.as_deref(), &self.settings.assume_down);
        let session = session.assume_down(down).hurry(left);
        for instance in providers.0.values() {
            session.limit(&instance.name, instance.configured.limits());
        }
        let digest = file::digest(&bytes);
        let bundles = Bundles::of(
            self.backend,
            (&loaded, &providers),
            (&plan, &state, Some(&id)),
            (self.settings, self.interrupt.clone()),
            self.now,
        );
        let contexts = Contexts { settled: true, ..contexts };
        let (shared, loaded) = (Arc::new(plan.clone()), Arc::new(loaded));
        let finalise = Finaliser::new(shared, loaded, providers.clone(), contexts);
        let mut outcome = apply::apply(Run {
            id,
            plan: &plan,
            plan_bytes: bytes,
            plan_digest: digest,
            resumes,
            skips,
            approval,
            rehearsal,
            providers: &providers,
            finalise: &finalise,
            root: &self.settings.root,
            state,
            head,
            backend: self.backend,
            guard: self.guard,
            copies: bundles.as_ref().map(|bundles| bundles as &dyn Copies),
            session: Arc::new(session),
            events: self.events,
            parallelism: self.settings.parallelism.max(1),
            command: if plan.promotion.is_some() { "promote" } else { command(&plan) }.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            now: self.now,
            confirm: CONFIRM,
            crash: self.crash.clone(),
        })
        .await;
        // Before the bundles are written, which keep it.
        expected::learn(self.backend, self.guard, (&plan, &outcome)).await;
        if let Some(bundles) = &bundles {
            outcome.diagnostics.0.extend(bundles.finish(&outcome).await);
        }
        (plan, outcome, finalise)
    }
}

/// The command that a plan amounts to, however it was typed.
pub fn command(plan: &Plan) -> &'static str {
    match plan.mode {
        PlanMode::Normal | PlanMode::RefreshOnly => "apply",
        PlanMode::Destroy => "destroy",
        PlanMode::Import => "import",
    }
}

/// What a plan says of the whole: topology, primary, epoch, accounts.
fn bind(state: &mut State, plan: &Plan) {
    if let (Some(topology), Some(primary)) = (&plan.inputs.topology, &plan.inputs.primary) {
        state.topology = Some(topology.to_string());
        if state.primary.is_none() {
            state.primary = Some(primary.to_string());
            state.epoch = state.epoch.max(1);
        }
    }
    for (provider, account) in &plan.inputs.identities {
        state.identities.entry(provider.clone()).or_insert_with(|| account.clone());
    }
}
