//! `data "aws_ebs_volumes"`: volumes that exist already.

use aws_sdk_ec2::types::Volume;
use lifeboat_aws_core::Clients;
use lifeboat_aws_core::tags::Tags;
use lifeboat_sdk::{Call, Ctx, DataSource, Failure, Scope, Service};
use lifeboat_sdk_derive::Kind;

use crate::EC2;
use crate::find::listed;
use crate::query::{FilterBlock, ask, filters, ids};

/// Lists volumes.
pub(crate) const LIST: Call = Call::read("ec2", "DescribeVolumes", "ec2:DescribeVolumes");

/// Volumes in one page (EC2 API reference, `DescribeVolumes`).
const PAGE: i32 = 1000;

/// Volumes that exist already, in the order of their ids. None at all is an answer, too.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct VolumesQuery {
    /// Filters of `DescribeVolumes`.
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

/// `data "aws_ebs_volumes"`
#[derive(Clone, Debug)]
pub struct VolumesData(pub Clients);

impl DataSource for VolumesData {
    type Object = VolumesQuery;
    const NAME: &'static str = "aws_ebs_volumes";
    const SERVICE: Service = EC2;

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        document: VolumesQuery,
    ) -> Result<VolumesQuery, Failure> {
        let asked = filters(&document.filter, &document.tags);
        let found = ask::<Volume>(&self.0, ctx, scope, asked).await?;
        let region = scope.location.region().to_string();
        let id = Some(region.clone());
        Ok(VolumesQuery { ids: ids(&found), id, region: Some(region), ..document })
    }
}

listed!(
    Volume, "volumes", "volume-id" by volume_id, LIST,
    |client| client.describe_volumes().max_results(PAGE), |answer| answer.volumes
);
