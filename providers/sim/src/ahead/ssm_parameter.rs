//! `aws_ssm_parameter`: a value in the Parameter Store of Systems Manager, in one region.

use std::collections::BTreeMap;

use lifeboat_sdk_derive::Kind;

use super::kind::Ahead;

/// A value that programs look up by its name, in their own region.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct SsmParameter {
    /// Its name: `/orders/writer`.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// `String` or `StringList`. Secrets belong to Secrets Manager.
    #[kind(default = "\"String\"")]
    pub r#type: Option<String>,
    /// The value.
    #[kind(required)]
    pub value: String,
    /// What it is.
    pub description: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: Option<BTreeMap<String, String>>,
    /// The id: the name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// Counts its values.
    #[kind(computed, volatile)]
    pub version: Option<i64>,
}

impl Ahead for SsmParameter {
    const NAME: &'static str = "aws_ssm_parameter";
    const SERVICE: &'static str = "ssm";
    const NAMED_BY: &'static str = "name";
}
