//! What state would say if the files had been applied: an apply in an empty cloud in memory.

use std::time::Duration;

use lifeboat_sdk::{Diagnostics, Interrupt};
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::{Error, Stage, world};
use crate::apply::{Outcome, RunEnding};
use crate::engine::applying::Ready;
use crate::engine::asked::Asked;
use crate::engine::context::Contexts;
use crate::engine::load::{Loaded, Settings};
use crate::engine::planning::{self, Made};
use crate::event::Silent;
use crate::registry;

/// What is taken for applied.
pub struct Declared {
    /// The files as they are.
    pub loaded: Loaded,
    /// Files, clock and chance.
    pub contexts: Contexts,
    /// The settings of the run.
    pub settings: Settings,
    /// How far an interrupt went.
    pub interrupt: watch::Receiver<Interrupt>,
}

/// Applies files in a cloud that holds nothing, under a clock of its own, and tells what state then
/// says; or what keeps that from being done. Blocks until it is over.
///
/// # Errors
/// There is nothing to play.
pub fn applied(declared: Declared) -> Result<Result<State, Diagnostics>, Error> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build()?.block_on(apply(declared))
}

async fn apply(declared: Declared) -> Result<Result<State, Diagnostics>, Error> {
    let Declared { loaded, contexts, settings, interrupt } = declared;
    let cloud = world::empty(Duration::ZERO);
    cloud.has_what_others_make();
    let catalogue = registry::simulated(&loaded.catalogue, &cloud);
    let loaded = Loaded { catalogue, ..loaded };
    let (asked, quiet) = (Asked::default(), &Silent);
    let made =
        planning::plan(&loaded, &settings, &contexts, None, &asked, quiet, interrupt.clone());
    let Made { plan, providers, diagnostics, .. } = made.await;
    if diagnostics.has_errors() {
        return Ok(Err(diagnostics));
    }
    let reading = Duration::ZERO;
    let stage = Stage { settings: &settings, state: None, events: quiet, reading, interrupt };
    let ready = Ready::new(plan, Vec::new(), loaded, contexts, providers);
    let (_, Outcome { state, ending, diagnostics, .. }) = stage.carry_out(ready).await?;
    Ok(if ending == RunEnding::Done { Ok(state) } else { Err(diagnostics) })
}
