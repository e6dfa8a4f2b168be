//! Kinds whose objects are written only while they are what was read: compare-and-swap by the
//! attributes that the schema marks `compared`, as `aws_s3_object` does it with `If-Match` and
//! `If-None-Match`.

use lifeboat_sdk::schema::Attribute;
use lifeboat_sdk::{Class, Failure, Value};

use super::Over;
use crate::cloud::store::Key;
use crate::cloud::world::{Seen, World};
use crate::hints::Hints;

/// What a write that compares is refused with.
const REFUSED: &str = "PreconditionFailed";

/// Whether objects are written only while they are what was read.
pub(super) fn compares(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|a| a.compared)
}

impl Over {
    /// Where something else is there than what was read (`None`: nothing): what is there, if it
    /// is what was to be written, perhaps by an earlier attempt of the same.
    ///
    /// # Errors
    /// The refusal, if it is not.
    pub(super) fn compare(
        &self,
        world: &World,
        hints: Hints<'_>,
        key: &Key,
        read: Option<&Value>,
        after: &Value,
    ) -> Result<Option<Seen>, Failure> {
        let attributes = self.template.schema().attributes;
        let Some(live) = world.store.get(key).filter(|_| compares(attributes)) else {
            return Ok(None);
        };
        let names = attributes.iter().filter(|a| a.compared).map(|a| a.name);
        if read.is_some_and(|read| names.clone().all(|n| read.get(n) == live.document.get(n))) {
            return Ok(None);
        }
        let whole = hints.complete(attributes, after, Some(&live.document));
        let mut kept = attributes.iter().filter(|a| !a.volatile).map(|a| a.name);
        if kept.all(|name| whole.get(name) == live.document.get(name)) {
            return world.live(key).map(Some);
        }
        let text = format!("{} {} is not what was read", key.kind, key.id);
        Err(Failure::new(Class::Other, text).code(REFUSED))
    }
}

/// Tells a refusal as what it is. Not before the attempts are over: it is refused again.
pub(super) fn told(failure: Failure) -> Failure {
    if failure.code.as_deref() == Some(REFUSED) {
        return Failure { class: Class::Conflict, ..failure };
    }
    failure
}
