//! `lifeboat show`: a saved plan, or the state.

use lifeboat_state::backend::StateBackend as _;

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::engine::stored;
use crate::plan::file;
use crate::registry::Providers;
use crate::view::plan::PlanView;
use crate::view::{json, show};

/// Runs `show`.
pub async fn run(workspace: &Workspace, args: &args::Show) -> Exit {
    let backend = match workspace.backend().await {
        Ok(backend) => backend,
        Err(exit) => return exit,
    };
    if let Some(path) = &args.plan {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let text = format!("{}: {error}.", path.display());
                workspace.output.error("The plan cannot be read", &text);
                return Exit::Error;
            }
        };
        let plan = match file::read(&bytes, &backend.sealer()) {
            Ok(plan) => plan,
            Err(error) => return workspace.failed(&error),
        };
        let text = if args.json {
            json::plan(&plan).unwrap_or_default() + "\n"
        } else {
            let paint = workspace.output.paint;
            PlanView { catalogue: &workspace.catalogue, paint, compact: false }.text(&plan)
        };
        workspace.output.result(&text);
        if !args.json {
            workspace.tell(&plan.findings);
        }
        return Exit::Done;
    }
    let known = match workspace.known(&backend, &Providers::default()).await {
        Ok(known) => known,
        Err(exit) => return exit,
    };
    workspace.tell(&known.diagnostics);
    let (objects, outputs) = match &known.state {
        Some(state) => match (stored::previous(state), stored::outputs(state)) {
            (Ok(objects), Ok(outputs)) => (objects, outputs),
            (Err(problem), _) | (_, Err(problem)) => {
                workspace.tell(&(*problem).into());
                return Exit::Error;
            }
        },
        None => Default::default(),
    };
    let text = if args.json {
        let source = |provider: &str| workspace.catalogue.source(provider);
        json::state(&objects, &outputs, &source).unwrap_or_default() + "\n"
    } else {
        show::state(&objects, &outputs, &workspace.catalogue)
    };
    workspace.output.result(&text);
    Exit::Done
}
