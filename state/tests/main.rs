//! Tests through the public interface: stored files of version 1, and a holder that is killed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "clippy exempts test functions only, not their helpers"
)]

mod fixtures;
mod killed;
mod wire;
