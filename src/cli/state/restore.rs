//! `lifeboat state restore`

use std::time::Duration;

use lifeboat_state::backend::{BackendError, StateBackend as _};
use lifeboat_state::generation::GenerationError;

use super::{no_generation, origin, refused};
use crate::cli::exit::Exit;
use crate::cli::workspace::Workspace;

/// Runs `state restore`: takes an earlier generation back.
pub(super) async fn run(workspace: &Workspace, serial: u64) -> Result<Exit, Exit> {
    let backend = workspace.backend().await?;
    let guard = workspace.lock(&backend, "OperationTypeRestore", Duration::ZERO).await?;
    let commit = origin::token("state restore", guard.info());
    let restored = backend.restore(&guard, serial, &commit).await;
    let kept = backend.serials().await.unwrap_or_default();
    let released = backend.unlock(guard).await;
    match (restored, released) {
        (Err(BackendError::Generation(GenerationError::NotFound { .. })), _) => {
            Err(refused(workspace, no_generation(serial, &kept)))
        }
        (Ok(head), Ok(())) => {
            let text = format!("Generation {serial} is back as generation {}.\n", head.serial);
            workspace.output.result(&text);
            Ok(Exit::Done)
        }
        (Err(error), _) | (_, Err(error)) => Err(workspace.failed(&error)),
    }
}
