//! `lifeboat drift`: read-only by construction, for CI.

use super::args;
use super::exit::Exit;
use super::plan::{make, view};
use super::workspace::{Workspace, asked};
use crate::plan::PlanMode;
use crate::registry::Providers;
use crate::view::{drift, ndjson};

/// Runs `drift`: 0 nothing, 2 drift, 1 errors, 6 something could not be read.
pub async fn run(workspace: &Workspace, args: &args::Drift) -> Exit {
    if args.planning.refresh == Some(false) || !args.planning.replace.is_empty() {
        let text = "drift looks at what is live and plans nothing: leave -refresh=false and\n\
                    -replace away, or give them to `lifeboat plan`.";
        workspace.output.error("The options cannot be used", text);
        return Exit::Error;
    }
    let asked = match asked(&args.planning, false) {
        Ok(asked) => crate::engine::Asked { mode: PlanMode::RefreshOnly, ..asked },
        Err(text) => {
            workspace.output.error("The options cannot be used", &text);
            return Exit::Error;
        }
    };
    let contexts = workspace.contexts(false);
    let settings = workspace.settings(Some(&args.planning));
    let loaded = match workspace.load(&settings, &contexts).await {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let backend = match workspace.backend().await {
        Ok(backend) => backend,
        Err(exit) => return exit,
    };
    let known = match workspace.known(&backend, &Providers::default()).await {
        Ok(known) => known,
        Err(exit) => return exit,
    };
    workspace.tell(&known.diagnostics);
    if known.diagnostics.has_errors() {
        return Exit::Error;
    }
    let planning = &args.planning;
    let made = make(workspace, &loaded, &contexts, planning, known.state.as_ref(), &asked).await;
    workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
    let plan = &made.plan;
    let failed = made.diagnostics.has_errors();
    if workspace.output.json {
        ndjson::drift(&workspace.output, plan, failed);
    } else {
        let view = view(workspace, planning.compact);
        workspace.output.result(&drift::text(plan, &view, failed));
    }
    if failed {
        return Exit::Error;
    }
    if !plan.drift.is_empty() {
        return Exit::Changes;
    }
    if plan.incomplete() { Exit::Unread } else { Exit::Done }
}
