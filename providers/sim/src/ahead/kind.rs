//! The kind of objects that the provider does not have yet: a schema and hooks, which are told on the
//! objects' own struct, and a read and a write that say that nobody can be called.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::kind::{DynKind, Object, all_failed, erase};
use lifeboat_sdk::{
    Change, Class, Ctx, Failure, Finding, Kind, Name, Observation, Outcome, Ownership, Scope,
    Service, Target, Value,
};

use super::text;

/// What differs between kinds that are ahead of the provider.
pub(super) trait Ahead: Object {
    /// The kind's name.
    const NAME: &'static str;
    /// The name of its service, which is regional.
    const SERVICE: &'static str;
    /// The attribute that says which object it is.
    const NAMED_BY: &'static str;
    /// How it is recognised.
    const OWNERSHIP: Ownership = Ownership::Tags;
    /// See [`Kind::LONGEST`].
    const LIMIT: Option<Duration> = None;
    /// See [`Kind::ANYWHERE`].
    const ANYWHERE: bool = false;
    /// See [`Kind::holds_data`].
    const HOLDS_DATA: bool = false;

    /// See [`Kind::id_of`].
    fn id_of(desired: &Value) -> Option<Name> {
        text(desired, Self::NAMED_BY).map(Into::into)
    }

    /// See [`Kind::validate`].
    fn validate(_document: &Value) -> Vec<Finding> {
        Vec::new()
    }
}

/// The kind of such objects.
pub(super) fn of<O: Ahead>() -> Arc<dyn DynKind> {
    erase(AheadKind(PhantomData::<O>))
}

struct AheadKind<O>(PhantomData<O>);

impl<O: Ahead> Kind for AheadKind<O> {
    type Object = O;
    const NAME: &'static str = O::NAME;
    const SERVICE: Service = Service { name: O::SERVICE, home: None };
    const OWNERSHIP: Ownership = O::OWNERSHIP;
    const LONGEST: Option<Duration> = O::LIMIT;
    const ANYWHERE: bool = O::ANYWHERE;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        O::id_of(desired)
    }

    /// The tags of a document are all that it has: those of the provider are the provider's to add.
    fn normalise(&self, document: &Value) -> Value {
        match document.get("tags").filter(|tags| !tags.is_null()) {
            Some(tags) => document.with("tags_all", tags.clone()),
            None => document.clone(),
        }
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        O::validate(document)
    }

    fn holds_data(&self, _document: &Value) -> bool {
        O::HOLDS_DATA
    }

    async fn read(&self, _ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<O>> {
        Observation::all_unreadable(targets, scope, &not_there_yet())
    }

    async fn write(&self, _ctx: &Ctx, _scope: &Scope, changes: Vec<Change<O>>) -> Vec<Outcome<O>> {
        all_failed(&changes, &not_there_yet())
    }
}

fn not_there_yet() -> Failure {
    let text = "the provider `aws` does not have this type yet: only the simulated cloud has it";
    Failure::new(Class::Other, text)
}
