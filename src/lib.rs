//! lifeboat: a plan/apply reconciler for disaster recovery; the pipeline as a library.
//!
//! ```text
//! files ─ config ─ topology ─ desired ─┐
//!                                      ├─ diff ─ plan ─ apply ─ state
//! state ─ previous ─── refresh ─ prior ┘
//! ```
//!
//! The stages in order: [`config`], [`topology`], [`desired`], [`refresh`], [`diff`], [`plan`],
//! [`apply`]; [`view`] prints, [`engine`] carries values from stage to stage, [`cli`] parses what
//! people type. ARCHITECTURE.md has the code map and the invariants.

pub mod address;
pub mod approval;
pub mod event;
pub mod function;
pub mod graph;

pub mod apply;
pub mod config;
pub mod desired;
pub mod diff;
pub mod evaluation;
pub mod plan;
pub mod refresh;
pub mod topology;

pub mod builtin;
pub mod cli;
pub mod engine;
pub mod registry;
pub mod replace;
pub mod view;
