//! `data "aws_instances"`: instances that exist already.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Instance;
use lifeboat_aws_core::Clients;
use lifeboat_aws_core::tags::Tags;
use lifeboat_sdk::{Ctx, DataSource, Failure, Scope, Service};
use lifeboat_sdk_derive::Kind;

use crate::EC2;
use crate::find::filter;
use crate::query::{FilterBlock, ask, filters, ids};

/// Instances that exist already, in the order of their ids. None at all is an answer, too.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct InstancesQuery {
    /// Filters of `DescribeInstances`.
    #[kind(block, set)]
    pub filter: Vec<FilterBlock>,
    /// Tags that they have.
    #[kind(optional)]
    pub instance_tags: Tags,
    /// The states that they are in; `running` if none is named.
    #[kind(optional)]
    pub instance_state_names: BTreeSet<String>,
    /// The region that is asked.
    #[kind(optional_computed)]
    pub region: Option<String>,
    /// Their ids.
    #[kind(computed)]
    pub ids: Vec<String>,
    /// The private addresses of those that have one.
    #[kind(computed)]
    pub private_ips: Vec<String>,
    /// The public addresses of those that have one.
    #[kind(computed)]
    pub public_ips: Vec<String>,
    /// The IPv6 addresses of those that have one.
    #[kind(computed)]
    pub ipv6_addresses: Vec<String>,
    /// The region.
    #[kind(computed)]
    pub id: Option<String>,
}

/// `data "aws_instances"`
#[derive(Clone, Debug)]
pub struct InstancesData(pub Clients);

impl DataSource for InstancesData {
    type Object = InstancesQuery;
    const NAME: &'static str = "aws_instances";
    const SERVICE: Service = EC2;

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        document: InstancesQuery,
    ) -> Result<InstancesQuery, Failure> {
        let mut asked = filters(&document.filter, &document.instance_tags);
        let mut states = document.instance_state_names.clone();
        if states.is_empty() {
            states.insert("running".to_owned());
        }
        asked.push(filter("instance-state-name", states));
        let found = ask::<Instance>(&self.0, ctx, scope, asked).await?;
        let all = |address: fn(&Instance) -> Option<&str>| {
            found.iter().filter_map(address).map(str::to_owned).collect()
        };
        let region = scope.location.region().to_string();
        Ok(InstancesQuery {
            ids: ids(&found),
            private_ips: all(Instance::private_ip_address),
            public_ips: all(Instance::public_ip_address),
            ipv6_addresses: all(Instance::ipv6_address),
            id: Some(region.clone()),
            region: Some(region),
            ..document
        })
    }
}
