//! `aws_rds_cluster_instance`: what serves the storage of a cluster of Aurora.

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk_derive::Kind;

use super::kind::Ahead;

/// An instance of a cluster of Aurora: it holds nothing by itself.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct RdsClusterInstance {
    /// Its identifier, unique in account and region.
    #[kind(required, forces_replacement, identity)]
    pub identifier: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// The cluster that it serves.
    #[kind(required, forces_replacement)]
    pub cluster_identifier: String,
    /// `aurora-postgresql` or `aurora-mysql`.
    #[kind(required, forces_replacement)]
    pub engine: String,
    /// Its size: `db.r6g.large`.
    #[kind(required)]
    pub instance_class: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: Option<BTreeMap<String, String>>,
    /// The id: the identifier.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
}

impl Ahead for RdsClusterInstance {
    const NAME: &'static str = "aws_rds_cluster_instance";
    const SERVICE: &'static str = "rds";
    const NAMED_BY: &'static str = "identifier";
    /// As long as Terraform waits for one.
    const LIMIT: Option<Duration> = Some(Duration::from_secs(5400));
}
