//! `lifeboat state restore`

use lifeboat_state::backend::{BackendError, StateBackend as _, StoreBackend};
use lifeboat_state::generation::GenerationError;
use serde_json::json;

use super::{no_generation, options, origin, patience, refused};
use crate::cli::exit::Exit;
use crate::cli::workspace::Workspace;

/// Runs `state restore`: takes an earlier generation back.
pub(super) async fn run(
    workspace: &Workspace,
    backend: &StoreBackend,
    args: &options::Restore,
) -> Result<Exit, Exit> {
    let (serial, timeout) = (args.serial, patience(workspace, &args.locking)?);
    let guard = workspace.lock(backend, "OperationTypeRestore", timeout).await?;
    let commit = origin::token("state restore", guard.info());
    let restored = backend.restore(&guard, serial, &commit).await;
    let kept = backend.serials().await.unwrap_or_default();
    let released = backend.unlock(guard).await;
    match (restored, released) {
        (Err(BackendError::Generation(GenerationError::NotFound { .. })), _) => {
            Err(refused(workspace, no_generation(serial, &kept)))
        }
        (Ok(head), Ok(())) => {
            let made = head.serial;
            let text = if args.json {
                let document =
                    json!({ "format_version": "1.0", "serial": made, "restored": serial });
                format!("{document:#}\n")
            } else {
                format!("Generation {serial} is back as generation {made}.\n")
            };
            workspace.output.result(&text);
            Ok(Exit::Done)
        }
        (Err(error), _) | (_, Err(error)) => Err(workspace.failed(&error)),
    }
}
