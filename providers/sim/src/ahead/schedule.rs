//! `aws_scheduler_schedule`: whether EventBridge Scheduler starts something at its times.

use lifeboat_sdk::{
    Change, Ctx, Finding, Kind, Name, Observation, Outcome, Ownership, Path, Scope, Service,
    Target, Value,
};
use lifeboat_sdk_derive::Kind;

use super::{named, text, unmade, unread};

/// The states of a schedule (EventBridge Scheduler API reference, `UpdateSchedule`).
const STATES: [&str; 2] = ["ENABLED", "DISABLED"];

/// Whether a schedule that others made starts anything.
///
/// It is *operated*: it is not made with this, and stays as it is when this goes.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Schedule {
    /// Its name.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The group that it is in.
    #[kind(default = "\"default\"", forces_replacement, identity)]
    pub group_name: Option<String>,
    /// `ENABLED` or `DISABLED`.
    #[kind(required)]
    pub state: String,
    /// Its region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// Group and name.
    #[kind(computed, identity)]
    pub id: Option<String>,
}

/// The kind `aws_scheduler_schedule`.
#[derive(Debug)]
pub struct ScheduleKind;

impl Kind for ScheduleKind {
    type Object = Schedule;
    const NAME: &'static str = "aws_scheduler_schedule";
    const SERVICE: Service = Service { name: "scheduler", home: None };
    const OWNERSHIP: Ownership = Ownership::Operated;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        let (group, name) = (named(desired, "group_name"), named(desired, "name")?);
        Some(format!("{}/{name}", group.as_deref().unwrap_or("default")).into())
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let wrong = text(document, "state").filter(|state| !STATES.contains(state));
        let wrong = wrong.map(|state| Finding {
            path: Path::attr("state"),
            summary: "There is no such state of a schedule",
            detail: format!("A schedule is ENABLED or DISABLED, not {state:?}."),
            help: "Write ENABLED or DISABLED.".into(),
            warning: false,
        });
        wrong.into_iter().collect()
    }

    async fn read(
        &self,
        _ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<Schedule>> {
        unread(scope, targets.len())
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<Schedule>>,
    ) -> Vec<Outcome<Schedule>> {
        unmade(changes.len())
    }
}
