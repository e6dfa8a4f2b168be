//! `Finalise`: completes planned documents inside apply, when what they refer to is known, and
//! judges the conditions that could not be told before.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostics, Name, Value};

use crate::address::Address;

/// Plans objects again with what has become known; the same algorithm as planning.
pub trait Finalise: Send + Sync {
    /// The final planned document of `plan.changes[change]`, given all objects as they are now.
    /// It agrees with every known value of the plan, or that is the error.
    ///
    /// # Errors
    /// What could not be evaluated, or where it contradicts the plan.
    fn finalise(
        &self,
        change: usize,
        objects: &BTreeMap<Address, Value>,
    ) -> Result<Value, Diagnostics>;

    /// What the preconditions of `plan.changes[change]` find, before anything is called for it.
    fn before(&self, change: usize, objects: &BTreeMap<Address, Value>) -> Diagnostics;

    /// What its postconditions find, once `objects` holds what it became.
    fn after(&self, change: usize, objects: &BTreeMap<Address, Value>) -> Diagnostics;

    /// What else could not be told while planning and can be now: `check` blocks, validations of
    /// variables, preconditions of outputs, conditions of objects that had no change.
    fn leftovers(&self, objects: &BTreeMap<Address, Value>) -> Diagnostics;

    /// The outputs of the root module, given all objects as they are now.
    ///
    /// # Errors
    /// What could not be evaluated.
    fn outputs(
        &self,
        objects: &BTreeMap<Address, Value>,
    ) -> Result<BTreeMap<Name, Value>, Diagnostics>;
}
