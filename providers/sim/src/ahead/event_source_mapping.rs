//! `aws_lambda_event_source_mapping`: whether a function takes what is in a queue or stream.

use std::time::Duration;

use lifeboat_sdk::Ownership;
use lifeboat_sdk_derive::Kind;

use super::kind::Ahead;

/// Whether a function that others made takes what is in its queue or stream.
///
/// It is *operated*: it is not made with this, and stays as it is when this goes.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct EventSourceMapping {
    /// The mapping.
    #[kind(required, forces_replacement, identity)]
    pub uuid: String,
    /// Whether the function is called. Disabled means that no call runs any more, either.
    #[kind(required)]
    pub enabled: bool,
    /// Its region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// The mapping.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

impl Ahead for EventSourceMapping {
    const NAME: &'static str = "aws_lambda_event_source_mapping";
    const SERVICE: &'static str = "lambda";
    const NAMED_BY: &'static str = "uuid";
    const OWNERSHIP: Ownership = Ownership::Operated;
    /// As long as Terraform waits for enabling or disabling.
    const LIMIT: Option<Duration> = Some(Duration::from_secs(600));
}
