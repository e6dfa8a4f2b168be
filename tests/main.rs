//! Tests of the whole: this repository's own rules, and the program as people use it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "helpers of tests fail the test; the exemption for tests knows only #[test] functions"
)]

mod cli;
mod diagnostics;
mod language;
#[cfg(feature = "aws")]
mod scenarios;
mod simulation;
mod tidy;
mod weather;
