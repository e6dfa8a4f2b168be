//! How long changes took, for the next run's progress.

use lifeboat_state::backend::StateBackend as _;

use super::apply::Applying;
use crate::apply::{self, Outcome};
use crate::engine::expected;
use crate::plan::Plan;

impl Applying<'_> {
    /// Keeps how long changes took. Nothing depends on it, so that it failed is logged, not told.
    pub(super) async fn learn(&self, plan: &Plan, outcome: &Outcome) {
        let measured = expected::measured(plan, &outcome.objects);
        if measured.is_empty() || outcome.head.is_none() {
            return;
        }
        if let Err(error) = self.backend.learn(self.guard, measured).await {
            tracing::info!(error = apply::chain(&error), "durations were not kept");
        }
    }
}
