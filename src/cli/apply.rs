//! `lifeboat apply`

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lifeboat_sdk::Name;
use lifeboat_state::backend::{StateBackend as _, StoreBackend};
use lifeboat_state::journal::RunId;
use lifeboat_state::lock::LockGuard;

use super::abort::{GivesUp, rolls_back};
use super::bound::now;
use super::exit::Exit;
use super::failure;
use super::plan::{failed, make, tell};
use super::workspace::{Workspace, duration, has_files};
use super::{adopt, approval, args, preflight, promote, standing};
use crate::apply::crash::{Crash, CrashPoint};
use crate::apply::{self, OpenPromotion, Outcome, Recovered, RunEnding};
use crate::engine::applying::{Holding, Ready, command};
use crate::engine::expected::Expected;
use crate::engine::finaliser::Finaliser;
use crate::engine::{Contexts, Loaded, Settings, approvers, failback, going_on, ground};
use crate::event::Events;
use crate::plan::{Act, Plan, PlanMode, bind, file};
use crate::registry::Providers;
use crate::view::bar::Bar;
use crate::view::escape::line;
use crate::view::ndjson;
use crate::view::progress::Progress;

/// Runs `apply`.
pub async fn run(workspace: &Workspace, args: args::Apply) -> Exit {
    let timeout = match duration(&args.locking.lock_timeout) {
        Ok(timeout) => timeout,
        Err(text) => {
            workspace.output.error("The options cannot be used", &text);
            return Exit::Error;
        }
    };
    if args.plan.is_none() && !args.destroy && !has_files(&workspace.root) {
        // Told before the lock is taken.
        let contexts = workspace.contexts(false);
        let (loaded, found) = workspace.load_quietly(&workspace.settings(None), &contexts);
        workspace.output.diagnostics(&found, &loaded.config.sources);
        return Exit::Error;
    }
    if let Some(path) = &args.plan
        && let Err((summary, text)) = approval::as_saved(path, &args, workspace)
    {
        workspace.output.error(summary, &text);
        return Exit::Error;
    }
    let crash = crash(workspace);
    let backend = match workspace.backend_of(|parts| crash.tear(parts)).await {
        Ok(backend) => backend,
        Err(exit) => return exit,
    };
    let args = match standing::taken(workspace, &backend, args) {
        Ok(args) => args,
        Err(exit) => return exit,
    };
    let operation = match (&args.import, args.destroy) {
        (Some(_), _) => "OperationTypeImport",
        (None, true) => "OperationTypeDestroy",
        (None, false) => "OperationTypeApply",
    };
    let guard = match workspace.lock(&backend, operation, timeout).await {
        Ok(guard) => guard,
        Err(exit) => return exit,
    };
    let applying =
        Applying { workspace, args: &args, backend: &backend, guard: &guard, crash: crash.clone() };
    let exit = applying.run().await;
    crash.point(CrashPoint::BeforeRelease);
    match backend.unlock(guard).await {
        Ok(()) => exit,
        // Told when it was found out.
        Err(error) if exit != Exit::Done && failure::is_lost(&error) => exit,
        Err(error) => {
            let failed = workspace.failed(&error);
            if exit == Exit::Done { failed } else { exit }
        }
    }
}

/// An apply that holds the lock.
pub(super) struct Applying<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) args: &'a args::Apply,
    pub(super) backend: &'a StoreBackend,
    pub(super) guard: &'a LockGuard,
    pub(super) crash: Crash,
}

/// Where this run is to die: in the builds of the crash tests only.
#[cfg(feature = "crash-points")]
fn crash(workspace: &Workspace) -> Crash {
    let told = |name| workspace.environment.get(name).map(String::as_str);
    Crash::parse(told("LIFEBOAT_CRASH_POINT"), told("LIFEBOAT_CRASH_TRACE"))
}

#[cfg(not(feature = "crash-points"))]
fn crash(_workspace: &Workspace) -> Crash {
    Crash::default()
}

impl Applying<'_> {
    async fn run(&self) -> Exit {
        match self.steps().await {
            Ok(exit) | Err(exit) => exit,
        }
    }

    pub(super) async fn steps(&self) -> Result<Exit, Exit> {
        match &self.args.gives_up {
            Some(GivesUp::Ends { edit }) => return self.abort(*edit).await,
            Some(GivesUp::Without(asked)) => return self.go_on_without(asked).await,
            None => {}
        }
        if let Some(adopting) = &self.args.adopt {
            return self.adopt(adopting).await;
        }
        let (mut ready, newest) = match &self.args.plan {
            Some(path) => self.saved(path).await?,
            None => self.made().await?,
        };
        if !ready.resumes && !self.args.consent.word.skip.is_empty() {
            let text = "No promotion is open, so that there is no step to go on without.";
            self.workspace.output.error("The options cannot be used", text);
            return Err(Exit::Error);
        }
        if ready.has_nothing_to_do(&newest) {
            return Ok(self.nothing_to_do(&ready, &newest).await);
        }
        if !ready.resumes {
            let bound = approvers::bound(newest.loaded.as_ref().map(|newest| &newest.state));
            let bound = bound.map_err(|refused| {
                self.workspace.tell(&(*refused).into());
                Exit::Refused
            })?;
            ready.approval = approval::consent(self.workspace, self.args, &ready, &bound).await?;
        }
        let goes_on = self.goes_on_after(&ready.plan);
        match self.carry_out(ready, newest).await? {
            Exit::Done if goes_on => Box::pin(self.reprotect()).await,
            exit => Ok(exit),
        }
    }

    /// Nothing to do: no generation is written.
    async fn nothing_to_do(&self, ready: &Ready, newest: &Recovered) -> Exit {
        let settings = self.workspace.settings(Some(&self.args.planning));
        let events = self.progress();
        if let Some(told) = self.holding(&settings, &events).catch_up(ready, newest).await {
            self.workspace.tell(&told.into());
        }
        let destroy = ready.plan.mode == PlanMode::Destroy;
        let message = if destroy {
            "Destroy complete! Resources: 0 destroyed."
        } else {
            "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."
        };
        let operation = command(&ready.plan);
        let output = &self.workspace.output;
        if output.json {
            ndjson::applied(output, &apply::Counts::default(), operation, message);
        } else {
            output.result(&format!("\n{message}\n"));
        }
        let unread = self.args.planning.unreachable_exitcode && ready.plan.incomplete();
        if unread { Exit::Unread } else { Exit::Done }
    }

    pub(super) fn holding<'a>(
        &'a self,
        settings: &'a Settings,
        events: &'a dyn Events,
    ) -> Holding<'a> {
        Holding {
            backend: self.backend,
            guard: self.guard,
            settings,
            events,
            interrupt: self.workspace.interrupt.clone(),
            now: &super::env::now_text,
            crash: self.crash.clone(),
        }
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { applying: true, ..Progress::reading(self.workspace.output.clone()) }
    }

    /// Plans now, under the lock.
    async fn made(&self) -> Result<(Ready, Recovered), Exit> {
        let workspace = self.workspace;
        let mut asked = self.asked()?;
        let mut contexts = workspace.contexts(false);
        if let Some(args::Editing { edit, .. }) = &self.args.edit {
            contexts.files = Arc::new(workspace.files().with(&edit.file, edit.after.clone()));
        }
        let settings = workspace.settings(Some(&self.args.planning));
        let loaded = workspace.load(&settings, &contexts).await?;
        let newest = self.settled(&loaded, &contexts).await?;
        if let Some(open) = &newest.promotion {
            let primary = loaded.topology.as_ref().map(|topology| &topology.primary);
            let ready = self.open_promotion(open, &newest, primary).await?;
            return Ok((ready, newest));
        }
        if let Some((at, why)) =
            asked.import.as_ref().and_then(|(at, _)| newest.in_doubt.get_key_value(at))
        {
            workspace.tell(&failure::in_doubt(at, why).into());
            return Err(Exit::Error);
        }
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        if self.args.edit.is_some() && state.is_none() {
            let text = "Nothing has been applied yet, so there is no primary to replace.\nWrite the \
                        region into the topology block, and run `lifeboat apply`.";
            workspace.output.error("There is nothing to promote", text);
            return Err(Exit::Error);
        }
        let planning = &self.args.planning;
        if let (true, Some(state), Some(topology)) = (self.args.failback, state, &loaded.topology) {
            let soak = topology.declaration.failover.soak.as_ref();
            let home = topology.declaration.home.as_deref();
            failback::judge(state, home, soak, workspace.now).map_err(|early| {
                workspace.tell(&(*early).into());
                Exit::Refused
            })?;
            asked.graceful = true;
        }
        let named = self.args.consent.naming.is_of(state.map(|s| s.epoch));
        asked.back = named || self.args.edit.is_some();
        asked.in_doubt.clone_from(&newest.in_doubt);
        asked.positions = self.backend.copies().known().await.unwrap_or_default();
        asked.durations = self.backend.durations().await.unwrap_or_default();
        let made = make(workspace, &loaded, &contexts, planning, state, &asked).await;
        if asked.acting {
            adopt::show(workspace, &made);
        }
        workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
        if made.diagnostics.has_errors() {
            return Err(failed(&made.diagnostics));
        }
        let operation = if self.args.destroy { "destroy" } else { "plan" };
        // What is imported is told when it is done: there is nothing to decide.
        if asked.import.is_none() || workspace.output.json {
            tell(workspace, planning, &made.plan, operation);
        }
        self.may_undo(&made)?;
        preflight::gate(self, &loaded, &settings, &made, &newest).await?;
        let bytes = file::write(&made.plan, &self.backend.sealer())
            .map_err(|error| workspace.failed(&error))?;
        let (plan, providers) = (made.plan, made.providers);
        Ok((Ready::new(plan, bytes, loaded, contexts, providers), newest))
    }

    /// The newest state, earlier runs settled; what that came to has been told.
    pub(super) async fn settled(
        &self,
        loaded: &Loaded,
        contexts: &Contexts,
    ) -> Result<Recovered, Exit> {
        let settings = self.workspace.settings(Some(&self.args.planning));
        let events = self.progress();
        let settled = self.holding(&settings, &events).settle(loaded, contexts).await;
        let recovered = settled.map_err(|why| self.unsettled(loaded, why))?;
        self.workspace.tell(&recovered.diagnostics);
        if let Some(open) = &recovered.promotion
            && self.args.is_of_its_own()
        {
            let text = format!(
                "Run {} makes another region the primary and is not over. Nothing else is changed \
                 before it is.\nRun `lifeboat apply`, which goes on with it, or `lifeboat promote -abort`, which \
                 gives it up before the claim.",
                open.run
            );
            self.workspace.output.error("A promotion is open", &text);
            return Err(Exit::Refused);
        }
        if recovered.diagnostics.has_errors() { Err(Exit::Error) } else { Ok(recovered) }
    }

    /// A saved plan: opened, bound and checked before the first call.
    async fn saved(&self, path: &Path) -> Result<(Ready, Recovered), Exit> {
        let workspace = self.workspace;
        let (plan, bytes) = workspace.saved_plan(self.backend, path)?;
        if plan.lasting.is_some() {
            return self.standing(plan, bytes).await;
        }
        let (loaded, contexts) = workspace.load_plan(&plan).map_err(|found| {
            workspace.tell(&found);
            Exit::Error
        })?;
        let newest = self.settled(&loaded, &contexts).await?;
        let providers = self.connected(&loaded, &contexts, &newest).await?;
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        let refused = bind::check(
            &plan.inputs,
            &plan.expires,
            &now(workspace, &plan, &bytes, state, &providers),
        );
        workspace.tell(&refused);
        if refused.has_errors() {
            return Err(Exit::Error);
        }
        preflight::gate_saved(self, &plan, (&loaded, &contexts), &newest).await?;
        Ok((Ready::new(plan, bytes, loaded, contexts, providers), newest))
    }

    /// Providers that can make calls, with verified accounts.
    pub(super) async fn connected(
        &self,
        loaded: &Loaded,
        contexts: &Contexts,
        newest: &Recovered,
    ) -> Result<Providers, Exit> {
        let settings = self.workspace.settings(Some(&self.args.planning));
        let entropy = contexts.entropy();
        let renderer = contexts.renderer(&entropy);
        let context = contexts.context(&entropy, &renderer);
        let interrupt = self.workspace.interrupt.clone();
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        let connected = ground::connect(loaded, &settings, &context, state, interrupt).await;
        connected.map_err(|found| {
            self.workspace.tell(&found);
            Exit::Error
        })
    }

    /// A promotion that an earlier process began, and a person approved then.
    async fn open_promotion(
        &self,
        open: &OpenPromotion,
        newest: &Recovered,
        primary: Option<&Name>,
    ) -> Result<Ready, Exit> {
        let workspace = self.workspace;
        let mut plan = file::read(&open.plan, &self.backend.sealer())
            .map_err(|error| workspace.failed(&error))?;
        let (loaded, contexts) = workspace.load_plan(&plan).map_err(|found| {
            workspace.tell(&found);
            Exit::Error
        })?;
        if let Some(promotion) = &plan.promotion {
            approval::goes_on(workspace, open, promotion, primary, self.args.edit.is_some())?;
            let text = format!(
                "Going on with the promotion of {} in place of {}.\n",
                line(&promotion.to),
                line(&promotion.from)
            );
            workspace.output.note(&text);
        }
        let providers = self.connected(&loaded, &contexts, newest).await?;
        let settings = workspace.settings(Some(&self.args.planning));
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        let interrupt = workspace.interrupt.clone();
        let newest =
            going_on::is_newest(&mut plan, &loaded, &settings, state, &providers, interrupt);
        newest.await.map_err(|refused| {
            workspace.tell(&(*refused).into());
            Exit::Refused
        })?;
        let mut skips = approval::skips(workspace, &self.args.consent.word, &plan)?;
        if self.args.edit.is_none() {
            skips.extend(promote::written_by_hand(&plan, primary));
        }
        let bytes = open.plan.clone();
        Ok(Ready { resumes: true, skips, ..Ready::new(plan, bytes, loaded, contexts, providers) })
    }

    pub(super) async fn carry_out(&self, ready: Ready, newest: Recovered) -> Result<Exit, Exit> {
        let workspace = self.workspace;
        let total = ready.plan.steps.iter().map(|step| step.members.len()).sum();
        let watched = total > 0 && std::io::stderr().is_terminal() && !workspace.output.json;
        // What was never learnt, or cannot be read, is not told.
        let durations = self.backend.durations().await.unwrap_or_default();
        let parallelism = self.args.planning.parallelism.max(1);
        let expected = Arc::new(Expected::of(&ready.plan, &durations, parallelism));
        let bar = watched.then(|| Bar::new(total, Arc::clone(&expected)));
        let events = Progress { bar, expected, ..self.progress() };
        let id = match &newest.promotion {
            Some(open) if ready.resumes => open.run.clone(),
            _ => match RunId::new(self.run_id()) {
                Ok(id) => id,
                Err(error) => return Err(workspace.failed(&error)),
            },
        };
        workspace.applying.store(true, Ordering::Relaxed);
        let settings = workspace.settings(Some(&self.args.planning));
        let holding = self.holding(&settings, &events);
        let (plan, mut outcome, finalise) = holding.carry_out(id, ready, newest).await;
        // The live lines are gone before the report is printed.
        drop(events);
        failure::tell_of_lock(self.backend, self.guard, &mut outcome).await;
        match outcome.asked.take() {
            Some(asked) => self.ended_by(&asked, &outcome, &finalise).await,
            None if rolls_back(&plan, &outcome) => self.roll_back(&outcome, &finalise).await,
            None => Ok(self.report(&plan, &outcome, &finalise)),
        }
    }

    fn report(&self, plan: &Plan, outcome: &Outcome, finalise: &Finaliser) -> Exit {
        let output = &self.workspace.output;
        output.diagnostics(&outcome.diagnostics, &finalise.loaded.config.sources);
        let goes_on = self.goes_on_after(plan);
        let text = crate::view::outcome::text(plan, outcome, output.paint, goes_on);
        if output.json {
            let message = crate::view::outcome::summary(outcome, plan.mode);
            ndjson::applied(output, &outcome.counts(), command(plan), &message);
            ndjson::outputs(output, &outcome.outputs);
        } else {
            output.result(&text);
        }
        let copies = plan.tasks(Act::Backfill).next().is_some();
        match outcome.ending {
            RunEnding::Done => {
                promote::tell_of_files(self.workspace, &self.args.planning, plan);
                let unread = self.args.planning.unreachable_exitcode && plan.incomplete();
                if unread { Exit::Unread } else { Exit::Done }
            }
            // A promotion stays open and is gone on with, even if only a hook or a gate failed.
            RunEnding::Failed if plan.promotion.is_some() => Exit::Partial,
            // All objects are as planned, and what is left is copied by the next one.
            RunEnding::Failed if copies && outcome.undone().next().is_none() => Exit::Partial,
            _ if outcome.partial() => Exit::Partial,
            _ => Exit::Error,
        }
    }
}
