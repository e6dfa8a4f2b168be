//! IAM: roles and their inline policies; a global control plane at home in us-east-1.
//!
//! What IAM holds is enforced in every region without it: a role that exists can be assumed while
//! the control plane is down, but not made or changed.
#![allow(clippy::result_large_err, reason = "failures and observations are the contract's")]

pub mod role;
pub mod role_policy;

use std::sync::Arc;

use aws_sdk_iam::Client;
use lifeboat_aws_core::Clients;
use lifeboat_sdk::kind::{DynData, DynKind, erase};
use lifeboat_sdk::{Call, Ctx, Failure, Scope, Service};

/// IAM as a service.
pub const IAM: Service = Service { name: "iam", home: Some("us-east-1") };

/// Every call of this crate.
pub const CALLS: &[&Call] = &[
    &role::CREATE,
    &role::DELETE,
    &role::DELETE_BOUNDARY,
    &role::DETACH,
    &role::GET,
    &role::LIST,
    &role::LIST_ATTACHED,
    &role::LIST_INLINE,
    &role::LIST_PROFILES,
    &role::PUT_BOUNDARY,
    &role::TAG,
    &role::UNTAG,
    &role::UPDATE,
    &role::UPDATE_DESCRIPTION,
    &role::UPDATE_TRUST,
    &role_policy::DELETE,
    &role_policy::GET,
    &role_policy::PUT,
];

/// The code that proves that a role or a policy does not exist.
const GONE: &[&str] = &["NoSuchEntity"];

/// The kinds of IAM.
pub fn kinds(clients: &Clients) -> Vec<Arc<dyn DynKind>> {
    vec![
        erase(role::RoleKind(clients.clone())),
        erase(role_policy::RolePolicyKind(clients.clone())),
    ]
}

/// The data sources of IAM: none yet.
pub fn data_sources(_clients: &Clients) -> Vec<Arc<dyn DynData>> {
    Vec::new()
}

/// A client and where and how calls are made.
#[derive(Clone, Copy)]
pub(crate) struct Api<'a> {
    client: &'a Client,
    ctx: &'a Ctx,
    scope: &'a Scope,
}

/// The client of a scope.
async fn client(clients: &Clients, scope: &Scope) -> Result<Client, Failure> {
    let make = |base: &lifeboat_aws_core::Base| {
        let config = aws_sdk_iam::config::Builder::from(base.sdk()).interceptor(base.guard());
        Client::from_conf(config.build())
    };
    clients.client(scope, IAM.name, make).await
}

/// A policy document as IAM answers it: encoded for URLs (API reference, `GetRolePolicy`: "The
/// policies returned by this operation are URL-encoded compliant with RFC 3986").
fn document(answered: &str) -> String {
    if answered.trim_start().starts_with('{') {
        return answered.to_owned();
    }
    let mut bytes = Vec::with_capacity(answered.len());
    let mut rest = answered.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| answered.to_owned())
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn policies_are_answered_encoded() {
        let policy = "{\"Sid\": \"a+b ü\"}";
        assert_eq!(document("%7B%22Sid%22%3A%20%22a+b%20%C3%BC%22%7D"), policy);
        assert_eq!(document(policy), policy);
        assert_eq!(document(" {\"a\":\"100%25\"}"), " {\"a\":\"100%25\"}");
        assert_eq!(document("%7B%zz%7"), "{%zz%7");
    }
}
