//! Route 53: zones, health checks and records; a global control plane at home in us-east-1.
//!
//! Records of a zone are changed in batches that are made as a whole or not at all; health checks
//! and answers are a data plane, which needs no call of ours.
#![allow(clippy::result_large_err, reason = "failures and observations are the contract's")]

mod change;
pub mod health_check;
mod hook;
pub mod record;
mod reference;
mod tags;
pub mod zone;
pub mod zone_data;

use std::sync::Arc;

use aws_sdk_route53::Client;
use lifeboat_aws_core::Clients;
use lifeboat_sdk::kind::{DynData, DynKind, erase, erase_data};
use lifeboat_sdk::{Call, Class, Ctx, Failure, Scope, Service};

/// Route 53 as a service.
pub const ROUTE53: Service = Service { name: "route53", home: Some("us-east-1") };

/// Every call of this crate.
pub const CALLS: &[&Call] = &[
    &change::GET_CHANGE,
    &health_check::CREATE,
    &health_check::DELETE,
    &health_check::GET,
    &health_check::LIST,
    &health_check::UPDATE,
    &record::CHANGE,
    &record::LIST,
    &tags::CHANGE,
    &tags::LIST,
    &tags::LIST_ONE,
    &zone::CREATE,
    &zone::DELETE,
    &zone::GET,
    &zone::LIST,
    &zone::UPDATE_COMMENT,
    &zone_data::LIST_BY_NAME,
];

/// The kinds of Route 53.
pub fn kinds(clients: &Clients) -> Vec<Arc<dyn DynKind>> {
    vec![
        erase(health_check::HealthCheckKind(clients.clone())),
        erase(record::RecordKind(clients.clone())),
        erase(zone::ZoneKind(clients.clone())),
    ]
}

/// The data sources of Route 53.
pub fn data_sources(clients: &Clients) -> Vec<Arc<dyn DynData>> {
    vec![erase_data(zone_data::ZoneData(clients.clone()))]
}

/// A client and where and how calls are made.
#[derive(Clone, Copy)]
pub(crate) struct Api<'a> {
    client: &'a Client,
    ctx: &'a Ctx,
    scope: &'a Scope,
}

/// The answer of a call that says nothing. The API reference lets `ChangeTagsForResource` and
/// `DeleteHealthCheck` answer with an empty body, which is garbled for every other call.
fn silent<T>(answer: Result<T, Failure>) -> Result<(), Failure> {
    match answer {
        Err(f) if f.class == Class::Garbled && f.message == "the answer is empty" => Ok(()),
        answer => answer.map(drop),
    }
}

/// The client of a scope.
async fn client(clients: &Clients, scope: &Scope) -> Result<Client, Failure> {
    let make = |base: &lifeboat_aws_core::Base| {
        let config = aws_sdk_route53::config::Builder::from(base.sdk()).interceptor(base.guard());
        Client::from_conf(config.build())
    };
    clients.client(scope, ROUTE53.name, make).await
}
