//! What a saved plan is bound to: how things are when it is applied.

use lifeboat_state::model::State;

use super::workspace::{Workspace, current_files};
use crate::plan::{Plan, bind, file};
use crate::registry::Providers;

/// How things are, for the binding of a saved plan.
pub fn now(
    workspace: &Workspace,
    plan: &Plan,
    bytes: &[u8],
    state: Option<&State>,
    providers: &Providers,
) -> bind::Now {
    bind::Now {
        instant: workspace.now.to_string(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        state: state.map(|s| (s.lineage.clone(), s.serial, s.epoch)),
        applied: state.is_some_and(|state| state.has_consumed(&file::digest(bytes))),
        files: current_files(&workspace.root, plan).into_iter().collect(),
        identities: providers
            .0
            .values()
            .filter_map(|i| Some((i.name.to_string(), i.account.as_ref()?.to_string())))
            .collect(),
    }
}
