//! Instances as EC2 lists them: for their state and for the data source.

use aws_sdk_ec2::types::{Filter, Instance, Tag};
use lifeboat_aws_core::failure;
use lifeboat_sdk::{Call, Failure};

use crate::Api;
use crate::find::{Listed, Page};

/// Lists instances.
pub(crate) const LIST: Call = Call::read("ec2", "DescribeInstances", "ec2:DescribeInstances");

/// Instances in one page (EC2 API reference, `DescribeInstances`).
const PAGE: i32 = 1000;

impl Listed for Instance {
    const WHAT: &'static str = "instances";
    const ID: &'static str = "instance-id";
    const LIST: &'static Call = &LIST;

    fn id(&self) -> Option<&str> {
        self.instance_id.as_deref()
    }

    fn tags(&self) -> &[Tag] {
        self.tags()
    }

    async fn page(
        api: Api<'_>,
        filters: Vec<Filter>,
        token: Option<String>,
    ) -> Result<Page<Self>, Failure> {
        let call = || async {
            let input = api.client.describe_instances().max_results(PAGE);
            let input = input.set_filters(Some(filters.clone())).set_next_token(token.clone());
            input.send().await.map_err(failure)
        };
        let answer = api.ctx.call(&LIST, api.scope, call).await?;
        let items = answer.reservations.map(|reservations| {
            reservations.into_iter().flat_map(|it| it.instances.unwrap_or_default()).collect()
        });
        Ok(Page { items, next: answer.next_token })
    }
}
