//! What comes after a promotion: the re-protection of its data, into which the command that promoted goes on.
//! It is an ordinary apply, planned anew, so that an apply later does the same.

use lifeboat_sdk::Diagnostic;
use lifeboat_state::backend::StateBackend as _;

use super::apply::Applying;
use super::args;
use super::exit::Exit;
use super::plan::{make, tell};
use crate::engine::applying::Ready;
use crate::engine::reprotect::besides;
use crate::engine::{Asked, Loaded};
use crate::plan::guard::{Consent, guards};
use crate::plan::promotion::Mode;
use crate::plan::{Plan, Promotion, file};
use crate::view::escape::line;

/// So many changes are named that a re-protection does not do.
const NAMED: usize = 3;

impl Applying<'_> {
    /// Whether the command goes on when the promotion is over. A saved plan was approved for what is in it;
    /// where the region that is left does not answer nothing can be copied there.
    pub(super) fn goes_on_after(&self, plan: &Plan) -> bool {
        let args = self.args;
        let left = args.planning.leaves.is_some() || !args.planning.assume_down.is_empty();
        let wanted = !args.consent.no_reprotect && args.plan.is_none() && !left;
        let graceful =
            |promotion: &Promotion| promotion.mode() == Mode::Graceful && !promotion.all_write;
        wanted && plan.promotion.as_ref().is_some_and(graceful)
    }

    /// Copies the data to the standbys again, where the promotion has left it unprotected. What an apply
    /// does not do without being told, as removing data, is left to a person.
    ///
    /// # Errors
    /// It could not be planned or not be made; that has been told. The promotion is over all the same.
    pub(super) async fn reprotect(&self) -> Result<Exit, Exit> {
        let workspace = self.workspace;
        let mut args = self.args.clone();
        args.consent = args::Consent::default();
        (args.edit, args.by_hand, args.failback, args.follows) = (None, None, false, true);
        let next = self.with(&args);
        let contexts = workspace.contexts(false);
        let settings = workspace.settings(Some(&args.planning));
        let (loaded, problems) = workspace.load_quietly(&settings, &contexts);
        if problems.has_errors() {
            workspace.output.diagnostics(&problems, &loaded.config.sources);
            return Ok(Exit::Done);
        }
        let newest = next.settled(&loaded, &contexts).await?;
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        let unprotected = state.filter(|state| state.promotions.unprotected.is_some());
        let named = loaded.topology.as_ref().map(|topology| topology.primary.to_string());
        // Files that name the region that was left have been told of.
        if unprotected.is_none_or(|state| state.primary != named) {
            return Ok(Exit::Done);
        }
        let asked = Asked {
            in_doubt: newest.in_doubt.clone(),
            positions: self.backend.copies().known().await.unwrap_or_default(),
            durations: self.backend.durations().await.unwrap_or_default(),
            ..Asked::default()
        };
        workspace
            .output
            .note("The promotion is over. Going on with the re-protection of its data.\n");
        let made = make(workspace, &loaded, &contexts, &args.planning, state, &asked).await;
        workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
        if made.diagnostics.has_errors() {
            return Err(Exit::Partial);
        }
        tell(workspace, &args.planning, &made.plan, "plan");
        if let Some(waits) = waits(&loaded, &made.plan) {
            workspace.tell(&waits.into());
            return Ok(Exit::Done);
        }
        let bytes = file::write(&made.plan, &self.backend.sealer())
            .map_err(|error| workspace.failed(&error))?;
        let ready = Ready::new(made.plan, bytes, loaded, contexts, made.providers);
        if ready.has_nothing_to_do(&newest) {
            return Ok(Exit::Done);
        }
        next.carry_out(ready, newest).await
    }
}

/// That a person must look at the re-protection first: it would do more, or what an apply refuses by itself.
fn waits(loaded: &Loaded, plan: &Plan) -> Option<Diagnostic> {
    let besides = besides(loaded, plan);
    let why = if besides.is_empty() {
        let refused = guards(plan, &Consent::default());
        refused.0.first().map(|refused| format!("{}. {}", refused.summary, refused.detail))?
    } else {
        let named: Vec<String> = besides.iter().take(NAMED).map(|it| line(it)).collect();
        let more = besides.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!(
            "The files ask for more than the promotion, which nobody has approved: {}{more}.",
            named.join(", ")
        )
    };
    let summary = "The data is not protected yet";
    let found = Diagnostic::warning("promotion::reprotection_waits", summary, why);
    Some(found.help("Run `lifeboat apply`, which shows all of it and asks."))
}
