//! `lifeboat state list|show|restore`

use std::time::Duration;

use lifeboat_state::backend::{BackendError, StateBackend as _};
use lifeboat_state::generation::GenerationError;

use super::args::{self, StateCommand};
use super::exit::Exit;
use super::workspace::Workspace;
use crate::address::Address;
use crate::engine::stored;
use crate::registry::Providers;
use crate::view::{escape, json, show};

/// Runs `state`.
pub async fn run(workspace: &Workspace, args: &args::State) -> Exit {
    if let StateCommand::Restore { serial } = args.command {
        return restore(workspace, serial).await;
    }
    let backend = match workspace.backend().await {
        Ok(backend) => backend,
        Err(exit) => return exit,
    };
    let known = match workspace.known(&backend, &Providers::default()).await {
        Ok(known) => known,
        Err(exit) => return exit,
    };
    workspace.tell(&known.diagnostics);
    let objects = match known.state.as_ref().map(stored::previous).transpose() {
        Ok(objects) => objects.unwrap_or_default(),
        Err(problem) => {
            workspace.tell(&(*problem).into());
            return Exit::Error;
        }
    };
    match &args.command {
        StateCommand::List { addresses } => {
            let takes = |text: &str| {
                addresses.is_empty()
                    || addresses.iter().any(|a| {
                        text.strip_prefix(a.as_str())
                            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                    })
            };
            let all: String = objects
                .keys()
                .map(ToString::to_string)
                .filter(|text| takes(text))
                .map(|text| escape::line(&text) + "\n")
                .collect();
            workspace.output.result(&all);
            Exit::Done
        }
        StateCommand::Show { address, json } => {
            let found = Address::parse(address).and_then(|at| Some((objects.get(&at)?, at)));
            let Some((object, at)) = found else {
                let names: Vec<String> = objects.keys().map(ToString::to_string).collect();
                let near = crate::config::suggest::nearest(address, names.iter().map(|n| &**n));
                let hint = match near {
                    Some(near) => format!(" Did you mean {near}?"),
                    None => " `lifeboat state list` shows all.".to_owned(),
                };
                let text = format!("The state has no object {address}.{hint}");
                workspace.output.error("No such object in state", &text);
                return Exit::Error;
            };
            let text = if *json {
                let one = [(at, object.clone())].into();
                let source = |provider: &str| workspace.catalogue.source(provider);
                json::state(&one, &Default::default(), &source).unwrap_or_default() + "\n"
            } else {
                show::object(&at, object, &workspace.catalogue)
            };
            workspace.output.result(&text);
            Exit::Done
        }
        StateCommand::Restore { .. } => Exit::Error,
    }
}

/// Takes an earlier generation back.
async fn restore(workspace: &Workspace, serial: u64) -> Exit {
    let backend = match workspace.backend().await {
        Ok(backend) => backend,
        Err(exit) => return exit,
    };
    let guard = match workspace.lock(&backend, "OperationTypeRestore", Duration::ZERO).await {
        Ok(guard) => guard,
        Err(exit) => return exit,
    };
    let commit = guard.info().id.clone();
    let restored = backend.restore(&guard, serial, &commit).await;
    let kept = backend.serials().await.unwrap_or_default();
    let released = backend.unlock(guard).await;
    match (restored, released) {
        (Err(BackendError::Generation(GenerationError::NotFound { .. })), Ok(())) => {
            let serials = backend.serials().await.unwrap_or_default();
            let kept: Vec<String> = serials.iter().map(ToString::to_string).collect();
            let text = if kept.is_empty() {
                "There is no state yet: nothing has been applied.".to_owned()
            } else {
                format!("These are kept: {}.", kept.join(", "))
            };
            workspace.output.error(&format!("There is no generation {serial}"), &text);
            Exit::Error
        }
        (Ok(head), Ok(())) => {
            let text = format!("Generation {serial} is back as generation {}.\n", head.serial);
            workspace.output.result(&text);
            Exit::Done
        }
        (Err(BackendError::Generation(GenerationError::NotFound { .. })), _) => {
            let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
            let text = match &*kept {
                [] => "The state has no generation yet: nothing has been applied.".to_owned(),
                kept => format!("There is no generation {serial}. Kept are: {}.", kept.join(", ")),
            };
            workspace.output.error("No such generation of the state", &text);
            Exit::Error
        }
        (Err(error), _) | (_, Err(error)) => workspace.failed(&error),
    }
}
