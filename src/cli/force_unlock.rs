//! `lifeboat force-unlock`, and what is said of a lock that another run holds.

use std::io::IsTerminal as _;

use lifeboat_state::backend::{BackendError, StateBackend as _};
use lifeboat_state::lock::LockError;

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;

/// Tells who holds the lock, as Terraform does.
pub fn locked(workspace: &Workspace, error: &BackendError) -> Exit {
    let BackendError::Lock(LockError::Held(holder)) = error else {
        return workspace.failed(error);
    };
    let info = &holder.info;
    let text = format!(
        "Lock Info:\n  ID:        {}\n  Path:      {}\n  Operation: {}\n  Who:       {}\n  Version:   {}\n  Created:   {}\n  Info:      {}\n\n\
         Another run changes this state now. Wait for it (-lock-timeout=5m waits),\n\
         or, if its process is gone for certain: lifeboat force-unlock {}",
        info.id,
        info.path,
        info.operation,
        info.who,
        info.version,
        info.created,
        info.info,
        info.id
    );
    workspace.output.error("Error acquiring the state lock", &text);
    Exit::Error
}

/// Runs `force-unlock`.
pub async fn run(workspace: &Workspace, args: &args::ForceUnlock) -> Exit {
    let backend = match workspace.backend().await {
        Ok(backend) => backend,
        Err(exit) => return exit,
    };
    if !args.force {
        let question = "Do you really want to break the lock?\n  What its run has in flight is settled by the next apply.\n  Only 'yes' will be accepted to confirm.\n\n  Enter a value: ";
        match workspace.ask(question).await {
            Ok(answer) if answer == "yes" => {}
            Ok(_) => {
                let asked = std::io::stdin().is_terminal();
                let hint = if asked { "" } else { " (-force does not ask)" };
                workspace.output.note(&format!("\nforce-unlock cancelled{hint}.\n"));
                return Exit::Error;
            }
            Err(exit) => return exit,
        }
    }
    let by = workspace.lock_info("OperationTypeForceUnlock").who;
    match backend.force_unlock(&args.id, &by, "force-unlock").await {
        Ok(holder) => {
            workspace.output.result(&format!(
                "The lock of {} has been broken. The next apply settles what its run left open.\n",
                crate::view::escape::line(&holder.info.who)
            ));
            Exit::Done
        }
        Err(error) => workspace.failed(&error),
    }
}
