//! `Failure`: why a call did not give what was asked, by what that means for the caller.

use std::fmt;

use crate::call::{Access, Call};
use crate::scope::Scope;

/// What a failed call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The API says that the object does not exist, with a code that means exactly that.
    NotFound,
    /// Something of that name exists already.
    Exists,
    /// Somebody else changes it now, or a precondition failed; a later attempt may work.
    Conflict,
    /// No connection was made: the call had no effect.
    Refused,
    /// The connection broke, the time ran out, or the service answered 5xx: it may have had one.
    Unreachable,
    /// The location's budget is spent or its breaker is open: the call was not made.
    NotTried,
    /// It answers, but too slowly for the refresh budget.
    TooSlow,
    /// The service asks to slow down: no effect.
    Throttled,
    /// The permission is missing: no effect.
    Denied,
    /// Credentials are missing, expired or not accepted: no effect.
    Credentials,
    /// The answer cannot be read: it may have had an effect.
    Garbled,
    /// The request is not valid: no effect.
    Invalid,
    /// The run was interrupted: it may have had an effect.
    Interrupted,
    /// Anything else that the API refused: no effect.
    Other,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub class: Class,
    /// The operation, where one was called.
    pub call: Option<&'static Call>,
    /// Where.
    pub scope: Option<Scope>,
    /// The API's code: `NoSuchBucket`.
    pub code: Option<String>,
    /// The API's words, not escaped.
    pub message: String,
}

impl Failure {
    /// A failure without a call.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, call: None, scope: None, code: None, message: message.into() }
    }

    /// With the API's code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// With the call and where it was made.
    #[must_use]
    pub fn of(mut self, call: &'static Call, scope: &Scope) -> Self {
        self.call = Some(call);
        self.scope = Some(scope.clone());
        self
    }

    /// Whether a changing call may have had its effect all the same.
    pub fn in_doubt(&self) -> bool {
        let writes = self.call.is_none_or(|call| call.access == Access::Write);
        writes
            && matches!(
                self.class,
                Class::Unreachable | Class::Garbled | Class::Interrupted | Class::TooSlow
            )
    }

    /// Whether the same call may work at once.
    pub fn retryable(&self) -> bool {
        matches!(
            self.class,
            Class::Refused | Class::Unreachable | Class::Throttled | Class::Conflict
        )
    }

    /// Whether it speaks against the location being alive.
    pub fn counts_against(&self) -> bool {
        matches!(self.class, Class::Refused | Class::Unreachable | Class::TooSlow)
    }

    /// Whether it means that the scope could not be reached, so that work there is deferred.
    pub fn defers(&self) -> bool {
        matches!(
            self.class,
            Class::Refused
                | Class::Unreachable
                | Class::NotTried
                | Class::TooSlow
                | Class::Throttled
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = self.call {
            write!(f, "{}:{}", call.service, call.operation)?;
            if let Some(scope) = &self.scope {
                write!(f, " in {}", scope.location)?;
            }
            f.write_str(": ")?;
        }
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)?;
        if let (Class::Denied, Some(call)) = (self.class, self.call) {
            write!(f, " (the permission {} is missing)", call.iam_action)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
