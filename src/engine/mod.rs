//! The driver: carries values from stage to stage and answers what pure stages ask to be read.
//!
//! The only module besides `cli` that knows all stages. It decides nothing about objects.

pub mod acting;
mod ahead;
pub mod alone;
pub mod applying;
pub mod approvers;
mod asked;
mod backfills;
mod bundles;
pub mod candidates;
pub mod commands;
pub mod compare;
pub mod console;
mod contents;
pub mod context;
mod drifted;
pub mod edit;
mod empty;
mod evacuation;
pub mod expected;
pub mod failback;
pub mod fencing;
pub mod files;
pub mod finaliser;
pub mod generate;
pub mod going_on;
pub mod ground;
pub mod guard;
pub mod imports;
pub mod load;
pub mod losses;
pub mod measured;
mod objects;
pub mod planning;
pub mod preflight;
pub mod providers;
mod records;
mod regions;
pub mod reopened;
mod reprotect;
pub mod restore;
pub mod retiring;
mod roles;
pub mod shelves;
mod shift;
pub mod simulate;
mod split;
mod statics;
pub mod stored;
pub mod surgery;
pub mod targets;
mod tasks;
#[cfg(test)]
mod tests;
pub mod unmanaged;
pub mod validate;
pub mod version;
mod walk;
pub mod watch;

pub use asked::Asked;
pub use context::Contexts;
pub use drifted::{Looked, Seen};
pub use load::{Loaded, Settings};
pub use planning::Made;
pub use unmanaged::Unmanaged;
