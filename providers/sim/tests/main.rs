//! The simulated cloud: the contract of its kinds, and what it does that clouds do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy exempts test functions only, not their helpers"
)]

mod cloud;
mod contract;
mod over;
mod provider;
mod support;
