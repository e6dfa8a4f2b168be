//! A member of a step, and how it is read back.

use lifeboat_sdk::{Name, Scope, Target, Value};

use super::settle::Doubt;
use crate::address::Address;
use crate::plan::{Member, Operation};
use crate::refresh::{Part, Request, RequestKey};

/// One member of a step that writes.
#[derive(Clone, Debug)]
pub struct Item {
    /// The member.
    pub member: Member,
    /// Its name in the journal.
    pub name: String,
    /// Its address.
    pub address: Address,
    /// The provider instance.
    pub provider: Name,
    /// Which of the objects of its address it is.
    pub part: Part,
    /// Where it lives.
    pub scope: Scope,
    /// What is known of it, for judging and for reading back.
    pub doubt: Doubt,
    /// What its call answered, where that counts only when it is seen.
    pub answered: Option<Value>,
}

impl Item {
    /// Which answer is about it.
    pub fn key(&self) -> RequestKey {
        RequestKey { address: self.address.clone(), part: self.part.clone() }
    }

    /// The request that reads it back.
    pub fn request(&self) -> Request {
        let key = self.key();
        let Doubt { operation, identified, id, prior, planned, .. } = &self.doubt;
        // A create is looked for by what was planned, not by the object that it replaces.
        let (id, hint) = if *operation == Operation::Create {
            (identified.clone(), planned.as_ref().or(prior.as_ref()))
        } else {
            (identified.clone().or_else(|| id.clone()), prior.as_ref().or(planned.as_ref()))
        };
        // What its API does not keep is known from the answer alone.
        let hint = self.answered.as_ref().or(hint);
        Request {
            key,
            provider: self.provider.clone(),
            kind: self.address.kind.clone(),
            scope: self.scope.clone(),
            target: Target {
                address: self.address.to_string().into(),
                id,
                hint: hint.cloned().unwrap_or_else(Value::null),
            },
        }
    }
}
