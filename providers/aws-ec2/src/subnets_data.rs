//! `data "aws_subnets"`: subnets that exist already.

use aws_sdk_ec2::types::Subnet;
use lifeboat_aws_core::Clients;
use lifeboat_aws_core::tags::Tags;
use lifeboat_sdk::{Call, Ctx, DataSource, Failure, Scope, Service};
use lifeboat_sdk_derive::Kind;

use crate::EC2;
use crate::find::listed;
use crate::query::{FilterBlock, ask, filters, ids};

/// Lists subnets.
pub(crate) const LIST: Call = Call::read("ec2", "DescribeSubnets", "ec2:DescribeSubnets");

/// Subnets in one page (EC2 API reference, `DescribeSubnets`).
const PAGE: i32 = 1000;

/// Subnets that exist already, in the order of their ids. None at all is an answer, too.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct SubnetsQuery {
    /// Filters of `DescribeSubnets`.
    #[kind(block, set)]
    pub filter: Vec<FilterBlock>,
    /// Tags that they have.
    #[kind(optional)]
    pub tags: Tags,
    /// The region that is asked.
    #[kind(optional_computed)]
    pub region: Option<String>,
    /// Their ids.
    #[kind(computed)]
    pub ids: Vec<String>,
    /// The region.
    #[kind(computed)]
    pub id: Option<String>,
}

/// `data "aws_subnets"`
#[derive(Clone, Debug)]
pub struct SubnetsData(pub Clients);

impl DataSource for SubnetsData {
    type Object = SubnetsQuery;
    const NAME: &'static str = "aws_subnets";
    const SERVICE: Service = EC2;

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        document: SubnetsQuery,
    ) -> Result<SubnetsQuery, Failure> {
        let asked = filters(&document.filter, &document.tags);
        let found = ask::<Subnet>(&self.0, ctx, scope, asked).await?;
        let region = scope.location.region().to_string();
        let id = Some(region.clone());
        Ok(SubnetsQuery { ids: ids(&found), id, region: Some(region), ..document })
    }
}

listed!(
    Subnet, "subnets", "subnet-id" by subnet_id, LIST,
    |client| client.describe_subnets().max_results(PAGE), |answer| answer.subnets
);
