//! `lifeboat show`: a saved plan, or the state.

use std::path::Path;

use lifeboat_state::backend::StoreBackend;

use super::args::{self, Shown};
use super::exit::Exit;
use super::signed;
use super::workspace::Workspace;
use crate::engine::by_hand::by_hand;
use crate::engine::stored;
use crate::registry::Providers;
use crate::view::paint::Paint;
use crate::view::plan::PlanView;
use crate::view::{self, json, markdown, show};

/// Runs `show`.
pub async fn run(workspace: &Workspace, args: &args::Show) -> Exit {
    let backend = match workspace.backend().await {
        Ok(backend) => backend,
        Err(exit) => return exit,
    };
    if let Some(path) = &args.plan {
        if args.approval {
            return approval(workspace, &backend, path, &args.terms);
        }
        if args.commands {
            return commands(workspace, &backend, path, args.json);
        }
        return plan(workspace, &backend, path, args.shown());
    }
    if args.shown() == Shown::Markdown {
        let text = "-format=markdown is for a saved plan: name the file that\n\
                    `lifeboat plan -out=FILE` has made.";
        workspace.output.error("The options cannot be used", text);
        return Exit::Error;
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
    let text = if args.shown() == Shown::Json {
        let source = |provider: &str| workspace.catalogue.source(provider);
        json::state(&objects, &outputs, &source).unwrap_or_default() + "\n"
    } else {
        show::state(&objects, &outputs, &workspace.catalogue)
    };
    workspace.output.result(&text);
    Exit::Done
}

/// Shows a saved plan.
fn plan(workspace: &Workspace, backend: &StoreBackend, path: &Path, shown: Shown) -> Exit {
    let plan = match workspace.saved_plan(backend, path) {
        Ok((plan, _)) => plan,
        Err(exit) => return exit,
    };
    let view = super::plan::view(workspace, false);
    match shown {
        Shown::Json => match workspace.load_plan(&plan) {
            Ok((loaded, _)) => {
                let text = json::plan(&plan, &loaded).unwrap_or_default() + "\n";
                workspace.output.result(&text);
            }
            Err(found) => {
                workspace.tell(&found);
                return Exit::Error;
            }
        },
        Shown::Markdown => {
            let view = PlanView { paint: Paint::default(), ..view };
            workspace.output.result(&markdown::plan::page(&plan, &view));
        }
        Shown::Text => {
            workspace.output.result(&(view.text(&plan) + &view.consent(&plan)));
            workspace.tell(&plan.findings);
        }
    }
    Exit::Done
}

/// Shows what a person types in place of a plan.
fn commands(workspace: &Workspace, backend: &StoreBackend, path: &Path, document: bool) -> Exit {
    let plan = match workspace.saved_plan(backend, path) {
        Ok((plan, _)) => plan,
        Err(exit) => return exit,
    };
    let all = by_hand(&plan, &workspace.catalogue);
    let text = match document {
        true => view::by_hand::json(&plan, &all),
        false => view::by_hand::script(&plan, &all),
    };
    workspace.output.result(&text);
    Exit::Done
}

/// Shows the text that approvers sign.
fn approval(
    workspace: &Workspace,
    backend: &StoreBackend,
    path: &Path,
    terms: &args::Terms,
) -> Exit {
    let (plan, bytes) = match workspace.saved_plan(backend, path) {
        Ok(saved) => saved,
        Err(exit) => return exit,
    };
    match signed::statement(&plan, &bytes, terms) {
        Ok(statement) => {
            workspace.output.result(&statement.to_string());
            Exit::Done
        }
        Err(text) => {
            workspace.output.error("There is nothing to sign", &text);
            Exit::Error
        }
    }
}
