//! lifeboat: a plan/apply reconciler for disaster recovery; the pipeline as a library.
//!
//! ```text
//! files ─ config ─ topology ─ desired ─┐
//!                                      ├─ diff ─ plan ─ apply ─ state
//! state ─ previous ─── refresh ─ prior ┘
//! ```

pub mod address;
pub mod builtin;
pub mod config;
pub mod desired;
pub mod diff;
pub mod event;
pub mod function;
pub mod graph;
pub mod plan;
pub mod refresh;
pub mod registry;
pub mod topology;
pub mod engine;
pub mod view;
