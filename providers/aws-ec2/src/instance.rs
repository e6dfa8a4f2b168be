//! Instances as EC2 lists them: for their state and for the data source.

use aws_sdk_ec2::types::Instance;
use lifeboat_sdk::Call;

use crate::find::listed;

/// Lists instances.
pub(crate) const LIST: Call = Call::read("ec2", "DescribeInstances", "ec2:DescribeInstances");

/// Instances in one page (EC2 API reference, `DescribeInstances`).
const PAGE: i32 = 1000;

listed!(
    Instance, "instances", "instance-id" by instance_id, LIST,
    |client| client.describe_instances().max_results(PAGE), |answer| {
        answer.reservations.map(|reservations| {
            reservations.into_iter().flat_map(|it| it.instances.unwrap_or_default()).collect()
        })
    }
);
