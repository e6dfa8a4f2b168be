//! EC2: snapshots of volumes, their copies in other regions, whether instances run, and security
//! groups; a regional control plane.
//!
//! Objects are found by filters and not by ids: a filter takes two hundred of them, and one that is
//! missing does not fail the call for all others.
#![allow(clippy::result_large_err, reason = "failures and observations are the contract's")]

mod find;
pub mod instance;
pub mod instance_state;
pub mod instances_data;
pub mod query;
pub mod security_group;
pub mod security_group_ingress;
pub mod snapshot;
pub mod snapshot_copy;
pub mod subnets_data;
mod tags;
pub mod volumes_data;
pub mod vpc_data;

use std::sync::Arc;

use aws_sdk_ec2::Client;
use lifeboat_aws_core::Clients;
use lifeboat_sdk::kind::{DynData, DynKind, erase, erase_data};
use lifeboat_sdk::{Call, Ctx, Failure, Scope, Service};

/// EC2 as a service: in each region.
pub const EC2: Service = Service { name: "ec2", home: None };

/// Every call of this crate.
pub const CALLS: &[&Call] = &[
    &instance::LIST,
    &instance_state::START,
    &instance_state::STOP,
    &security_group::ALLOW_IN,
    &security_group::ALLOW_OUT,
    &security_group::CREATE,
    &security_group::DELETE,
    &security_group::DESCRIBE_IN,
    &security_group::DESCRIBE_OUT,
    &security_group::LIST,
    &security_group::REVOKE_IN,
    &security_group::REVOKE_OUT,
    &snapshot::CREATE,
    &snapshot::DELETE,
    &snapshot::LIST,
    &snapshot::tier::ARCHIVE,
    &snapshot::tier::LIST,
    &snapshot::tier::RESTORE,
    &snapshot_copy::COPY,
    &subnets_data::LIST,
    &tags::CREATE,
    &tags::DELETE,
    &volumes_data::LIST,
    &vpc_data::LIST,
];

/// The kinds of EC2.
pub fn kinds(clients: &Clients) -> Vec<Arc<dyn DynKind>> {
    vec![
        erase(instance_state::InstanceStateKind(clients.clone())),
        erase(security_group::SecurityGroupKind(clients.clone())),
        erase(security_group_ingress::IngressKind(clients.clone())),
        erase(snapshot::SnapshotKind(clients.clone())),
        erase(snapshot_copy::SnapshotCopyKind(clients.clone())),
    ]
}

/// The data sources of EC2.
pub fn data_sources(clients: &Clients) -> Vec<Arc<dyn DynData>> {
    vec![
        erase_data(instances_data::InstancesData(clients.clone())),
        erase_data(subnets_data::SubnetsData(clients.clone())),
        erase_data(volumes_data::VolumesData(clients.clone())),
        erase_data(vpc_data::VpcData(clients.clone())),
    ]
}

/// A client and where and how calls are made.
#[derive(Clone, Copy)]
pub(crate) struct Api<'a> {
    client: &'a Client,
    ctx: &'a Ctx,
    scope: &'a Scope,
}

impl Api<'_> {
    /// The region that is called.
    fn region(&self) -> &str {
        &self.scope.location.region().0
    }
}

/// The client of a scope.
async fn client(clients: &Clients, scope: &Scope) -> Result<Client, Failure> {
    let make = |base: &lifeboat_aws_core::Base| {
        let config = aws_sdk_ec2::config::Builder::from(base.sdk()).interceptor(base.guard());
        Client::from_conf(config.build())
    };
    clients.client(scope, EC2.name, make).await
}
