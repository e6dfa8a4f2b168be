//! The program as people meet it: the built binary against real servers, through the proxy that fails on demand.
//!
//! Every scenario has a pair of servers, a folder and a state of its own; what it asserts it reads
//! from exit codes, from `-json` lines, from the proxy's ledger and from the servers themselves.
#![allow(
    clippy::disallowed_methods,
    reason = "scenarios measure real time and read what the developer asked for in the environment"
)]

mod acts;
mod adopt;
mod bad_days;
mod blocks;
mod bundles;
mod by_hand;
mod cases;
mod chance;
mod compute;
mod copies;
#[cfg(feature = "crash-points")]
mod crashes;
mod deletions;
mod diverged;
mod ends;
mod examples;
mod failover;
mod fence;
mod folder;
mod imports;
mod ingress;
mod kills;
#[cfg(feature = "crash-points")]
mod moved;
mod outage;
mod outside;
mod preflight;
mod progress;
mod promotion;
mod ran;
mod reports;
mod service;
mod simulate;
mod stage;
mod standing;
mod story;
mod surgery;
mod terraform_json;
mod traffic;
mod unmanaged;
mod watch;
mod web;
