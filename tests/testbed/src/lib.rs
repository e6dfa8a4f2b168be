//! The test bed: emulated AWS servers, a proxy in front that fails on demand and counts every call, and a lease of both.
//!
//! ```no_run
//! use lifeboat_testbed::{Bed, Fault, Rule};
//!
//! # fn main() -> Result<(), lifeboat_testbed::Error> {
//! let bed = Bed::start()?;
//! bed.aws().create_bucket("us-west-2", "exports-dr")?;
//! bed.proxy.inject(Rule::new(Fault::BlackHole).region("us-west-2").regional());
//! let output = bed.command("lifeboat").arg("plan").output();
//! assert_eq!(bed.proxy.ledger().mutating(), 0, "{}", bed.proxy.ledger().table());
//! # drop(output);
//! # Ok(())
//! # }
//! ```
//!
//! Every call here blocks and may be made from a plain test as well as from inside an async one:
//! servers are processes and the proxy has a thread and a runtime of its own, so a test that waits
//! for a child process, or that pauses tokio's clock, never starves or freezes the far side.
#![allow(
    clippy::disallowed_methods,
    reason = "test support reads the environment and the real clock: it plays the outside world"
)]

mod aws;
mod background;
mod bed;
mod cache;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "dns")]
pub mod dns;
mod error;
mod lease;
mod proxy;
mod reader;
mod servers;
mod wire;

pub use aws::{Aws, Raw, Reply};
pub use bed::{ACCOUNT, Bed};
pub use cache::cache_dir;
pub use error::Error;
pub use lease::Pair;
pub use proxy::{
    Correction, Entry, Fault, Ledger, Nth, Outcome, Paging, Part, Plane, Proxy, Route, Routes,
    Rule, RuleId, Upstreams,
};
pub use reader::{Reader, TERRAFORM_JSON};
pub use servers::{Debs, GDNSD, NameServer, Requirements, Server, ServerKind, Venv, Zone};

/// The result of this crate's calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Locks, and goes on with the value where another test died while it held the lock.
pub(crate) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
