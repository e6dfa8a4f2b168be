//! The capacity of a group as the AWS CLI changes it.

use std::collections::BTreeSet;

use lifeboat_aws_core::aws;
use lifeboat_sdk::{ChangeAction, Line, Scope};

use crate::group::Group;

/// What a person types: what differs is set, and a capacity is waited for.
pub(crate) fn lines(scope: &Scope, action: &ChangeAction<Group>) -> Vec<Line> {
    let (before, after) = match action {
        ChangeAction::Create { after } => (None, after),
        ChangeAction::Update { before, after, .. } => (Some(before), after),
        ChangeAction::Delete { .. } => {
            return vec![Line::Note("It is somebody else's, and stays as it is.".to_owned())];
        }
    };
    let of = |operation: &str| {
        aws(scope, "autoscaling", operation).option("--auto-scaling-group-name", &after.name)
    };
    let mut lines = Vec::new();
    let number = |size: Option<i64>| size.map(|size| size.to_string());
    if after.min_size.or(after.max_size).or(after.desired_capacity).is_some() {
        let sizes = of("update-auto-scaling-group")
            .maybe("--min-size", number(after.min_size))
            .maybe("--max-size", number(after.max_size))
            .maybe("--desired-capacity", number(after.desired_capacity));
        lines.push(sizes.into());
    }
    if let Some(wanted) = &after.suspended_processes {
        let none = BTreeSet::new();
        let had = before.and_then(|before| before.suspended_processes.as_ref()).unwrap_or(&none);
        for (operation, names) in [
            ("suspend-processes", wanted.difference(had).collect::<Vec<_>>()),
            ("resume-processes", had.difference(wanted).collect()),
        ] {
            // Without any process named it means all of them.
            if !names.is_empty() {
                let command = of(operation).word("--scaling-processes");
                lines.push(names.into_iter().fold(command, |all, name| all.word(name)).into());
            }
        }
    }
    if let Some(wanted) = after.desired_capacity {
        let instances = "AutoScalingGroups[0].Instances";
        let reached = match wanted {
            0 => format!("length({instances}) == `0`"),
            _ => {
                format!("length({instances}[?LifecycleState=='InService']) >= `{wanted}`")
            }
        };
        let look = aws(scope, "autoscaling", "describe-auto-scaling-groups")
            .option("--auto-scaling-group-names", &after.name)
            .option("--query", reached)
            .option("--output", "text");
        lines.push(look.until("True").into());
    }
    lines
}
