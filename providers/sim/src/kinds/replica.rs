//! `sim_replica`: a copy of a store, a part of it, whose direction follows the region's role.

use lifeboat_sdk::{
    Change, Ctx, Kind, Name, Observation, Outcome, Ownership, RoleContext, RolePlan, Scope,
    Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use super::{SIM, text, unmade, unread};

/// `sim_replica`: the replication of a store.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Replica {
    /// The store that it is a part of.
    #[kind(required, forces_replacement, identity)]
    pub store: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// The ARN of the store at the other end.
    pub peer_arn: Option<String>,
    /// How many copies are made at once.
    #[kind(default = "1")]
    pub streams: Option<i64>,
    /// The only role in which it exists: `primary` or `standby`; in both if not said.
    pub only: Option<String>,
    /// `send` in the primary, `receive` in a standby.
    #[kind(role)]
    pub direction: Option<String>,
    /// The id: `replica/STORE`.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The state of the copy.
    #[kind(computed)]
    pub status: Option<String>,
}

/// The kind `sim_replica`.
#[derive(Debug)]
pub struct ReplicaKind;

impl Kind for ReplicaKind {
    type Object = Replica;
    const NAME: &'static str = "sim_replica";
    const SERVICE: Service = SIM;
    const OWNERSHIP: Ownership = Ownership::Parent;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        text(desired, "store").map(|store| format!("replica/{store}").into())
    }

    fn plan_role(&self, role: &RoleContext, document: &Value) -> RolePlan {
        let (now, direction) =
            if role.primary { ("primary", "send") } else { ("standby", "receive") };
        match text(document, "only") {
            Some(only) if only != now => RolePlan::AbsentByRole,
            _ => RolePlan::Document(document.with("direction", Value::string(direction))),
        }
    }

    async fn read(
        &self,
        _ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<Replica>> {
        unread(scope, targets.len())
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<Replica>>,
    ) -> Vec<Outcome<Replica>> {
        unmade(changes.len())
    }
}
