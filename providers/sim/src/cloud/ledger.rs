//! The ledger: every call that reached the cloud, in order.

use std::time::Duration;

use lifeboat_sdk::{Access, Class, Location, Name};

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, since the first call.
    pub at: Duration,
    /// The account.
    pub account: Name,
    /// Where.
    pub location: Location,
    /// The service.
    pub service: Name,
    /// `Read, List, Create, Update, Delete, Change, Identity`
    pub operation: &'static str,
    /// Whether it may change something.
    pub access: Access,
    /// The kind of object that it is about.
    pub kind: Name,
    /// The object, where it is about one.
    pub id: Option<Name>,
    /// The changes that it carries; none if it reads.
    pub sent: Vec<Sent>,
    /// What came of it.
    pub outcome: Outcome,
}

/// A change that a call carries, as its caller names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The address.
    pub address: Name,
    /// The idempotency token.
    pub token: Name,
    /// The object that is changed or removed; none if one is made.
    pub id: Option<Name>,
    /// Whether it is removed.
    pub removes: bool,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is under way, or its caller gave up.
    Unanswered,
    /// It was carried out and answered.
    Done,
    /// It was carried out, and the caller was not told.
    Lost,
    /// It was answered as if it had been carried out, and was not.
    Vain,
    /// It was refused, without effect.
    Failed(Class),
}

impl Entry {
    /// Whether it changed something, as far as the call is concerned.
    pub fn had_effect(&self) -> bool {
        self.access == Access::Write && matches!(self.outcome, Outcome::Done | Outcome::Lost)
    }
}
