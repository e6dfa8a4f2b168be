//! `aws_lambda_event_source_mapping`: whether a function takes what is in a queue or stream.

use std::time::Duration;

use lifeboat_sdk::{
    Change, Ctx, Kind, Name, Observation, Outcome, Ownership, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use super::{named, unmade, unread};

/// How long enabling or disabling may take: as long as Terraform waits.
const LIMIT: Duration = Duration::from_secs(600);

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

/// The kind `aws_lambda_event_source_mapping`.
#[derive(Debug)]
pub struct EventSourceMappingKind;

impl Kind for EventSourceMappingKind {
    type Object = EventSourceMapping;
    const NAME: &'static str = "aws_lambda_event_source_mapping";
    const SERVICE: Service = Service { name: "lambda", home: None };
    const OWNERSHIP: Ownership = Ownership::Operated;
    const LONGEST: Option<Duration> = Some(LIMIT);

    fn id_of(&self, desired: &Value) -> Option<Name> {
        named(desired, "uuid")
    }

    async fn read(
        &self,
        _ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<EventSourceMapping>> {
        unread(scope, targets.len())
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<EventSourceMapping>>,
    ) -> Vec<Outcome<EventSourceMapping>> {
        unmade(changes.len())
    }
}
