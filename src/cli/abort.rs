//! `lifeboat promote -abort` and `-ungraceful`: give up the promotion that is open, while there is a way
//! back.

use lifeboat_sdk::{Diagnostic, Severity};
use lifeboat_state::backend::{BackendError, Loaded as Stored, StateBackend as _};
use lifeboat_state::journal::RunId;
use lifeboat_state::request::{Request, What};

use super::apply::Applying;
use super::args;
use super::exit::Exit;
use super::loss::{Since, UNKNOWN};
use super::promote;
use crate::address::Address;
use crate::apply::give_up::GivenUp;
use crate::apply::request::Taken;
use crate::apply::{Counts, Outcome, RunEnding};
use crate::engine::applying::Unsettled;
use crate::engine::finaliser::Finaliser;
use crate::engine::{Contexts, Loaded, edit};
use crate::plan::promotion::region_of;
use crate::plan::{Act, Plan, Promotion, Wish, file};
use crate::view::escape::line;
use crate::view::ndjson;

/// The end of a promotion that is not carried out.
#[derive(Clone, Debug)]
pub enum GivesUp {
    /// For good.
    Ends {
        /// Whether the files name the old primary again.
        edit: bool,
    },
    /// To be planned anew without the region that is left.
    Without(Box<Taken>),
}

/// Whether a promotion is rolled back: what gets the traffic is ill, and the files say so.
pub(super) fn rolls_back(plan: &Plan, outcome: &Outcome) -> bool {
    let ill = |found: &Diagnostic| {
        found.severity == Severity::Error
            && matches!(found.code, "apply::unhealthy" | "apply::shift")
    };
    let declared = plan.promotion.as_ref().is_some_and(|promotion| promotion.rolls_back);
    declared && outcome.ending == RunEnding::Failed && outcome.diagnostics.0.iter().any(ill)
}

/// A promotion that is open.
struct Opened {
    loaded: Loaded,
    contexts: Contexts,
    promotion: Promotion,
    run: RunId,
    lineage: String,
    plan: Plan,
    stored: Stored,
}

impl Applying<'_> {
    /// The same lock and state, with other arguments.
    pub(super) fn with<'b>(&'b self, args: &'b args::Apply) -> Applying<'b> {
        let Self { workspace, backend, guard, crash, .. } = self;
        Applying { workspace, args, backend, guard, crash: crash.clone() }
    }

    /// Gives a promotion up that moved traffic alone, and lets the traffic go where it went before.
    ///
    /// # Errors
    /// It could not be given up, or the traffic not be moved; that has been told.
    pub(super) async fn roll_back(
        &self,
        outcome: &Outcome,
        finalise: &Finaliser,
    ) -> Result<Exit, Exit> {
        let output = &self.workspace.output;
        output.diagnostics(&outcome.diagnostics, &finalise.loaded.config.sources);
        let (loaded, promotion) = self.give_up().await?;
        let (from, to) = (line(&promotion.from), line(&promotion.to));
        output.note(&format!(
            "The promotion of {to} in place of {from} is rolled back (on_unhealthy = \"roll_back\"): the \
             traffic goes where it went before.\n"
        ));
        let edit = edit::primary(&loaded, &promotion.from).map_err(|why| {
            output.diagnostics(&(*why).into(), &loaded.config.sources);
            Exit::Error
        })?;
        let keep = self.args.edit.as_ref().is_none_or(|editing| editing.keep);
        if let Some(edit) = edit.as_ref().filter(|_| keep) {
            promote::write(self.workspace, edit)?;
        }
        let mut args = self.args.clone();
        args.consent = args::Consent { auto_approve: true, ..args::Consent::default() };
        args.edit = edit.filter(|_| !keep).map(|edit| args::Editing { edit, keep: false });
        (args.plan, args.failback, args.instead) = (None, false, true);
        args.fencing = Some(Wish::Back);
        let exit = Box::pin(self.with(&args).steps()).await?;
        // Not what this command was for, though nothing is left to do.
        Ok(if exit == Exit::Done { Exit::Error } else { exit })
    }

    /// Ends the open promotion; with `edit` the files name the old primary again.
    ///
    /// # Errors
    /// There is none, it is too late, or it could not be recorded; that has been told.
    pub(super) async fn abort(&self, edit: bool) -> Result<Exit, Exit> {
        let (workspace, output) = (self.workspace, &self.workspace.output);
        let (loaded, promotion) = self.give_up().await?;
        let (from, to) = (line(&promotion.from), line(&promotion.to));
        let written = match edit::primary(&loaded, &promotion.from) {
            _ if !edit => Ok(()),
            Ok(None) => Ok(()),
            Ok(Some(edit)) => promote::write(workspace, &edit),
            Err(why) => {
                output.diagnostics(&(*why).into(), &loaded.config.sources);
                Err(Exit::Error)
            }
        };
        let message = format!(
            "The promotion of {to} in place of {from} is given up: {from} is still the primary."
        );
        if output.json {
            ndjson::applied(output, &Counts::default(), "promote", &message);
        } else {
            output.result(&format!(
                "{message}\nRun `lifeboat apply`, which takes back what was done: until then {from} may be \
                 fenced.\n"
            ));
        }
        // It is given up in any case; the files are what is left to do by hand.
        written.map(|()| Exit::Done)
    }

    /// Goes on with a promotion that an operator wants without the region that is left: it is given up,
    /// and planned anew with that region out of reach. From the claim on nothing is left to be done there but
    /// to move its role record: it is gone on with, without that.
    ///
    /// # Errors
    /// It could not be given up, or not be planned or carried out without it; that has been told.
    pub(super) async fn go_on_without(&self, asked: &Taken) -> Result<Exit, Exit> {
        let mut args = self.args.clone();
        let topology = self.files().await?.topology;
        let region = topology.as_ref().and_then(|it| it.region(asked.attested.first()?));
        args.planning.leaves = region.map(|region| region.aws.to_string());
        // What is in doubt there is not asked for.
        let without = self.with(&args);
        let opened = without.opened().await?;
        if without.ends(&opened).await? == GivenUp::TooLate {
            return without.leave_record(opened, asked).await;
        }
        let (loaded, promotion) = (opened.loaded, opened.promotion);
        let Promotion { from, to, epoch, .. } = &promotion;
        let output = &self.workspace.output;
        output.note(&format!(
            "The graceful promotion of {to} is given up, and planned anew without {from}.\n",
            to = line(to),
            from = line(from)
        ));
        let edit = edit::primary(&loaded, to).map_err(|why| {
            output.diagnostics(&(*why).into(), &loaded.config.sources);
            Exit::Error
        })?;
        let region = loaded.topology.as_ref().and_then(|topology| topology.region(from));
        let mut args = self.args.clone();
        args.planning.leaves = region.map(|region| region.aws.to_string());
        // What was accepted was judged when it was taken: planning takes its time, and loses nothing more.
        let ceiling = asked.accepted_loss.as_deref().is_some_and(|said| said != UNKNOWN);
        let since = asked.since.as_deref().or(ceiling.then_some(&*asked.at));
        let since = since.and_then(|since| Since::parse(since).ok());
        args.planning.since = since.or(args.planning.since);
        args.consent.naming =
            args::Naming { promote: Some(to.to_string()), from_epoch: Some(*epoch) };
        args.consent.word = args::Word {
            attest: asked.attested.clone(),
            reason: Some(asked.reason.clone()),
            accept_loss: asked.accepted_loss.clone(),
            ..args::Word::default()
        };
        // They are written on the way, if they were to be: the first one may not have come to it.
        let keep = opened.plan.tasks(Act::Edit).next().is_some();
        args.edit = edit.map(|edit| args::Editing { edit, keep });
        (args.plan, args.failback, args.instead, args.gives_up) = (None, false, true, None);
        Box::pin(self.with(&args).steps()).await
    }

    /// A run that an operator ended is given up, or gone on with otherwise.
    pub(super) async fn ended_by(
        &self,
        asked: &Taken,
        outcome: &Outcome,
        finalise: &Finaliser,
    ) -> Result<Exit, Exit> {
        let sources = &finalise.loaded.config.sources;
        self.workspace.output.diagnostics(&outcome.diagnostics, sources);
        match asked.what {
            What::Ungraceful => self.go_on_without(asked).await,
            // Not what this command was for.
            _ => self.abort(!asked.no_edit).await.map(|_| Exit::Error),
        }
    }

    /// The name of a run of this process.
    pub(super) fn run_id(&self) -> String {
        let id = self.workspace.lock_info("").id;
        let second = if self.args.instead { "-2" } else { "" };
        let last = if self.args.follows { "-3" } else { "" };
        format!("{id}{second}{last}")
    }

    /// Asks the run that is open to go on without the records of regions of which it is attested that they
    /// cannot write, and goes on with it.
    async fn leave_record(&self, opened: Opened, asked: &Taken) -> Result<Exit, Exit> {
        let Opened { promotion, run, lineage, plan, .. } = opened;
        let (workspace, to) = (self.workspace, line(&promotion.to));
        let attested = |address: &Address| {
            address.is_of_lifeboat()
                && region_of(address).is_some_and(|it| asked.attested.iter().any(|a| a == it))
        };
        let records = plan.changes.iter().map(|change| &change.address);
        let records: Vec<&Address> = records.filter(|address| attested(address)).collect();
        let info = workspace.lock_info("");
        for (nth, record) in records.iter().enumerate() {
            let request = Request {
                id: format!("{}-{nth}", info.id),
                lineage: lineage.clone(),
                run: run.clone(),
                epoch: promotion.epoch,
                what: What::Skip,
                step: Some(record.to_string()),
                attested: asked.attested.clone(),
                accepted_loss: asked.accepted_loss.clone(),
                loss_bound: None,
                since: asked.since.clone(),
                no_edit: asked.no_edit,
                reason: asked.reason.clone(),
                who: asked.who.clone(),
                at: asked.at.clone(),
            };
            let appended = self.backend.requests().append(&request).await;
            appended.map_err(|error| workspace.failed(&BackendError::from(error)))?;
        }
        workspace.output.note(&format!(
            "The claim of {to} has begun: it is gone on with, without the role records of {}.\n",
            line(&asked.attested.join(" and "))
        ));
        let mut args = self.args.clone();
        (args.plan, args.instead, args.gives_up) = (None, false, None);
        Box::pin(self.with(&args).steps()).await
    }

    /// Ends the open promotion, before the claim.
    async fn give_up(&self) -> Result<(Loaded, Promotion), Exit> {
        let opened = self.opened().await?;
        if self.ends(&opened).await? == GivenUp::TooLate {
            let (from, to) = (line(&opened.promotion.from), line(&opened.promotion.to));
            let text = format!(
                "The claim of {to} has begun, and from there on there is only forward.\nRun \
                 `lifeboat apply`, which goes on with it; then `lifeboat promote {from}` goes back."
            );
            self.workspace.output.error("The promotion cannot be given up any more", &text);
            return Err(Exit::Refused);
        }
        Ok((opened.loaded, opened.promotion))
    }

    /// Ends it, where it is not too late.
    async fn ends(&self, opened: &Opened) -> Result<GivenUp, Exit> {
        let settings = self.workspace.settings(Some(&self.args.planning));
        let (events, Opened { loaded, contexts, .. }) = (self.progress(), opened);
        let holding = self.holding(&settings, &events);
        let open = (&opened.run, &opened.plan);
        match holding.give_up(open, (loaded, contexts), opened.stored.clone()).await {
            Err(why) => Err(self.unsettled(loaded, why)),
            Ok(GivenUp::Unrecorded(why)) => {
                self.workspace.tell(&(*why).into());
                Err(Exit::Error)
            }
            Ok(ended) => Ok(ended),
        }
    }

    /// Tells why what earlier runs left is not known, or cannot be ended.
    pub(super) fn unsettled(&self, loaded: &Loaded, why: Unsettled) -> Exit {
        match why {
            Unsettled::State(error) => self.workspace.failed(&error),
            Unsettled::Providers(found) => {
                self.workspace.output.diagnostics(&found, &loaded.config.sources);
                Exit::Error
            }
        }
    }

    /// The files as they are.
    async fn files(&self) -> Result<Loaded, Exit> {
        let contexts = self.workspace.contexts(false);
        let settings = self.workspace.settings(Some(&self.args.planning));
        self.workspace.load(&settings, &contexts).await
    }

    /// The promotion that is open.
    async fn opened(&self) -> Result<Opened, Exit> {
        let workspace = self.workspace;
        let output = &workspace.output;
        let contexts = workspace.contexts(false);
        let settings = workspace.settings(Some(&self.args.planning));
        let loaded = workspace.load(&settings, &contexts).await?;
        let newest = self.settled(&loaded, &contexts).await?;
        let (Some(open), Some(stored)) = (newest.promotion, newest.loaded) else {
            let text =
                "There is nothing to give up. `lifeboat status` says which region is the primary.";
            output.error("No promotion is open", text);
            return Err(Exit::Error);
        };
        let plan = file::read(&open.plan, &self.backend.sealer())
            .map_err(|error| workspace.failed(&error))?;
        let Some(promotion) = &plan.promotion else {
            let text = format!("Run {} keeps a plan that is of no promotion.", open.run);
            output.error("The run cannot be given up", &text);
            return Err(Exit::Error);
        };
        let promotion = promotion.clone();
        let lineage = stored.state.lineage.clone();
        Ok(Opened { loaded, contexts, promotion, run: open.run, lineage, plan, stored })
    }
}
