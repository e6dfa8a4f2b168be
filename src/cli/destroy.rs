//! `lifeboat destroy`: an apply of a plan that removes all.

use super::exit::Exit;
use super::workspace::Workspace;
use super::{apply, args};

/// Runs `destroy`.
pub async fn run(workspace: &Workspace, args: args::Destroy) -> Exit {
    let args::Destroy { planning, consent, locking } = args;
    let given = args::Apply { planning, consent, locking, destroy: true, ..args::Apply::default() };
    apply::run(workspace, given).await
}
