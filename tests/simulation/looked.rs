//! `Looked`: what a preflight does besides its checks, as a process of the simulation.

use lifeboat::apply::{Known, chain};
use lifeboat::engine::preflight::{Given, Held, facts};
use lifeboat::engine::{Loaded, Made, Settings, losses};
use lifeboat_sdk::Interrupt;
use lifeboat_state::backend::{StateBackend as _, StoreBackend};
use lifeboat_state::durations::Durations;
use tokio::sync::watch;

/// A promotion that was planned to be judged.
pub(super) struct Looked<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) made: &'a Made,
    pub(super) known: &'a Known,
    pub(super) settings: &'a Settings,
    pub(super) backend: &'a StoreBackend,
}

impl Looked<'_> {
    /// Notes up to when copies were seen to have all.
    pub(super) async fn note(self, interrupt: watch::Receiver<Interrupt>) -> Result<(), String> {
        let Self { loaded, made, known, settings, backend } = self;
        let Some(topology) = &loaded.topology else { return Ok(()) };
        let given = Given {
            loaded,
            made,
            known,
            named: topology.primary.clone(),
            edit: Ok(None),
            held: Held::Free,
            durations: &Durations::default(),
            settings,
        };
        let facts = facts(given, &topology.primary, interrupt).await;
        let Some(facts) = facts.map_err(|why| format!("{why:?}"))? else { return Ok(()) };
        let seen = losses::positions(&facts);
        backend.copies().note(&facts.state.lineage, &seen).await.map_err(|error| chain(&error))
    }
}
