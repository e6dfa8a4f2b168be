//! `aws_ec2_instance_state`: whether an instance of somebody else's runs.

use std::time::Duration;

use aws_sdk_ec2::types::{Instance, InstanceStateName};
use futures_util::future::join_all;
use lifeboat_aws_core::{Clients, Codes as _, aws, failure, validate, wait};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Ctx, Failure, Finding, Kind, Line, Name, Observation,
    Outcome, Ownership, Present, Scope, Service, Target, Value, WriteFailure,
};
use lifeboat_sdk_derive::Kind;

use crate::find::{self, Found, Listed as _};
use crate::{Api, EC2, instance};

/// Starts instances.
pub(crate) const START: Call = Call::write("ec2", "StartInstances", "ec2:StartInstances");
/// Stops instances.
pub(crate) const STOP: Call = Call::write("ec2", "StopInstances", "ec2:StopInstances");

/// The codes that say that there is no such instance.
const GONE: &[&str] = &["InvalidInstanceID.NotFound"];

/// The states.
const STATES: &[&str] = &[RUNNING, STOPPED];
const RUNNING: &str = "running";
const STOPPED: &str = "stopped";

/// How long starting or stopping may take: as long as Terraform waits.
const LIMIT: Duration = Duration::from_secs(600);

/// Whether an instance that others made runs: a standby that is switched off until it is needed.
///
/// It is *operated*: it is not made with this, and stays as it is when this goes.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct InstanceState {
    /// The instance.
    #[kind(required, forces_replacement, identity)]
    pub instance_id: String,
    /// `running` or `stopped`.
    #[kind(required)]
    pub state: String,
    /// Whether it is stopped without a shutdown of its system. Data that is not written is lost.
    #[kind(default = "false")]
    pub force: bool,
    /// Its region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// The instance.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// The kind `aws_ec2_instance_state`.
#[derive(Clone, Debug)]
pub struct InstanceStateKind(pub Clients);

impl Kind for InstanceStateKind {
    type Object = InstanceState;
    const NAME: &'static str = "aws_ec2_instance_state";
    const SERVICE: Service = EC2;
    const OWNERSHIP: Ownership = Ownership::Operated;
    const LONGEST: Option<Duration> = Some(LIMIT);

    fn id_of(&self, desired: &Value) -> Option<Name> {
        desired.get("instance_id").and_then(Value::as_str).map(Into::into)
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let states = validate::one_of(document, &["state"], STATES);
        validate::region(document, &self.0).into_iter().chain(states).collect()
    }

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<InstanceState>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let named = find::named(targets, |hint| self.id_of(hint));
        let found = find::find_where::<Instance>(api, &named, exists).await;
        let observe = |(target, found): (&Target, Found<Instance>)| {
            found.observe(api, |live| {
                let force = target.hint.get("force").and_then(Value::as_bool).unwrap_or_default();
                let id = live.id().unwrap_or_default();
                let object = object(api, id, state(&live), force);
                Present::new(id, object)
            })
        };
        targets.iter().zip(found).map(observe).collect()
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<InstanceState>>,
    ) -> Vec<Outcome<InstanceState>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|change| write(api, change))).await
    }

    fn commands(&self, scope: &Scope, changes: &[Change<InstanceState>]) -> Option<Vec<Line>> {
        Some(changes.iter().flat_map(|change| lines(scope, &change.action)).collect())
    }
}

/// What a person types: the order, and the wait until it is carried out.
fn lines(scope: &Scope, action: &ChangeAction<InstanceState>) -> Vec<Line> {
    let after = match action {
        ChangeAction::Create { after } | ChangeAction::Update { after, .. } => after,
        ChangeAction::Delete { .. } => {
            return vec![Line::Note("It is somebody else's, and stays as it is.".to_owned())];
        }
    };
    let (operation, wait) = match &*after.state {
        RUNNING => ("start-instances", "instance-running"),
        _ => ("stop-instances", "instance-stopped"),
    };
    let mut order = aws(scope, "ec2", operation).option("--instance-ids", &after.instance_id);
    if after.force && after.state != RUNNING {
        order = order.word("--force");
    }
    let wait = aws(scope, "ec2", "wait").word(wait);
    vec![order.into(), wait.option("--instance-ids", &after.instance_id).into()]
}

async fn write(api: Api<'_>, change: Change<InstanceState>) -> Outcome<InstanceState> {
    let after = match change.action {
        ChangeAction::Create { after } | ChangeAction::Update { after, .. } => after,
        // It is somebody else's, and stays as it is.
        ChangeAction::Delete { .. } => return Ok(None),
    };
    let id = &*after.instance_id;
    let live = there(api, id).await?;
    if heading(&live) != after.state {
        switch(api, id, &after).await?;
    }
    let present = Present::new(id, object(api, id, &after.state, after.force));
    match reached(api, id, &after.state).await {
        Ok(()) => Ok(Some(present)),
        Err(failure) => Err(WriteFailure { failure, half_made: Some(present) }),
    }
}

/// The instance, which must exist.
async fn there(api: Api<'_>, id: &str) -> Result<Instance, Failure> {
    let found = find::get::<Instance>(api, id).await?.filter(exists);
    found.ok_or_else(|| {
        let text = format!("there is no instance {id}");
        Failure::new(Class::NotFound, text).of(&instance::LIST, api.scope)
    })
}

/// Asks for the other state. An instance that is just on its way takes no order; a later attempt
/// may work.
async fn switch(api: Api<'_>, id: &str, after: &InstanceState) -> Result<(), Failure> {
    let codes = |failure: Failure| failure.not_found(GONE).conflict(&["IncorrectInstanceState"]);
    if after.state == RUNNING {
        let call = || async {
            let answer = api.client.start_instances().instance_ids(id).send().await;
            answer.map_err(|e| codes(failure(e)))
        };
        return api.ctx.call(&START, api.scope, call).await.map(drop);
    }
    let call = || async {
        let input = api.client.stop_instances().instance_ids(id).force(after.force);
        input.send().await.map_err(|e| codes(failure(e)))
    };
    api.ctx.call(&STOP, api.scope, call).await.map(drop)
}

/// Waits until the instance is in a state.
async fn reached(api: Api<'_>, id: &str, state: &str) -> Result<(), Failure> {
    let look = || async {
        let live = there(api, id).await?;
        Ok((name(&live) == Some(state)).then_some(()))
    };
    let done = wait::until(api.ctx, LIMIT, &format!("{id} is {state}"), look).await;
    // It was asked for: that it is not there yet leaves nothing in doubt.
    done.map_err(|failure| match failure.call {
        None => failure.of(&instance::LIST, api.scope),
        Some(_) => failure,
    })
}

/// Whether an instance that is listed is one still: EC2 lists those that are terminated for an
/// hour.
fn exists(live: &Instance) -> bool {
    let state = live.state.as_ref().and_then(|state| state.name.as_ref());
    !matches!(state, Some(InstanceStateName::ShuttingDown | InstanceStateName::Terminated))
}

/// The state that an instance is in. One that is stopping runs until it has stopped: what a fence
/// waits for is not there before.
fn state(live: &Instance) -> &str {
    match name(live) {
        Some("stopping") => RUNNING,
        _ => heading(live),
    }
}

/// The state that an instance is in or on its way to.
fn heading(live: &Instance) -> &str {
    match name(live) {
        Some("pending") => RUNNING,
        Some("stopping") => STOPPED,
        other => other.unwrap_or_default(),
    }
}

fn name(live: &Instance) -> Option<&str> {
    live.state.as_ref()?.name.as_ref().map(InstanceStateName::as_str)
}

fn object(api: Api<'_>, id: &str, state: &str, force: bool) -> InstanceState {
    InstanceState {
        instance_id: id.to_owned(),
        state: state.to_owned(),
        force,
        region: Some(api.region().to_owned()),
        id: Some(id.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::InstanceState as State;
    use lifeboat_sdk::Object as _;

    use super::*;

    fn instance(name: InstanceStateName) -> Instance {
        Instance::builder().state(State::builder().name(name).build()).build()
    }

    #[test]
    fn an_instance_that_stops_runs_still_and_is_not_told_to_stop_again() {
        use InstanceStateName as Name;
        let cases = [
            (Name::Pending, RUNNING, RUNNING),
            (Name::Running, RUNNING, RUNNING),
            (Name::Stopping, RUNNING, STOPPED),
            (Name::Stopped, STOPPED, STOPPED),
        ];
        for (name, is, goes) in cases {
            let live = instance(name);
            assert_eq!((state(&live), heading(&live), exists(&live)), (is, goes, true));
        }
        for name in [Name::ShuttingDown, Name::Terminated] {
            assert!(!exists(&instance(name)));
        }
    }

    #[test]
    fn only_two_states_can_be_asked_for() {
        let kind = InstanceStateKind(Clients::unconfigured());
        let of = |state: &str| {
            let state = state.to_owned();
            kind.validate(&InstanceState { state, ..InstanceState::default() }.encode())
        };
        assert!(of(RUNNING).is_empty() && of(STOPPED).is_empty());
        assert_eq!(of("terminated").len(), 1);
    }
}
