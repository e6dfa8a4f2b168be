//! `sim`: an in-memory cloud with regions, latency, faults and blackouts, and kinds on it.
//!
//! Any kind's schema runs on it ([`SimProvider::over`]): names, shapes, hooks and batches are the
//! real kind's, values that only a provider knows come from hints in the schema. It is stricter
//! than the clouds: it refuses to delete what others refer to, to update what forces a
//! replacement, and documents that do not fit their schema; listings come shuffled, reads may be
//! stale. Its time is tokio's, so that under a paused clock everything takes no time.

pub mod ahead;
pub mod cloud;
pub mod kinds;

mod calls;
mod conform;
mod hints;
mod over;
mod provider;
mod shelf;

pub use calls::calls;
pub use cloud::fault::{Blackout, Fault, Nth, Rule, RuleId};
pub use cloud::ledger::{Entry, Outcome, Sent};
pub use cloud::log::{How, Switch};
pub use cloud::store::{Key, SimObject};
pub use cloud::{SimCloud, Strictness, Timed};
pub use provider::SimProvider;
