//! `lifeboat promote -abort`: gives up the promotion that is open, while there is a way back.

use lifeboat_state::backend::StateBackend as _;

use super::apply::Applying;
use super::exit::Exit;
use super::promote;
use crate::apply::Counts;
use crate::apply::give_up::{GiveUp, GivenUp};
use crate::engine::edit;
use crate::plan::file;
use crate::view::escape::line;
use crate::view::ndjson;

impl Applying<'_> {
    /// Ends the open promotion; with `edit` the files name the old primary again.
    ///
    /// # Errors
    /// There is none, it is too late, or it could not be recorded; that has been told.
    pub(super) async fn abort(&self, edit: bool) -> Result<Exit, Exit> {
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
        let (from, to) = (line(&promotion.from), line(&promotion.to));
        let give_up = GiveUp {
            backend: self.backend,
            guard: self.guard,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            now: &super::env::now_text,
            crash: self.crash.clone(),
        };
        match give_up.run(&open.run, &plan, stored).await {
            Err(error) => return Err(workspace.failed(&error)),
            Ok(GivenUp::Unrecorded(why)) => {
                workspace.tell(&(*why).into());
                return Err(Exit::Error);
            }
            Ok(GivenUp::TooLate) => {
                let text = format!(
                    "The claim of {to} has begun, and from there on there is only forward.\nRun \
                     `lifeboat apply`, which goes on with it; then `lifeboat promote {from}` goes back."
                );
                output.error("The promotion cannot be given up any more", &text);
                return Err(Exit::Refused);
            }
            Ok(GivenUp::Done) => {}
        }
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
}
