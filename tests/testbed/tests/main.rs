//! The test bed, tested: servers that end with their owner, a proxy that passes everything else on, and each fault as a client sees it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of tests; the lint's exemption covers test functions only"
)]

mod client;
mod faults;
mod lifetimes;
mod passing;
