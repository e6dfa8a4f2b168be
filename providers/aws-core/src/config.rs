//! `Config`: the `provider "aws"` block, with Terraform's names and a few of ours.

use std::collections::{BTreeMap, BTreeSet};

use lifeboat_sdk_derive::Kind;

/// How AWS is reached and with which credentials.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Config {
    /// The region of objects that name none. Else `AWS_REGION`, `AWS_DEFAULT_REGION`, the
    /// profile's region.
    #[kind(optional)]
    pub region: Option<String>,
    /// The profile of the shared configuration files. It goes before credentials in the
    /// environment.
    #[kind(optional)]
    pub profile: Option<String>,
    /// An access key; better given by the environment or a profile.
    #[kind(optional)]
    pub access_key: Option<String>,
    /// Its secret.
    #[kind(optional, sensitive)]
    pub secret_key: Option<String>,
    /// The session token of temporary credentials.
    #[kind(optional, sensitive)]
    pub token: Option<String>,
    /// The accounts that may be worked in; any where none is named.
    #[kind(optional)]
    pub allowed_account_ids: BTreeSet<String>,
    /// Calls in flight in one account, region and service; where nothing is said, 64 while reading
    /// for a plan and 32 while applying.
    #[kind(optional)]
    pub max_concurrency: Option<i64>,
    /// Buckets in the path instead of the host name; always so where the endpoint is an IP
    /// address or `localhost`.
    #[kind(optional)]
    pub s3_use_path_style: Option<bool>,
    /// Taken so that a block written for Terraform works; credentials are checked by the first
    /// call that needs them.
    #[kind(optional)]
    pub skip_credentials_validation: Option<bool>,
    /// Whether names of regions are not compared with those that are known.
    #[kind(optional)]
    pub skip_region_validation: Option<bool>,
    /// Taken so that a block written for Terraform works; the account is asked for only where it
    /// is needed.
    #[kind(optional)]
    pub skip_requesting_account_id: Option<bool>,
    /// Whether credentials are not looked for at the metadata service of EC2.
    #[kind(optional)]
    pub skip_metadata_api_check: Option<bool>,
    /// A role to assume before any other call.
    #[kind(block(max = 1))]
    pub assume_role: Vec<AssumeRole>,
    /// Tags of every object that has tags.
    #[kind(block(max = 1))]
    pub default_tags: Vec<DefaultTags>,
    /// Endpoints in place of AWS's own; `{region}` stands for the region called.
    #[kind(block(max = 1))]
    pub endpoints: Vec<Endpoints>,
    /// How long calls may take.
    #[kind(block(max = 1))]
    pub deadlines: Vec<Deadlines>,
    /// How many calls are made in a second.
    #[kind(block(max = 1))]
    pub rate_limits: Vec<RateLimits>,
}

/// A role and how it is assumed, by the STS of the region called.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct AssumeRole {
    /// The role's ARN.
    pub role_arn: String,
    /// The session's name in CloudTrail.
    #[kind(optional)]
    pub session_name: Option<String>,
    /// What the role's trust policy asks for.
    #[kind(optional)]
    pub external_id: Option<String>,
    /// How long the credentials are valid: `1h`.
    #[kind(optional)]
    pub duration: Option<String>,
    /// A policy that narrows the role's.
    #[kind(optional, json)]
    pub policy: Option<String>,
}

/// Tags of every object that has tags.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct DefaultTags {
    /// The tags.
    #[kind(optional)]
    pub tags: BTreeMap<String, String>,
}

/// Endpoints by service. Else `AWS_ENDPOINT_URL_S3` and the like, `AWS_ENDPOINT_URL`.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Endpoints {
    /// S3
    #[kind(optional)]
    pub s3: Option<String>,
    /// Route 53
    #[kind(optional)]
    pub route53: Option<String>,
    /// EC2
    #[kind(optional)]
    pub ec2: Option<String>,
    /// EC2 Auto Scaling
    #[kind(optional)]
    pub autoscaling: Option<String>,
    /// IAM
    #[kind(optional)]
    pub iam: Option<String>,
    /// STS
    #[kind(optional)]
    pub sts: Option<String>,
}

/// How long calls may take, such as `500ms`, `5s` or `2m`.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Deadlines {
    /// Until a connection is made.
    #[kind(default = "\"2s\"")]
    pub connect: Option<String>,
    /// One attempt of a reading call.
    #[kind(default = "\"5s\"")]
    pub attempt: Option<String>,
    /// A whole operation with its attempts, while applying.
    #[kind(default = "\"60s\"")]
    pub operation: Option<String>,
}

/// Calls a second by service; 0 is no limit.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct RateLimits {
    /// S3
    #[kind(default = "0")]
    pub s3: Option<f64>,
    /// Route 53: AWS takes five a second of an account.
    #[kind(default = "5")]
    pub route53: Option<f64>,
    /// EC2
    #[kind(default = "0")]
    pub ec2: Option<f64>,
    /// EC2 Auto Scaling
    #[kind(default = "0")]
    pub autoscaling: Option<f64>,
    /// IAM
    #[kind(default = "0")]
    pub iam: Option<f64>,
    /// STS
    #[kind(default = "0")]
    pub sts: Option<f64>,
}
