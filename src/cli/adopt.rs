//! `lifeboat adopt`: a promotion that people made by hand is taken over, where all that is live agrees.
//! The records, state and the files follow; nothing else is changed.

use std::sync::Arc;

use clap::Args;
use lifeboat_sdk::{Diagnostic, Severity};
use lifeboat_state::backend::StateBackend as _;

use super::apply::Applying;
use super::exit::Exit;
use super::plan::{failed, make, tell};
use super::promote::{self, How};
use super::workspace::Workspace;
use super::{apply, approval, args};
use crate::apply::Recovered;
use crate::engine::applying::Ready;
use crate::engine::edit::{self, Edit};
use crate::engine::{Contexts, Loaded, Made, Settings, approvers};
use crate::plan::{ByHand, PlanMode, file};
use crate::view::acting as view;
use crate::view::escape::line;

/// `adopt`
#[derive(Clone, Debug, Args)]
pub struct Adopt {
    /// The region that acts as the primary; without one, that which everything says
    #[arg(value_name = "REGION")]
    pub region: Option<String>,
    /// How.
    #[command(flatten)]
    pub how: How,
}

/// What is adopted.
#[derive(Clone, Debug)]
pub struct Adopting {
    /// The region that was typed.
    pub region: Option<String>,
    /// Whether the files are written.
    pub keep: bool,
}

/// Runs `adopt`.
pub(super) async fn run(workspace: &Workspace, args: Adopt) -> Exit {
    let Adopt { region, how } = args;
    let How { from_epoch, no_edit, word, planning, locking, .. } = how;
    if let Some(step) = word.skip.first() {
        let text =
            format!("No step is left out of what is adopted: leave -skip={} away.", line(step));
        workspace.output.error("The options cannot be used", &text);
        return Exit::Error;
    }
    if from_epoch.is_some() && region.is_none() {
        let text = "-from-epoch approves that a region is adopted: name it, as in\n  lifeboat adopt \
                    REGION -from-epoch=EPOCH";
        workspace.output.error("The options cannot be used", text);
        return Exit::Error;
    }
    let promote = region.clone().filter(|_| from_epoch.is_some());
    let naming = args::Naming { promote, from_epoch };
    let consent = args::Consent { naming, word, ..Default::default() };
    let adopt = Some(Adopting { region, keep: !no_edit });
    let given = args::Apply { planning, consent, locking, adopt, ..args::Apply::default() };
    apply::run(workspace, given).await
}

/// Prints which region acts as the primary, where it was looked for.
pub(super) fn show(workspace: &Workspace, made: &Made) {
    let Some(acting) = &made.acting else { return };
    let output = &workspace.output;
    if output.json {
        view::lines(output, acting);
    } else {
        output.result(&view::text(acting, output.paint));
    }
}

impl Applying<'_> {
    /// Whether the plan may go on that goes back from a promotion made by hand. What approves changes in
    /// passing does not approve that: the region is named that shall be the primary again.
    ///
    /// # Errors
    /// It was not; that has been told.
    pub(super) fn may_undo(&self, made: &Made) -> Result<(), Exit> {
        let (plan, consent) = (&made.plan, &self.args.consent);
        let to = made.acting.as_ref().and_then(|acting| acting.agreed(None).ok());
        let ordinary = plan.promotion.is_none() && plan.mode == PlanMode::Normal;
        let Some(to) = to.filter(|_| ordinary && consent.auto_approve) else {
            return Ok(());
        };
        let (primary, epoch) = (plan.inputs.primary.clone().unwrap_or_default(), plan.inputs.epoch);
        let naming = &consent.naming;
        if naming.promote.as_deref() == Some(&*primary) && naming.from_epoch == Some(epoch) {
            return Ok(());
        }
        let text = format!(
            "Everything says that people made {to} the primary by hand, and this plan makes {primary} the \
             primary again. -auto-approve does not approve that.\nTo take over what they did: lifeboat adopt \
             {to} -from-epoch={epoch}\nTo go back: -promote={primary} -from-epoch={epoch}"
        );
        self.workspace.output.error("What people did by hand is not undone in passing", &text);
        Err(Exit::Refused)
    }

    /// Adopts, under the lock.
    ///
    /// # Errors
    /// It was refused or failed; that has been told.
    pub(super) async fn adopt(&self, adopting: &Adopting) -> Result<Exit, Exit> {
        let (mut ready, newest, edit) = self.adoption(adopting).await?;
        let bound = approvers::bound(newest.loaded.as_ref().map(|newest| &newest.state));
        let bound = bound.map_err(|refused| {
            self.workspace.tell(&(*refused).into());
            Exit::Refused
        })?;
        ready.approval = approval::consent(self.workspace, self.args, &ready, &bound).await?;
        if let Some(edit) = edit.filter(|_| adopting.keep) {
            promote::write(self.workspace, &edit)?;
        }
        self.carry_out(ready, newest).await
    }

    /// What everything agrees on, as a promotion of which only the claim is left.
    async fn adoption(
        &self,
        adopting: &Adopting,
    ) -> Result<(Ready, Recovered, Option<Edit>), Exit> {
        let workspace = self.workspace;
        let settings = workspace.settings(Some(&self.args.planning));
        let contexts = workspace.contexts(false);
        let (files, found) = workspace.load_quietly(&settings, &contexts);
        if found.0.iter().any(|problem| problem.severity == Severity::Error) {
            workspace.output.diagnostics(&found, &files.config.sources);
            return Err(Exit::Error);
        }
        let newest = self.settled(&files, &contexts).await?;
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        let Some(primary) = state.and_then(|state| state.primary.as_deref()) else {
            let text = "Nothing has been applied yet, so there is no primary to replace.";
            workspace.output.error("There is nothing to adopt", text);
            return Err(Exit::Error);
        };
        let (loaded, contexts, _) = self.with_primary(&files, &settings, primary).await?;
        let mut asked = self.asked()?;
        let look = PlanMode::RefreshOnly;
        let looked = crate::engine::Asked { mode: look, acting: true, ..asked.clone() };
        let planning = &self.args.planning;
        let made = make(workspace, &loaded, &contexts, planning, state, &looked).await;
        if made.diagnostics.has_errors() {
            workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
            return Err(failed(&made.diagnostics));
        }
        show(workspace, &made);
        let Some(acting) = &made.acting else { return Err(Exit::Error) };
        let agreed = acting.agreed(adopting.region.as_deref());
        let region = agreed.map_err(|why| self.refused(&loaded, *why))?;
        let (loaded, contexts, edit) = self.with_primary(&files, &settings, &region).await?;
        (asked.back, asked.acting, asked.by_hand) = (true, true, Some(ByHand::Adopted));
        asked.in_doubt.clone_from(&newest.in_doubt);
        let made = make(workspace, &loaded, &contexts, planning, state, &asked).await;
        workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
        if made.diagnostics.has_errors() {
            return Err(failed(&made.diagnostics));
        }
        tell(workspace, planning, &made.plan, "plan");
        let bytes = file::write(&made.plan, &self.backend.sealer())
            .map_err(|error| workspace.failed(&error))?;
        let ready = Ready::new(made.plan, bytes, loaded, contexts, made.providers);
        Ok((ready, newest, edit))
    }

    /// The files with this region as the primary, and what is edited for that.
    async fn with_primary(
        &self,
        files: &Loaded,
        settings: &Settings,
        region: &str,
    ) -> Result<(Loaded, Contexts, Option<Edit>), Exit> {
        let workspace = self.workspace;
        let edit = edit::primary(files, region).map_err(|why| {
            workspace.output.diagnostics(&(*why).into(), &files.config.sources);
            Exit::Error
        })?;
        let mut contexts = workspace.contexts(false);
        if let Some(edit) = &edit {
            contexts.files = Arc::new(workspace.files().with(&edit.file, edit.after.clone()));
        }
        let loaded = workspace.load(settings, &contexts).await?;
        Ok((loaded, contexts, edit))
    }

    fn refused(&self, loaded: &Loaded, why: Diagnostic) -> Exit {
        self.workspace.output.diagnostics(&why.into(), &loaded.config.sources);
        Exit::Refused
    }
}
