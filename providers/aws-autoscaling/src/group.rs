//! `aws_autoscaling_group`: the capacity of a group that others made.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleState};
use futures_util::future::join_all;
use lifeboat_aws_core::{Clients, Codes as _, failure, validate, wait};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Ctx, Failure, Finding, Kind, Line, Name, Observation,
    Outcome, Ownership, Path, Present, Scope, Service, Target, Value, WriteFailure,
};
use lifeboat_sdk_derive::Kind;

use crate::{AUTOSCALING, Api, by_hand, find};

/// Changes a group's capacity.
pub(crate) const UPDATE: Call =
    Call::write("autoscaling", "UpdateAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup");
/// Suspends processes.
pub(crate) const SUSPEND: Call =
    Call::write("autoscaling", "SuspendProcesses", "autoscaling:SuspendProcesses");
/// Resumes processes.
pub(crate) const RESUME: Call =
    Call::write("autoscaling", "ResumeProcesses", "autoscaling:ResumeProcesses");

/// The processes of a group (Auto Scaling User Guide, "Suspend and resume Amazon EC2 Auto Scaling
/// processes").
const PROCESSES: &[&str] = &[
    "AZRebalance",
    "AddToLoadBalancer",
    "AlarmNotification",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
];

/// How long a change of capacity may take: as long as Terraform waits
/// (`wait_for_capacity_timeout`).
const LIMIT: Duration = Duration::from_secs(600);

/// Codes after which a later attempt may work: a change of the group goes on.
const BUSY: &[&str] = &["ResourceContention", "ScalingActivityInProgress"];

/// The capacity of a group that others made: how many instances run in a standby.
///
/// It is *operated*: what is not set is not looked at and stays as others set it, the group is not
/// made with this, and stays as it is when this goes. Another capacity is waited for: until so many
/// instances are in service, or, where there shall be none, until the last is gone. A group that
/// shall have none has those that are left.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Group {
    /// The group's name.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The least number of instances.
    #[kind(optional)]
    pub min_size: Option<i64>,
    /// The largest number of instances.
    #[kind(optional)]
    pub max_size: Option<i64>,
    /// How many instances there should be. Leave it out where policies or schedules change it.
    #[kind(optional)]
    pub desired_capacity: Option<i64>,
    /// The processes that are suspended, such as `Launch` or `ReplaceUnhealthy`; all others are
    /// resumed.
    #[kind(optional)]
    pub suspended_processes: Option<BTreeSet<String>>,
    /// Its region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// Its ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// Its name.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// The kind `aws_autoscaling_group`.
#[derive(Clone, Debug)]
pub struct GroupKind(pub Clients);

impl Kind for GroupKind {
    type Object = Group;
    const NAME: &'static str = "aws_autoscaling_group";
    const SERVICE: Service = AUTOSCALING;
    const OWNERSHIP: Ownership = Ownership::Operated;
    const LONGEST: Option<Duration> = Some(LIMIT);

    fn id_of(&self, desired: &Value) -> Option<Name> {
        desired.get("name").and_then(Value::as_str).map(Into::into)
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let mut findings = validate::one_of(document, &["suspended_processes"], PROCESSES);
        findings.extend(validate::region(document, &self.0));
        findings.extend(sizes(document));
        findings
    }

    async fn read(&self, ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Group>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(f) => return Observation::all_unreadable(targets, scope, &f),
        };
        let api = Api { client: &client, ctx, scope };
        let names: Vec<Name> = targets
            .iter()
            .map(|t| t.id.clone().or_else(|| self.id_of(&t.hint)).unwrap_or_default())
            .collect();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let observe = |(found, target): (find::Found, &Target)| match found {
            Ok(Ok(group)) => {
                let live = object(api, &group).of(&target.hint);
                Observation::Present(Present::new(live.name.clone(), live))
            }
            Ok(Err(proof)) => Observation::Absent(proof),
            Err(failure) => Observation::unreadable(scope, &failure),
        };
        find::find(api, &names).await.into_iter().zip(targets).map(observe).collect()
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<Group>>,
    ) -> Vec<Outcome<Group>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        let api = Api { client: &client, ctx, scope };
        join_all(changes.into_iter().map(|change| write(api, change))).await
    }

    fn commands(&self, scope: &Scope, changes: &[Change<Group>]) -> Option<Vec<Line>> {
        Some(changes.iter().flat_map(|change| by_hand::lines(scope, &change.action)).collect())
    }
}

// Writing

async fn write(api: Api<'_>, change: Change<Group>) -> Outcome<Group> {
    let (planned, after) = match change.action {
        ChangeAction::Create { after } => (None, after),
        ChangeAction::Update { before, after, .. } => (before.desired_capacity, after),
        // It is somebody else's, and stays as it is.
        ChangeAction::Delete { .. } => return Ok(None),
    };
    let live = there(api, &after.name).await?;
    let before = object(api, &live);
    resize(api, live.desired_capacity.map(i64::from), &before, &after).await?;
    switch(api, &before, &after).await?;
    // Whether it is empty is looked at however often it was told to be.
    let wanted = after.desired_capacity.filter(|n| *n == 0 || planned != Some(*n));
    let object = Group { region: before.region, arn: before.arn, id: before.id, ..after };
    let present = Present::new(object.name.clone(), object);
    match wanted {
        Some(wanted) => match reached(api, &present.object.name, wanted).await {
            Ok(()) => Ok(Some(present)),
            Err(failure) => Err(WriteFailure { failure, half_made: Some(present) }),
        },
        None => Ok(Some(present)),
    }
}

/// Waits until a group has the capacity that it shall have.
async fn reached(api: Api<'_>, name: &str, wanted: i64) -> Result<(), Failure> {
    let look = || async { Ok(has(&there(api, name).await?, wanted).then_some(())) };
    let what = match wanted {
        0 => format!("{name} has no instance"),
        _ => format!("{wanted} instances of {name} are in service"),
    };
    let done = wait::until(api.ctx, LIMIT, &what, look).await;
    // It was asked for: that it is not there yet leaves nothing in doubt.
    done.map_err(|failure| match failure.call {
        None => failure.of(&find::LIST, api.scope),
        Some(_) => failure,
    })
}

/// Whether so many instances are in service; of a group without any, whether all are gone. That
/// more are there for a while hinders nobody, and that they go is others' to say.
fn has(group: &AutoScalingGroup, wanted: i64) -> bool {
    let instances = group.instances();
    let serves = |state: &Option<LifecycleState>| *state == Some(LifecycleState::InService);
    let serving = instances.iter().filter(|i| serves(&i.lifecycle_state)).count();
    match wanted {
        0 => instances.is_empty(),
        _ => i64::try_from(serving).is_ok_and(|serving| serving >= wanted),
    }
}

/// The group, which must exist.
async fn there(api: Api<'_>, name: &str) -> Result<AutoScalingGroup, Failure> {
    let gone = || {
        let text = format!("there is no Auto Scaling group {name}");
        Failure::new(Class::NotFound, text).of(&find::LIST, api.scope)
    };
    match find::find(api, &[name]).await.pop() {
        Some(found) => found?.map_err(|_| gone()),
        None => Err(gone()),
    }
}

/// Changes sizes that are set and differ, in one call. `asked` is the capacity that the group was
/// told to have.
async fn resize(
    api: Api<'_>,
    asked: Option<i64>,
    before: &Group,
    after: &Group,
) -> Result<(), Failure> {
    let sizes = [
        (before.min_size, after.min_size),
        (before.max_size, after.max_size),
        (asked, after.desired_capacity),
    ];
    let [min, max, desired] = sizes.map(|(before, after)| changed(before, after));
    let (min, max, desired) = (min?, max?, desired?);
    if [min, max, desired].iter().all(Option::is_none) {
        return Ok(());
    }
    let call = || async {
        let input = api.client.update_auto_scaling_group().auto_scaling_group_name(&after.name);
        let input = input.set_min_size(min).set_max_size(max).set_desired_capacity(desired);
        input.send().await.map_err(|e| failure(e).conflict(BUSY))
    };
    api.ctx.call(&UPDATE, api.scope, call).await.map(drop)
}

/// A size, where it is set and differs.
fn changed(before: Option<i64>, after: Option<i64>) -> Result<Option<i32>, Failure> {
    let number = after.filter(|_| before != after).map(i32::try_from).transpose();
    number.map_err(|_| Failure::new(Class::Invalid, "a size of the group is too large"))
}

/// Suspends and resumes what differs, where that is set.
async fn switch(api: Api<'_>, before: &Group, after: &Group) -> Result<(), Failure> {
    let (Some(old), Some(new)) = (&before.suspended_processes, &after.suspended_processes) else {
        return Ok(());
    };
    let suspend: Vec<String> = new.difference(old).cloned().collect();
    let resume: Vec<String> = old.difference(new).cloned().collect();
    // Without any process named, both calls mean all of them.
    if !suspend.is_empty() {
        let call = || async {
            let input = api.client.suspend_processes().auto_scaling_group_name(&after.name);
            let input = input.set_scaling_processes(Some(suspend.clone()));
            input.send().await.map_err(|e| failure(e).conflict(BUSY))
        };
        api.ctx.call(&SUSPEND, api.scope, call).await?;
    }
    if !resume.is_empty() {
        let call = || async {
            let input = api.client.resume_processes().auto_scaling_group_name(&after.name);
            let input = input.set_scaling_processes(Some(resume.clone()));
            input.send().await.map_err(|e| failure(e).conflict(BUSY))
        };
        api.ctx.call(&RESUME, api.scope, call).await?;
    }
    Ok(())
}

// Hooks

/// Sizes that contradict each other.
fn sizes(document: &Value) -> Vec<Finding> {
    let number = |name: &str| document.get(name).and_then(Value::as_i64);
    let (min, max, desired) = (number("min_size"), number("max_size"), number("desired_capacity"));
    let mut findings = Vec::new();
    let mut error = |at: &str, detail: String| {
        let help = "Write sizes with 0 <= min_size <= desired_capacity <= max_size.".to_owned();
        let summary = "sizes that contradict each other";
        findings.push(Finding { path: Path::attr(at), summary, detail, help, warning: false });
    };
    for (name, size) in [("min_size", min), ("max_size", max), ("desired_capacity", desired)] {
        if let Some(size) = size.filter(|size| *size < 0) {
            error(name, format!("{size} is below 0."));
        }
    }
    let pairs = [
        ("max_size", min, max, "min_size"),
        ("desired_capacity", min, desired, "min_size"),
        ("max_size", desired, max, "desired_capacity"),
    ];
    for (at, low, high, of) in pairs {
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            error(at, format!("{at} = {high} is below {of} = {low}."));
        }
    }
    findings
}

// Conversion

impl Group {
    /// What is ours of it: what state or configuration names.
    fn of(self, hint: &Value) -> Self {
        let ours = |name: &str| hint.get(name).is_some_and(|value| !value.is_null());
        Self {
            min_size: self.min_size.filter(|_| ours("min_size")),
            max_size: self.max_size.filter(|_| ours("max_size")),
            desired_capacity: self.desired_capacity.filter(|_| ours("desired_capacity")),
            suspended_processes: self.suspended_processes.filter(|_| ours("suspended_processes")),
            ..self
        }
    }
}

/// All that is live of it.
fn object(api: Api<'_>, group: &AutoScalingGroup) -> Group {
    let name = group.auto_scaling_group_name.clone().unwrap_or_default();
    let processes = group.suspended_processes().iter();
    Group {
        min_size: group.min_size.map(i64::from),
        max_size: group.max_size.map(i64::from),
        desired_capacity: capacity(group),
        suspended_processes: Some(
            processes.filter_map(|process| process.process_name.clone()).collect(),
        ),
        region: Some(api.scope.location.region().to_string()),
        arn: group.auto_scaling_group_arn.clone(),
        id: Some(name.clone()),
        name,
    }
}

/// The capacity that a group shall have. One that shall have none has what is left of it, so that
/// nobody takes it for empty before it is.
fn capacity(group: &AutoScalingGroup) -> Option<i64> {
    match group.desired_capacity? {
        0 => i64::try_from(group.instances().len()).ok(),
        some => Some(some.into()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::Instance;
    use lifeboat_sdk::{Object as _, Type};

    use super::*;

    fn judged(min: i64, desired: Option<i64>, max: i64) -> usize {
        let group = Group {
            name: "web".into(),
            min_size: Some(min),
            max_size: Some(max),
            desired_capacity: desired,
            ..Group::default()
        };
        GroupKind(Clients::unconfigured()).validate(&group.encode()).len()
    }

    #[test]
    fn sizes_must_fit_each_other() {
        assert_eq!(judged(0, Some(0), 0), 0);
        assert_eq!(judged(1, Some(2), 3), 0);
        assert_eq!(judged(1, None, 3), 0);
        assert_eq!(judged(3, None, 1), 1);
        assert_eq!(judged(1, Some(0), 3), 1);
        assert_eq!(judged(1, Some(4), 3), 1);
        assert_eq!(judged(-1, None, 3), 1);
    }

    #[test]
    fn only_what_is_set_is_ours() {
        let live = || Group {
            name: "web".into(),
            min_size: Some(1),
            max_size: Some(4),
            desired_capacity: Some(2),
            suspended_processes: Some(BTreeSet::new()),
            ..Group::default()
        };
        let hint = Group { max_size: Some(9), ..Group::default() }.encode();
        let ours = live().of(&hint);
        assert_eq!(ours, Group { name: "web".into(), max_size: Some(4), ..Group::default() });
        let unknown = hint.with("desired_capacity", Value::unknown(Type::Number));
        assert_eq!(live().of(&unknown).desired_capacity, Some(2));
    }

    #[test]
    fn unknown_sizes_and_processes_are_not_judged() {
        let kind = GroupKind(Clients::unconfigured());
        let group = Group { min_size: Some(5), ..Group::default() }.encode();
        let unknown = group.with("max_size", Value::unknown(Type::Number));
        assert!(kind.validate(&unknown).is_empty());
        let processes = |name: &str| Some(BTreeSet::from([name.to_owned()]));
        let of = |name| Group { suspended_processes: processes(name), ..Group::default() }.encode();
        assert!(kind.validate(&of("Launch")).is_empty());
        assert_eq!(kind.validate(&of("launch")).len(), 1);
    }

    /// A group that shall have so many instances, and has these.
    fn group(desired: i32, states: &[LifecycleState]) -> AutoScalingGroup {
        let instance =
            |state: &LifecycleState| Instance::builder().lifecycle_state(state.clone()).build();
        AutoScalingGroup::builder()
            .desired_capacity(desired)
            .set_instances(Some(states.iter().map(instance).collect()))
            .build()
    }

    #[test]
    fn a_group_is_not_empty_before_the_last_instance_is_gone() {
        use LifecycleState::{InService, Standby, Terminating};
        let leaves = group(0, &[Terminating, Standby]);
        assert_eq!((capacity(&leaves), has(&leaves, 0)), (Some(2), false));
        let empty = group(0, &[]);
        assert_eq!((capacity(&empty), has(&empty, 0)), (Some(0), true));
        // What shall be there is what it was told to have, whatever is there.
        assert_eq!(capacity(&group(3, &[InService])), Some(3));
    }

    #[test]
    fn capacity_is_there_when_so_many_are_in_service() {
        use LifecycleState::{InService, Pending, Terminating};
        assert!(!has(&group(2, &[InService, Pending]), 2));
        assert!(has(&group(2, &[InService, InService]), 2));
        assert!(has(&group(2, &[InService, InService, Terminating]), 2));
    }

    #[test]
    fn only_sizes_that_differ_are_sent() {
        assert_eq!(changed(Some(1), Some(1)), Ok(None));
        assert_eq!(changed(Some(1), Some(2)), Ok(Some(2)));
        assert_eq!(changed(Some(1), None), Ok(None));
        assert!(changed(None, Some(i64::MAX)).is_err());
    }
}
