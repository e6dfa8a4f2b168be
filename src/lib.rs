//! lifeboat: a plan/apply reconciler for disaster recovery; the pipeline as a library.
//!
//! ```text
//! files ─ config ─ topology ─ desired ─┐
//!                                      ├─ diff ─ plan ─ apply ─ state
//! state ─ previous ─── refresh ─ prior ┘
//! ```

pub mod address;
pub mod diff;
pub mod event;
pub mod plan;
pub mod registry;
