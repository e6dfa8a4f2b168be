//! State of lifeboat: immutable generations, the journal of each run, the fencing lock and sealed
//! secrets, all over a small compare-and-swap store.
//!
//! Layers, lowest first; a module imports those before it only:
//!
//! | module | holds |
//! | --- | --- |
//! | [`digest`], [`mod@line`] | BLAKE3 digests; the one-line envelope of frames, plan files and records |
//! | `envelope` | the first line over texts that are kept whole |
//! | [`store`] | [`store::CasStore`] and [`store::Segments`] with a folder and a simulated disk behind them |
//! | [`secret`] | sealing of sensitive values, the key file |
//! | [`model`] | what state says; none of it is `Serialize` |
//! | `record` | the lock record: term, holder, fence |
//! | [`generation`] | the frozen file format, [`generation::Chain`] |
//! | [`mod@durations`] | how long changes took, for the next run's progress |
//! | [`positions`] | up to when copies were seen to have all, for the bound of a loss |
//! | [`journal`] | frames, transitions, replay |
//! | [`lock`] | taking, breaking and giving back the lock |
//! | [`request`] | what operators ask of a run that is under way |
//! | [`bundle`] | all that another machine needs to go on, in one text |
//! | [`backend`] | [`backend::StateBackend`], which ties these together |
#![warn(clippy::wildcard_enum_match_arm)]

pub mod backend;
pub mod bundle;
pub mod digest;
pub mod durations;
mod envelope;
pub mod generation;
pub mod journal;
pub mod line;
pub mod lock;
pub mod model;
pub mod positions;
mod record;
pub mod request;
pub mod secret;
pub mod store;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod testing;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
