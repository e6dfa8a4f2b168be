//! What all AWS kinds share: clients, failures, answers checked, tags, waiting, policies, STS.
//!
//! A kind gets its SDK client from [`Clients::client`], makes every call through
//! `ctx.call(&CALL, scope, || async { client.op()….send().await.map_err(failure) })` and says
//! with [`Codes::not_found`] which error codes prove that its object does not exist.

#![allow(clippy::result_large_err, reason = "`Failure` is the contract's, and calls are rare")]

pub mod agent;
pub mod clients;
pub mod command;
pub mod config;
mod credentials;
pub mod duration;
pub mod failure;
pub mod guard;
pub mod normalise;
pub mod policy;
pub mod presign;
pub mod region;
pub mod settings;
pub mod sts;
pub mod tags;
pub mod validate;
pub mod wait;

pub use agent::Agent;
pub use clients::{Base, Clients};
pub use command::aws;
pub use config::Config;
pub use failure::{Codes, failure};
pub use guard::Guard;
