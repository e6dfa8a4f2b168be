//! `sim_slow`: an object that takes its time, and may fail after it was made.

use std::time::Duration;

use lifeboat_sdk::{
    Change, Ctx, Kind, Name, Observation, Outcome, Ownership, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use super::{SIM, text, unmade, unread};
use crate::over::Behaviour;

/// `sim_slow`: an object that is usable some time after it was made.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Slow {
    /// The name, unique in its region.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// How long it and each change of it takes, in seconds.
    #[kind(default = "60")]
    pub delay: Option<i64>,
    /// Whether making it fails after that time.
    #[kind(default = "false")]
    pub fails: Option<bool>,
    /// The ids of what it needs.
    #[kind(set)]
    pub needs: Vec<String>,
    /// The id: the name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// `creating`, `ready` or `failed`.
    #[kind(computed, volatile)]
    pub status: Option<String>,
}

/// The kind `sim_slow`.
#[derive(Debug)]
pub struct SlowKind;

/// What a document says of the object's making.
pub(super) fn behaviour(document: &Value) -> Behaviour {
    let delay = document.get("delay").and_then(Value::as_i64).unwrap_or(0);
    Behaviour {
        takes: Duration::from_secs(u64::try_from(delay).unwrap_or(0)),
        fails: document.get("fails").and_then(Value::as_bool) == Some(true),
    }
}

impl Kind for SlowKind {
    type Object = Slow;
    const NAME: &'static str = "sim_slow";
    const SERVICE: Service = SIM;
    const OWNERSHIP: Ownership = Ownership::Name;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        text(desired, "name").map(Into::into)
    }

    async fn read(&self, _ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Slow>> {
        unread(scope, targets.len())
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<Slow>>,
    ) -> Vec<Outcome<Slow>> {
        unmade(changes.len())
    }
}
