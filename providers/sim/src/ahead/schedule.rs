//! `aws_scheduler_schedule`: whether EventBridge Scheduler starts something at its times.

use lifeboat_sdk::{Finding, Name, Ownership, Path, Value};
use lifeboat_sdk_derive::Kind;

use super::kind::Ahead;
use super::text;

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

impl Ahead for Schedule {
    const NAME: &'static str = "aws_scheduler_schedule";
    const SERVICE: &'static str = "scheduler";
    const NAMED_BY: &'static str = "name";
    const OWNERSHIP: Ownership = Ownership::Operated;

    fn id_of(desired: &Value) -> Option<Name> {
        let (group, name) = (text(desired, "group_name"), text(desired, Self::NAMED_BY)?);
        Some(format!("{}/{name}", group.unwrap_or("default")).into())
    }

    fn validate(document: &Value) -> Vec<Finding> {
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
}
