//! EC2 Auto Scaling: the capacity of groups that others made; a regional control plane.
//!
//! Its calls need the region to be alive, but instances that run go on without it: capacity that
//! was there before a region was lost is statically stable, capacity that is asked for then is not.
#![allow(clippy::result_large_err, reason = "failures and observations are the contract's")]

mod by_hand;
mod find;
pub mod group;

use std::sync::Arc;

use aws_sdk_autoscaling::Client;
use lifeboat_aws_core::Clients;
use lifeboat_sdk::kind::{DynData, DynKind, erase};
use lifeboat_sdk::{Call, Ctx, Failure, Scope, Service};

/// EC2 Auto Scaling as a service: in each region.
pub const AUTOSCALING: Service = Service { name: "autoscaling", home: None };

/// Every call of this crate.
pub const CALLS: &[&Call] = &[&find::LIST, &group::RESUME, &group::SUSPEND, &group::UPDATE];

/// The kinds of Auto Scaling.
pub fn kinds(clients: &Clients) -> Vec<Arc<dyn DynKind>> {
    vec![erase(group::GroupKind(clients.clone()))]
}

/// The data sources of Auto Scaling: none yet.
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
        let config =
            aws_sdk_autoscaling::config::Builder::from(base.sdk()).interceptor(base.guard());
        Client::from_conf(config.build())
    };
    clients.client(scope, AUTOSCALING.name, make).await
}
