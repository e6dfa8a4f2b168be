//! `lifeboat show`: a saved plan, or the state.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lifeboat_state::backend::StoreBackend;

use super::args::Terms;
use super::exit::Exit;
use super::signed;
use super::workspace::Workspace;
use crate::engine::commands;
use crate::engine::stored;
use crate::registry::Providers;
use crate::view::paint::Paint;
use crate::view::plan::PlanView;
use crate::view::{self, json, markdown, show};

/// `show`
#[derive(Clone, Debug, Args)]
pub struct Show {
    /// Print one JSON document in Terraform's shape, also where something fails
    #[arg(long)]
    pub json: bool,
    /// How to show it; Markdown is for pull requests and takes a PLAN
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    pub format: Option<Shown>,
    /// Print the text by whose signature approvers approve the promotion of a PLAN
    #[arg(long, requires = "plan", conflicts_with_all = ["json", "format"])]
    pub approval: bool,
    /// What that text says.
    #[command(flatten)]
    pub terms: Terms,
    /// Print what a person types in place of a PLAN, step by step, as a script for a POSIX shell: for the
    /// day when lifeboat itself fails
    #[arg(long, requires = "plan", conflicts_with_all = ["format", "approval"])]
    pub commands: bool,
    /// A plan that `lifeboat plan -out=PLAN` has saved; without one, the state
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
}

/// The formats of `show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// For people.
    Text,
    /// As `-json` does.
    Json,
    /// For pull requests.
    Markdown,
}

impl Show {
    /// The format that is asked for.
    pub fn shown(&self) -> Shown {
        if self.json { Shown::Json } else { self.format.unwrap_or(Shown::Text) }
    }
}

/// Runs `show`.
pub async fn run(workspace: &Workspace, args: &Show) -> Exit {
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
    let all = commands::commands(&plan, &workspace.catalogue);
    let text = match document {
        true => view::commands::json(&plan, &all),
        false => view::commands::script(&plan, &all),
    };
    workspace.output.result(&text);
    Exit::Done
}

/// Shows the text that approvers sign.
fn approval(workspace: &Workspace, backend: &StoreBackend, path: &Path, terms: &Terms) -> Exit {
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
