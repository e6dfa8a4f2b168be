//! `lifeboat force-unlock`, and what is said of a lock that another run holds.

use std::io::IsTerminal as _;

use lifeboat_state::backend::{BackendError, StateBackend as _, StoreBackend};
use lifeboat_state::lock::LockError;

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::view::escape;

/// How much is shown of a lock that cannot be read.
const SHOWN: usize = 200;

/// Tells who holds the lock, as Terraform does.
pub fn locked(workspace: &Workspace, error: &BackendError) -> Exit {
    let BackendError::Lock(LockError::Held(holder)) = error else {
        return workspace.failed(error);
    };
    let info = &holder.info;
    let text = format!(
        "Lock Info:\n  ID:        {}\n  Path:      {}\n  Operation: {}\n  Who:       {}, process {}\n  Version:   {}\n  Created:   {}\n  Info:      {}\n\n\
         Another run changes this state now. Wait for it (-lock-timeout=5m waits),\n\
         or, if its process is gone for certain: lifeboat force-unlock {}",
        info.id,
        info.path,
        operation(&info.operation),
        info.who,
        info.pid,
        info.version,
        info.created,
        info.info,
        info.id
    );
    workspace.output.error("Error acquiring the state lock", &text);
    Exit::Error
}

/// `apply`, where Terraform's lock says `OperationTypeApply`.
fn operation(stored: &str) -> String {
    let mut words = String::new();
    for c in stored.strip_prefix("OperationType").unwrap_or(stored).chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// Runs `force-unlock`.
pub async fn run(workspace: &Workspace, args: &args::ForceUnlock) -> Exit {
    let backend = match workspace.backend().await {
        Ok(backend) => backend,
        Err(exit) => return exit,
    };
    let broken = match backend.damaged_lock().await {
        Ok(Some(bytes)) => replace(workspace, args, &backend, &bytes).await,
        Ok(None) => by_id(workspace, args, &backend).await,
        Err(error) => Err(workspace.failed(&error)),
    };
    match broken {
        Ok(text) => {
            workspace.output.result(&text);
            Exit::Done
        }
        Err(exit) => exit,
    }
}

/// Breaks the lock of another run, whose id must be given.
async fn by_id(
    workspace: &Workspace,
    args: &args::ForceUnlock,
    backend: &StoreBackend,
) -> Result<String, Exit> {
    let Some(id) = &args.id else {
        return Err(nameless(workspace, backend).await);
    };
    let question = "Do you really want to break the lock?\n  What its run has in flight is settled by the next apply.\n  Only 'yes' will be accepted to confirm.\n\n  Enter a value: ";
    consent(workspace, args, question).await?;
    let by = workspace.lock_info("OperationTypeForceUnlock").who;
    let broken = backend.force_unlock(id, &by, "force-unlock").await;
    let holder = broken.map_err(|error| workspace.failed(&error))?;
    Ok(format!(
        "The lock of {} has been broken. The next apply settles what its run left open.\n",
        escape::line(&holder.info.who)
    ))
}

/// Without an id only a lock that cannot be read is broken; a sound one is named.
async fn nameless(workspace: &Workspace, backend: &StoreBackend) -> Exit {
    let holder = match backend.holder().await {
        Ok(holder) => holder,
        Err(error) => return workspace.failed(&error),
    };
    let text = match holder.map(|holder| holder.info) {
        Some(info) => format!(
            "{} holds the lock since {}. If that run is dead for certain:\n  \
             lifeboat force-unlock {}",
            info.who, info.created, info.id
        ),
        None => "The state is not locked: there is nothing to break.".to_owned(),
    };
    workspace.output.error("No lock is named", &text);
    Exit::Error
}

/// Puts a new lock record in the place of one that cannot be read.
async fn replace(
    workspace: &Workspace,
    args: &args::ForceUnlock,
    backend: &StoreBackend,
    bytes: &[u8],
) -> Result<String, Exit> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
    let more = if bytes.len() > SHOWN { "..." } else { "" };
    workspace.output.note(&format!(
        "The lock cannot be read, so nobody can tell who holds it. Its {} bytes are:\n  {}{more}\n\n",
        bytes.len(),
        escape::line(&start)
    ));
    let question = "Do you really want to put a new lock in its place?\n  Make sure that no lifeboat works on this state.\n  Only 'yes' will be accepted to confirm.\n\n  Enter a value: ";
    consent(workspace, args, question).await?;
    let by = workspace.lock_info("OperationTypeForceUnlock").who;
    let replaced = backend.replace_damaged_lock(&by, "force-unlock of a damaged lock").await;
    replaced.map_err(|error| workspace.failed(&error))?;
    Ok("The damaged lock has been replaced. The state is not locked now.\n".to_owned())
}

async fn consent(
    workspace: &Workspace,
    args: &args::ForceUnlock,
    question: &str,
) -> Result<(), Exit> {
    if args.force || workspace.ask(question).await? == "yes" {
        return Ok(());
    }
    let hint = if std::io::stdin().is_terminal() { "" } else { " (-force does not ask)" };
    workspace.output.note(&format!("\nforce-unlock cancelled{hint}.\n"));
    Err(Exit::Error)
}
