//! `Observation`: what a read found; *absent* needs a proof, and *unreadable* is not absent.

use crate::failure::{Class, Failure};
use crate::kind::{Owner, Target};
use crate::scope::Scope;
use crate::value::Name;

/// What was found of one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation<O> {
    /// It is there.
    Present(Present<O>),
    /// It is proven not to be there.
    Absent(Proof),
    /// Nothing is known of it.
    Unreadable(Unreadable),
}

/// An object as it is live.
#[derive(Clone, Debug, PartialEq)]
pub struct Present<O> {
    /// Its id, as `import` takes it.
    pub id: Name,
    /// What it is.
    pub object: O,
    /// Whom its tags name as owner, where it has any.
    pub owner: Option<Owner>,
    /// Whether it has no owner tags and was made for this very address all the same, as something
    /// else than tags tells, such as a caller reference: the call that writes them never came.
    pub begun: bool,
    /// Whether it was seen to hold no data (versions included); `None` if not looked.
    pub empty: Option<bool>,
}

impl<O> Present<O> {
    /// A live object.
    pub fn new(id: impl Into<Name>, object: O) -> Self {
        Self { id: id.into(), object, owner: None, begun: false, empty: None }
    }

    /// The same with another form of the object.
    pub fn map<T>(self, f: impl FnOnce(O) -> T) -> Present<T> {
        let Self { id, object, owner, begun, empty } = self;
        Present { id, object: f(object), owner, begun, empty }
    }
}

/// Why an object was not read.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreadable {
    /// Where it lives.
    pub scope: Scope,
    /// Why.
    pub cause: Cause,
    /// The failed call in words.
    pub message: String,
}

/// The causes of unreadable objects; the first three defer, the others are errors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Refused, broken, timed out, 5xx.
    Unreachable,
    /// It answers too slowly for the budget.
    TooSlow,
    /// It kept asking to slow down.
    Throttled,
    /// The permission is missing.
    Denied {
        /// `s3:GetBucketVersioning`
        action: String,
    },
    /// The answer could not be read.
    Garbled,
    /// Credentials are missing, expired or not accepted.
    Credentials,
    /// The API refused for another reason.
    Other,
}

impl Cause {
    /// Whether changes of the object are deferred, rather than an error of it.
    pub fn defers(&self) -> bool {
        matches!(self, Self::Unreachable | Self::TooSlow | Self::Throttled)
    }
}

/// Why an object is certainly not there. Made only from a not-found code or a complete listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof(ProofKind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum ProofKind {
    Code(String),
    Listing(String),
    ParentAbsent(String),
}

impl Proof {
    /// From a failure whose class is [`Class::NotFound`]; nothing else proves absence.
    ///
    /// # Errors
    /// The failure itself, where it proves nothing.
    pub fn from_failure(failure: Failure) -> Result<Self, Failure> {
        if failure.class == Class::NotFound {
            Ok(Self(ProofKind::Code(failure.code.unwrap_or_default())))
        } else {
            Err(failure)
        }
    }

    /// From the parent's own proof: what lives in an object that is not there is not there.
    pub fn from_parent(parent: &Self) -> Self {
        Self(ProofKind::ParentAbsent(parent.to_string()))
    }
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            ProofKind::Code(code) => write!(f, "the API answered {code}"),
            ProofKind::Listing(what) => write!(f, "not in the complete listing of {what}"),
            ProofKind::ParentAbsent(why) => write!(f, "its parent is gone: {why}"),
        }
    }
}

/// Pages of a listing while they arrive.
#[derive(Debug)]
pub struct Listing<T> {
    items: Vec<T>,
    complete: bool,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { items: Vec::new(), complete: false }
    }
}

impl<T> Listing<T> {
    /// Adds a page; `more` says whether the API announced another one.
    pub fn page(&mut self, items: impl IntoIterator<Item = T>, more: bool) {
        self.items.extend(items);
        self.complete = !more;
    }

    /// The listing, if its last page was the last.
    pub fn complete(self) -> Option<CompleteListing<T>> {
        self.complete.then_some(CompleteListing { items: self.items })
    }
}

/// A listing that was read to its end, so that what is missing in it does not exist.
#[derive(Clone, Debug)]
pub struct CompleteListing<T> {
    items: Vec<T>,
}

impl<T> CompleteListing<T> {
    /// Its items.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The proof that what is not in it is absent; `what` names the listing.
    pub fn proof(&self, what: &str) -> Proof {
        Proof(ProofKind::Listing(what.to_owned()))
    }
}

impl Unreadable {
    /// From a failed call in `scope`.
    pub fn from_failure(scope: &Scope, failure: &Failure) -> Self {
        let cause = match failure.class {
            Class::Refused | Class::Unreachable | Class::NotTried | Class::Interrupted => {
                Cause::Unreachable
            }
            Class::TooSlow => Cause::TooSlow,
            Class::Throttled => Cause::Throttled,
            Class::Denied => Cause::Denied {
                action: failure.call.map(|c| c.iam_action.to_owned()).unwrap_or_default(),
            },
            Class::Garbled => Cause::Garbled,
            Class::Credentials => Cause::Credentials,
            Class::NotFound | Class::Exists | Class::Conflict | Class::Invalid | Class::Other => {
                Cause::Other
            }
        };
        let message = match cause {
            // Which call met it first says nothing.
            Cause::Credentials => Failure { call: None, ..failure.clone() }.to_string(),
            _ => failure.to_string(),
        };
        Self { scope: scope.clone(), cause, message }
    }
}

impl<O> Observation<O> {
    /// Unreadable because of a failed call.
    pub fn unreadable(scope: &Scope, failure: &Failure) -> Self {
        Self::Unreadable(Unreadable::from_failure(scope, failure))
    }

    /// The same of each target: nobody can be called.
    pub fn all_unreadable(targets: &[Target], scope: &Scope, failure: &Failure) -> Vec<Self> {
        targets.iter().map(|_| Self::unreadable(scope, failure)).collect()
    }

    /// Absent where the failure proves it, else unreadable.
    pub fn from_failure(scope: &Scope, failure: Failure) -> Self {
        match Proof::from_failure(failure) {
            Ok(proof) => Self::Absent(proof),
            Err(failure) => Self::unreadable(scope, &failure),
        }
    }

    /// The same with another form of the object.
    pub fn map<T>(self, f: impl FnOnce(O) -> T) -> Observation<T> {
        match self {
            Self::Present(p) => Observation::Present(p.map(f)),
            Self::Absent(proof) => Observation::Absent(proof),
            Self::Unreadable(u) => Observation::Unreadable(u),
        }
    }
}
