//! The contract between lifeboat and its providers: values, schemas, kinds, calls.
//!
//! Depends on nothing of ours; a provider cannot see plan or state.

// The derive writes `::lifeboat_sdk::…`; this makes it work inside this crate too.
extern crate self as lifeboat_sdk;

pub mod backfill;
pub mod call;
pub mod codec;
pub mod command;
pub mod context;
pub mod diagnostic;
mod erase;
pub mod failure;
pub mod future;
pub mod inventory;
pub mod kind;
pub mod observation;
pub mod provider;
pub mod region;
pub mod schema;
pub mod scope;
pub mod session;
pub mod shelf;
pub mod suggest;
pub mod sync;
pub mod value;

pub use backfill::{Backfill, Backfilled, Left, Replaces};
pub use call::{Access, Call, Plane};
pub use command::{Command, Line};
pub use context::Ctx;
pub use diagnostic::{Diagnostic, Diagnostics, FileId, Severity, Span, counted};
pub use failure::{Class, Failure};
pub use inventory::{Inventory, Tagged};
pub use kind::{
    Batch, Change, ChangeAction, DataSource, Finding, Kind, Object, Outcome, Owner, Ownership,
    RoleContext, RolePlan, Service, Target, WriteFailure,
};
pub use observation::{Cause, CompleteListing, Listing, Observation, Present, Proof, Unreadable};
pub use schema::{Attribute, Presence, Schema, Shape, Syntax};
pub use scope::{Location, RegionName, Scope};
pub use session::{Down, Interrupt, Limits, Purpose, Rates, Session};
pub use shelf::{Kept, Over, Place, Shelf};
pub use sync::{CopyOf, Lone, Synced, Wait};
pub use value::{KnownDoc, Marks, Name, Number, Path, Type, Value};
