//! Changes of what state knows: under the lock, as a new generation, never over an open run.

use lifeboat_sdk::Diagnostic;
use lifeboat_state::backend::{Loaded, StateBackend as _, StoreBackend};
use lifeboat_state::lock::LockGuard;
use lifeboat_state::model::State;

use super::{options, origin, patience, refused};
use crate::cli::exit::Exit;
use crate::cli::failure;
use crate::cli::workspace::Workspace;

/// How often a commit is tried whose fate is not known: the same token finds an earlier one.
const COMMITS: usize = 3;

/// What a change came to.
pub(super) struct Changed<T> {
    /// What the change says of itself.
    pub(super) what: T,
    /// The generation that holds it; `None` where it was only tried.
    pub(super) serial: Option<u64>,
}

/// Changes the newest state. Without the lock where it is only tried.
pub(super) async fn change<T>(
    workspace: &Workspace,
    backend: &StoreBackend,
    command: &str,
    options: &options::Change,
    edit: impl FnOnce(Option<&mut State>) -> Result<T, Diagnostic>,
) -> Result<Changed<T>, Exit> {
    let timeout = patience(workspace, &options.locking)?;
    if options.dry_run {
        let loaded = newest(workspace, backend, ", or is at work now").await?;
        let mut state = loaded.map(|loaded| loaded.state);
        let what = edit(state.as_mut()).map_err(|why| refused(workspace, why))?;
        return Ok(Changed { what, serial: None });
    }
    let guard = workspace.lock(backend, operation(command), timeout).await?;
    let changed = locked(workspace, backend, &guard, command, edit).await;
    match (backend.unlock(guard).await, changed) {
        (Ok(()), changed) => changed,
        // Told when it was found out.
        (Err(error), Err(exit)) if failure::is_lost(&error) => Err(exit),
        (Err(error), _) => Err(workspace.failed(&error)),
    }
}

/// As Terraform's lock names operations.
fn operation(command: &str) -> &'static str {
    if command == "state mv" { "OperationTypeStateMv" } else { "OperationTypeStateRm" }
}

async fn locked<T>(
    workspace: &Workspace,
    backend: &StoreBackend,
    guard: &LockGuard,
    command: &str,
    edit: impl FnOnce(Option<&mut State>) -> Result<T, Diagnostic>,
) -> Result<Changed<T>, Exit> {
    let Some(Loaded { mut state, head, .. }) = newest(workspace, backend, "").await? else {
        let what = edit(None).map_err(|why| refused(workspace, why))?;
        return Ok(Changed { what, serial: None });
    };
    let what = edit(Some(&mut state)).map_err(|why| refused(workspace, why))?;
    env!("CARGO_PKG_VERSION").clone_into(&mut state.tool_version);
    let token = origin::token(command, guard.info());
    let mut tries = 1;
    let head = loop {
        match backend.commit(guard, Some(&head), &token, &state).await {
            Ok(head) => break head,
            Err(error) if tries >= COMMITS || failure::is_lost(&error) => {
                return Err(workspace.failed(&error));
            }
            Err(_) => tries += 1,
        }
    };
    Ok(Changed { what, serial: Some(head.serial) })
}

/// The newest state, unless a run is open: its journal holds what state does not have yet. `or` is
/// what else it may be than interrupted.
async fn newest(
    workspace: &Workspace,
    backend: &StoreBackend,
    or: &str,
) -> Result<Option<Loaded>, Exit> {
    let open = backend.open_runs().await.map_err(|error| workspace.failed(&error))?;
    if let Some(open) = open.first() {
        let command = open.run.as_ref().map_or("run", |run| &run.begin.command);
        let detail = format!(
            "{command} {} was interrupted{or}: its journal holds what the state does not have yet, \
             and names objects by their addresses of now.",
            open.id
        );
        let why = Diagnostic::error("state::open_run", "An open run is not settled yet", detail)
            .help("Run `lifeboat apply`, which settles it; then run this again.");
        return Err(refused(workspace, why));
    }
    backend.load().await.map_err(|error| workspace.failed(&error))
}
