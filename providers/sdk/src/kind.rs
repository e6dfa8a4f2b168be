//! `Kind`: the contract of a resource kind; typed for its author, erased for the engine.
//!
//! A kind is a struct that is at once its configuration and its state (with
//! `#[derive(Kind)]` giving [`Object`]), one `read` for many targets and one `write` for many
//! changes. It never sees an unknown, a plan or a state.

use std::future::Future;
use std::time::Duration;

use crate::backfill::{Backfill, Backfilled};
use crate::command::Line;
use crate::context::Ctx;
use crate::failure::{Class, Failure};
use crate::future::BoxFuture;
use crate::inventory::Inventory;
use crate::observation::{Observation, Present};
use crate::schema::Schema;
use crate::scope::Scope;
use crate::sync::{CopyOf, Synced};
use crate::value::{KnownDoc, Name, Path, Value};

pub use crate::erase::{erase, erase_data};

/// The struct of a kind: written by `#[derive(Kind)]`.
pub trait Object: Send + Sync + Sized + 'static {
    /// Its schema, a constant.
    const SCHEMA: &'static Schema;

    /// Reads it from a document.
    ///
    /// # Errors
    /// Where the document does not have the schema's shape; the path and what was expected.
    fn decode(document: &Value) -> Result<Self, DecodeError>;

    /// Writes it as a document with exactly the schema's attributes.
    fn encode(&self) -> Value;
}

/// A document that does not fit its schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct DecodeError {
    /// Where.
    pub path: Path,
    /// What was expected.
    pub message: String,
}

/// A service and whether its control plane is global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// `s3`, `route53`
    pub name: &'static str,
    /// The home region of a global control plane; `None` for a regional service.
    pub home: Option<&'static str>,
}

/// How an object is known to be ours when it is found without an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It carries ownership tags.
    Tags,
    /// It is a part of another object: its address is in the parent.
    Parent,
    /// Its name is unique and says nothing about the owner.
    Name,
    /// It is somebody else's and stays so: the attributes of its schema are all that is read and
    /// written. It is never made, replaced or removed; what state no longer holds is let go.
    /// [`Kind::id_of`] names it. A create takes it over as it is and brings it to its
    /// configuration, a delete does nothing.
    Operated,
    /// Nothing outside state knows it (`terraform_data`).
    StateOnly,
}

/// The owner that an object's tags name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The tag `lifeboat:topology`, or the lineage without a topology.
    pub topology: Name,
    /// The tag `lifeboat:address`.
    pub address: Name,
}

/// How writes of a kind go together in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The attribute whose value groups changes (the zone of a record).
    pub key: &'static str,
    /// The kind of the object whose id that is, for changes that are planned before it exists.
    pub parent: &'static str,
    /// How much one call takes, in units of weight.
    pub limit: u32,
    /// The weight of a create or a delete.
    pub weight: u32,
    /// The weight of an update.
    pub update_weight: u32,
}

/// What is to be read.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its address, for messages and ownership.
    pub address: Name,
    /// Its id, from state or an `import` block; `None` when only its configuration is known.
    pub id: Option<Name>,
    /// Its previous or desired document; may hold unknowns when it was never made.
    pub hint: Value,
}

/// One change to make.
#[derive(Clone, Debug)]
pub struct Change<O> {
    /// The object's address.
    pub address: Name,
    /// The idempotency token, the same for every attempt of this step.
    pub token: Name,
    /// The owner tags to write, where the kind has tags.
    pub owner: Option<Owner>,
    /// What to do.
    pub action: ChangeAction<O>,
}

/// What to do to one object.
#[derive(Clone, Debug)]
pub enum ChangeAction<O> {
    /// Make it.
    Create {
        /// As it shall be; computed attributes are null.
        after: O,
    },
    /// Change it in place.
    Update {
        /// Its id.
        id: Name,
        /// As it was last read.
        before: O,
        /// As it shall be.
        after: O,
    },
    /// Remove it; a missing object is success.
    Delete {
        /// Its id.
        id: Name,
        /// As it was last read.
        before: O,
    },
}

/// What a change led to: the object as it is now, nothing after a delete, or a failure.
pub type Outcome<O> = Result<Option<Present<O>>, WriteFailure<O>>;

/// A failed change and what it left behind.
#[derive(Clone, Debug)]
pub struct WriteFailure<O> {
    /// Why.
    pub failure: Failure,
    /// What exists all the same: made, but not finished.
    pub half_made: Option<Present<O>>,
}

impl<O> From<Failure> for WriteFailure<O> {
    fn from(failure: Failure) -> Self {
        Self { failure, half_made: None }
    }
}

/// The same failure for each change: nobody can be called, or one call was for all.
pub fn all_failed<C, O>(changes: &[C], failure: &Failure) -> Vec<Outcome<O>> {
    changes.iter().map(|_| Err(failure.clone().into())).collect()
}

/// A problem of a document that only its kind can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The attribute.
    pub path: Path,
    /// One line, no names.
    pub summary: &'static str,
    /// What and why.
    pub detail: String,
    /// What to write instead.
    pub help: String,
    /// Whether it is only a warning.
    pub warning: bool,
}

/// The part that a region plays for an object whose attributes depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleContext {
    /// The object's region.
    pub region: Name,
    /// Whether that is the primary now.
    pub primary: bool,
    /// Counts promotions.
    pub epoch: u64,
}

/// A document as the role wants it.
#[derive(Clone, Debug, PartialEq)]
pub enum RolePlan {
    /// The object exists in this role, so.
    Document(Value),
    /// In this role there is no such object; that it is missing is no change.
    AbsentByRole,
}

/// A resource kind.
pub trait Kind: Send + Sync + 'static {
    /// Configuration and state.
    type Object: Object;
    /// The type's name: `aws_s3_bucket`.
    const NAME: &'static str;
    /// Its service.
    const SERVICE: Service;
    /// How it is recognised.
    const OWNERSHIP: Ownership;
    /// Whether writes go together.
    const BATCH: Option<Batch> = None;
    /// The longest that a change may take, where it waits for more than its calls.
    const LONGEST: Option<Duration> = None;
    /// Whether it is one object that the control plane of each of its regions shows and changes:
    /// `region` says which is asked. Where that is silent it is read from the one that shall be asked
    /// next.
    const ANYWHERE: bool = false;
    /// The kind whose objects these are a part of, where that kind has all of them to itself: two
    /// addresses must not stand for the same one.
    const WITHIN: &'static str = Self::NAME;

    /// The id that an object of this configuration will have, where the configuration decides
    /// it: then planning looks whether the name is taken. `None` if the API makes ids up.
    fn id_of(&self, _desired: &Value) -> Option<Name> {
        None
    }

    /// Brings a document to the form in which equal meaning is equal content.
    /// Pure; gets documents with unknowns and must leave those alone.
    fn normalise(&self, document: &Value) -> Value {
        document.clone()
    }

    /// Checks what the schema cannot say. Pure; unknown parts are not judged.
    fn validate(&self, _document: &Value) -> Vec<Finding> {
        Vec::new()
    }

    /// What is doubtful of what is live and of what is planned with it: warnings, told with every plan
    /// that has it. Pure; unknown parts are not judged.
    fn doubts(&self, _live: &Value, _planned: &Value) -> Vec<Finding> {
        Vec::new()
    }

    /// Whether an object of that name that is not ours is taken over instead of refused:
    /// the configuration says so (`allow_overwrite`).
    fn takes_over(&self, _desired: &Value) -> bool {
        false
    }

    /// What of the document depends on the region's role. Pure. No kind of AWS needs it and
    /// planning does not ask yet: what a role decides is in what topology blocks become. Promotions
    /// will; until then the contract suite and the simulated cloud hold the rule.
    fn plan_role(&self, _role: &RoleContext, document: &Value) -> RolePlan {
        RolePlan::Document(document.clone())
    }

    /// Whether the object holds data, so that losing it must be confirmed.
    fn holds_data(&self, _document: &Value) -> bool {
        false
    }

    /// Whether a live object holds nothing, former versions included; asked of one that holds
    /// data and is to be removed, where its read did not say so. `None` where nobody can tell.
    ///
    /// # Errors
    /// The failed call; then it is not empty for all that is known.
    fn is_empty(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        _id: &str,
    ) -> impl Future<Output = Result<Option<bool>, Failure>> + Send {
        std::future::ready(Ok(None))
    }

    /// Why a change can never be taken back, where that is so.
    fn one_way_door(&self, _before: Option<&Value>, _after: Option<&Value>) -> Option<String> {
        None
    }

    /// Reads all targets of one scope with the fewest calls: one observation each, in order.
    fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> impl Future<Output = Vec<Observation<Self::Object>>> + Send;

    /// Lists everything of a scope that carries owner tags, with a call or more for each object
    /// where a listing does not tell tags. `None` where the kind cannot be listed so.
    ///
    /// # Errors
    /// The listing failed, so that nothing is known of what is there.
    fn inventory(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
    ) -> impl Future<Output = Result<Option<Inventory>, Failure>> + Send {
        std::future::ready(Ok(None))
    }

    /// Compares a copy with its source, and tells how that was seen; with [`CopyOf::wait`] until
    /// nothing is missing, asked when the source takes no more writes. Asked of what copies.
    ///
    /// # Errors
    /// It cannot be told, or what is missing at the end of the time.
    fn sync(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        _object: Self::Object,
        _copy: CopyOf<'_>,
    ) -> impl Future<Output = Result<Synced, Failure>> + Send {
        let text = format!("nobody can tell what {} has copied", Self::NAME);
        std::future::ready(Err(Failure::new(Class::Other, text)))
    }

    /// Gives a copy what it has not, because what copies does not bring it by itself: what was there
    /// before it, and what it failed at. Done again it begins with what is still missing. Asked of
    /// what copies.
    ///
    /// # Errors
    /// It cannot be told what is missing. That single objects could not be copied is told.
    fn backfill(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        _object: Self::Object,
        _copy: Backfill<'_>,
    ) -> impl Future<Output = Result<Backfilled, Failure>> + Send {
        let text = format!("{} copies nothing", Self::NAME);
        std::future::ready(Err(Failure::new(Class::Other, text)))
    }

    /// Makes the changes of one scope (and one batch key): one outcome each, in order.
    fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<Self::Object>>,
    ) -> impl Future<Output = Vec<Outcome<Self::Object>>> + Send;

    /// What a person types to make these changes; `None` where that is not written down. Pure.
    fn commands(&self, _scope: &Scope, _changes: &[Change<Self::Object>]) -> Option<Vec<Line>> {
        None
    }
}

/// A data source.
pub trait DataSource: Send + Sync + 'static {
    /// Arguments and results.
    type Object: Object;
    /// The type's name: `aws_region`.
    const NAME: &'static str;
    /// Its service.
    const SERVICE: Service;

    /// Answers the query that `document` (its computed attributes null) stands for.
    fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        document: Self::Object,
    ) -> impl Future<Output = Result<Self::Object, Failure>> + Send;
}

/// A kind as the engine sees it: over documents. Implemented only by [`erase`].
pub trait DynKind: Send + Sync {
    /// The type's name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn schema(&self) -> &'static Schema;
    /// Its service.
    fn service(&self) -> Service;
    /// How it is recognised.
    fn ownership(&self) -> Ownership;
    /// Whether writes go together.
    fn batch(&self) -> Option<Batch>;
    /// See [`Kind::LONGEST`].
    fn longest(&self) -> Option<Duration>;
    /// See [`Kind::ANYWHERE`].
    fn anywhere(&self) -> bool;
    /// See [`Kind::WITHIN`].
    fn within(&self) -> &'static str;
    /// See [`Kind::id_of`].
    fn id_of(&self, desired: &Value) -> Option<Name>;
    /// See [`Kind::normalise`].
    fn normalise(&self, document: &Value) -> Value;
    /// See [`Kind::validate`].
    fn validate(&self, document: &Value) -> Vec<Finding>;
    /// See [`Kind::doubts`].
    fn doubts(&self, live: &Value, planned: &Value) -> Vec<Finding>;
    /// See [`Kind::takes_over`].
    fn takes_over(&self, desired: &Value) -> bool;
    /// See [`Kind::plan_role`].
    fn plan_role(&self, role: &RoleContext, document: &Value) -> RolePlan;
    /// See [`Kind::holds_data`].
    fn holds_data(&self, document: &Value) -> bool;
    /// See [`Kind::is_empty`].
    ///
    /// # Errors
    /// The failed call.
    fn is_empty<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<bool>, Failure>>;
    /// See [`Kind::one_way_door`].
    fn one_way_door(&self, before: Option<&Value>, after: Option<&Value>) -> Option<String>;
    /// See [`Kind::sync`].
    fn sync<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        object: KnownDoc,
        copy: CopyOf<'a>,
    ) -> BoxFuture<'a, Result<Synced, Failure>>;
    /// See [`Kind::backfill`].
    ///
    /// # Errors
    /// It cannot be told what is missing.
    fn backfill<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        object: KnownDoc,
        copy: Backfill<'a>,
    ) -> BoxFuture<'a, Result<Backfilled, Failure>>;
    /// See [`Kind::read`].
    fn read<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        targets: &'a [Target],
    ) -> BoxFuture<'a, Vec<Observation<Value>>>;
    /// See [`Kind::inventory`].
    ///
    /// # Errors
    /// The listing failed.
    fn inventory<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
    ) -> BoxFuture<'a, Result<Option<Inventory>, Failure>>;
    /// See [`Kind::write`].
    fn write<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        changes: Vec<Change<KnownDoc>>,
    ) -> BoxFuture<'a, Vec<Outcome<Value>>>;
    /// See [`Kind::commands`].
    fn commands(&self, scope: &Scope, changes: Vec<Change<KnownDoc>>) -> Option<Vec<Line>>;
}

/// A data source as the engine sees it.
pub trait DynData: Send + Sync {
    /// The type's name.
    fn name(&self) -> &'static str;
    /// Its schema.
    fn schema(&self) -> &'static Schema;
    /// Its service.
    fn service(&self) -> Service;
    /// See [`DataSource::read`].
    fn read<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        document: KnownDoc,
    ) -> BoxFuture<'a, Result<Value, Failure>>;
}
