//! One declared object and what is wanted of it.

use std::sync::Arc;

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{Name, Ownership, Path, Scope, Span, Value};

use super::Previous;
use crate::address::{Address, ModulePath};
use crate::config::module::Resource;
use crate::desired::Follows;
use crate::diff::Ignore;
use crate::evaluation::Environment;
use crate::evaluation::Repetition;

/// One instance of a `resource` or `data` block.
pub(super) struct Site<'s, 'a> {
    /// Its item.
    pub position: usize,
    /// Its module instance.
    pub module: &'s ModulePath,
    /// Its block.
    pub resource: &'s Resource,
    /// Its `each` or `count`.
    pub repetition: &'s Repetition,
    /// Its address.
    pub address: &'s Address,
    /// What its expressions see.
    pub environment: &'s Environment<'a>,
}

/// An object as it is wanted, from a `resource` block or from a topology block.
pub(super) struct Wanted<'w> {
    /// Its address.
    pub address: Address,
    /// The provider instance.
    pub provider: Name,
    /// The address that Terraform's provider of the kind has.
    pub source: &'static str,
    /// Its kind.
    pub kind: Arc<dyn DynKind>,
    /// Where it lives; `None` where there is no remote side.
    pub scope: Option<Scope>,
    /// Its configuration, with unknowns.
    pub config: Value,
    /// `ignore_changes`
    pub ignore: Ignore,
    /// `create_before_destroy`
    pub create_before_destroy: bool,
    /// `prevent_destroy`
    pub prevent_destroy: bool,
    /// Somebody else's.
    pub operated: bool,
    /// Take it over if it is there.
    pub adopt: bool,
    /// What it needs, for state: resources.
    pub depends_on: Vec<Address>,
    /// What it needs, for the order: instances where the files name one.
    pub needs: Vec<Address>,
    /// Of a copy: the attribute that names what it follows, and what becomes of it where that is another.
    pub follows: Option<&'w (Name, Follows)>,
    /// An `import` block's id.
    pub importing: Option<Name>,
    /// `replace_triggered_by` says so.
    pub triggered: bool,
    /// Where it is declared.
    pub span: Span,
    /// Where a part of it is written.
    pub place: &'w dyn Fn(&Path) -> Span,
}

impl Wanted<'_> {
    /// What becomes of a copy that shall follow another object than so far.
    pub(super) fn follows(&self, prior: &Value, after: &Value) -> Option<Follows> {
        let (attribute, how) = self.follows?;
        let shall = after.get(attribute).filter(|whom| !whom.is_null())?;
        (prior.get(attribute) != Some(shall)).then_some(*how)
    }

    /// Whether it is somebody else's and none of its attributes is ours.
    pub(super) fn only_looked_at(&self) -> bool {
        self.operated && self.kind.ownership() != Ownership::Operated
    }

    /// Whether state holds another object that was operated at this address: that one is let go.
    pub(super) fn is_another(&self, previous: &Previous) -> bool {
        let places = self.scope.as_ref().zip(previous.scope.as_ref());
        let elsewhere = places.is_some_and(|(now, then)| now.location != then.location);
        let other = |id: Name| previous.id.as_ref() != Some(&id);
        self.kind.ownership() == Ownership::Operated
            && (elsewhere || self.kind.id_of(&self.config).is_some_and(other))
    }
}
