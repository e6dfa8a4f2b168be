//! `lifeboat state`: a file per command, and what several of them need.

mod change;
mod check;
mod diff;
mod history;
mod list;
mod mv;
pub mod options;
mod origin;
mod pull;
mod restore;
mod rm;
mod show;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use lifeboat_sdk::Diagnostic;
use lifeboat_state::backend::{BackendError, Loaded, StateBackend as _, StoreBackend};
use lifeboat_state::generation::GenerationError;
use lifeboat_state::model::State;

use super::args::{self, StateCommand};
use super::exit::Exit;
use super::workspace::{Workspace, duration};
use crate::address::Address;
use crate::config::suggest::nearest;
use crate::engine::stored;
use crate::plan::resolve::Previous;
use crate::registry::Providers;

/// Runs `state`.
pub async fn run(workspace: &Workspace, args: &args::State) -> Exit {
    match command(workspace, &args.command).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn command(workspace: &Workspace, command: &StateCommand) -> Result<Exit, Exit> {
    match command {
        StateCommand::List { addresses } => list::run(workspace, addresses).await,
        StateCommand::Show { address, json } => show::run(workspace, address, *json).await,
        StateCommand::Mv(args) => mv::run(workspace, &workspace.backend().await?, args).await,
        StateCommand::Rm(args) => rm::run(workspace, &workspace.backend().await?, args).await,
        StateCommand::Pull(args) => pull::run(workspace, args).await,
        StateCommand::Check(args) => check::run(workspace, args).await,
        StateCommand::History(args) => history::run(workspace, args).await,
        StateCommand::Diff(args) => diff::run(workspace, args).await,
        StateCommand::Restore(args) => {
            restore::run(workspace, &workspace.backend().await?, args).await
        }
    }
}

/// The newest state, open runs folded in.
async fn known(workspace: &Workspace) -> Result<Option<State>, Exit> {
    let backend = workspace.backend().await?;
    let known = workspace.known(&backend, &Providers::default()).await?;
    workspace.tell(&known.diagnostics);
    Ok(known.state)
}

/// The objects of a state.
fn objects(
    workspace: &Workspace,
    state: Option<&State>,
) -> Result<BTreeMap<Address, Previous>, Exit> {
    let objects = state.map(stored::previous).transpose();
    objects.map(Option::unwrap_or_default).map_err(|problem| refused(workspace, *problem))
}

/// How long the lock is waited for.
fn patience(workspace: &Workspace, locking: &args::Locking) -> Result<Duration, Exit> {
    duration(&locking.lock_timeout).map_err(|text| {
        workspace.output.error("The options cannot be used", &text);
        Exit::Error
    })
}

/// Tells why a command ends here.
fn refused(workspace: &Workspace, why: Diagnostic) -> Exit {
    workspace.tell(&why.into());
    Exit::Error
}

/// An address that stands for nothing, with the nearest of `names`.
fn no_object(address: &str, names: &[String]) -> Diagnostic {
    let detail = format!("The state has no object {address}.");
    let help = match nearest(address, names.iter().map(|name| &**name)) {
        Some(near) => format!("Did you mean {near}?"),
        None if names.is_empty() => "The state is empty.".to_owned(),
        None => "`lifeboat state list` shows all.".to_owned(),
    };
    Diagnostic::error("state::no_object", "No such object in state", detail).help(help)
}

/// One generation, which must be kept.
async fn generation(
    workspace: &Workspace,
    backend: &StoreBackend,
    serial: u64,
) -> Result<Loaded, Exit> {
    let error = match backend.at(serial).await {
        Ok(loaded) => return Ok(loaded),
        Err(error) => error,
    };
    if !matches!(error, BackendError::Generation(GenerationError::NotFound { .. })) {
        return Err(workspace.failed(&error));
    }
    let kept = backend.serials().await.unwrap_or_default();
    Err(refused(workspace, no_generation(serial, &kept)))
}

/// A generation that is not kept, with those that are.
fn no_generation(serial: u64, kept: &[u64]) -> Diagnostic {
    let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
    let detail = if kept.is_empty() {
        "There is no state yet: nothing has been applied.".to_owned()
    } else {
        format!("There is no generation {serial}. These are kept: {}.", kept.join(", "))
    };
    Diagnostic::error("state::no_generation", "No such generation of the state", detail)
}
