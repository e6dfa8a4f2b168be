//! Who may approve promotions: as state has it, and what an apply of the files makes of it.

use lifeboat_sdk::Diagnostic;
use lifeboat_state::model::State;

use super::load::Loaded;
use super::roles::Course;
use crate::approval::{Policy, PolicyChange};
use crate::plan::{Plan, PlanMode};

/// Who may approve the next promotion: those of the last apply, whatever the files say that ask for
/// it. No commit approves itself.
///
/// # Errors
/// State holds a key that cannot be checked here: then nobody can tell who may approve.
pub fn bound(state: Option<&State>) -> Result<Policy, Box<Diagnostic>> {
    let Some(state) = state else { return Ok(Policy::default()) };
    let promotions = &state.promotions;
    Policy::of_lines(promotions.approvals, &promotions.approvers).map_err(|error| {
        let detail = format!("State holds an approver whose key cannot be checked: {error}.");
        let help = "Use the version of lifeboat that wrote this state, or a newer one.";
        let summary = "The approvers in state cannot be read";
        Box::new(Diagnostic::error("promotion::approvers", summary, detail).help(help))
    })
}

/// What an ordinary apply of the files makes of those in state.
pub(super) fn change(
    loaded: &Loaded,
    mode: PlanMode,
    course: &Course,
    bound: &Policy,
) -> Option<PolicyChange> {
    let topology = loaded.topology.as_ref()?;
    let after = &topology.declaration.failover.approvals;
    let binds = mode == PlanMode::Normal && *course == Course::Ordinary && after != bound;
    binds.then(|| PolicyChange { before: bound.clone(), after: after.clone() })
}

/// Keeps what the plan says of them.
pub(super) fn bind(state: &mut State, plan: &Plan) {
    if let Some(change) = &plan.approvers {
        state.promotions.approvals = change.after.needed;
        state.promotions.approvers = change.after.lines();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_state_that_cannot_be_checked_is_told_and_not_left_out() {
        let mut state = State::new("lineage", "0.1.0");
        state.promotions.approvals = 1;
        state.promotions.approvers = vec!["ssh-new AAAA alice".to_owned()];
        assert_eq!(bound(Some(&state)).unwrap_err().code, "promotion::approvers");
        assert_eq!(bound(None), Ok(Policy::default()));
    }
}
