//! `lifeboat graph`: what needs what, as a text that draws it.

use std::path::Path;

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::view::graph::Picture;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Type {
    /// All that planning walks, values too.
    Plan,
    /// The resources, in the order in which they are removed.
    PlanDestroy,
    /// The steps of a saved plan.
    Apply,
}

/// Runs `graph`. Without options it draws the resources of the files.
pub async fn run(workspace: &Workspace, args: &args::Graph) -> Exit {
    let picture = match (&args.plan, args.kind) {
        (Some(path), None | Some(Type::Apply)) => steps(workspace, path).await,
        (Some(_), Some(_)) => {
            Err(refused(workspace, "-plan=FILE holds steps: only -type=apply goes with it."))
        }
        (None, Some(Type::Apply)) => Err(refused(
            workspace,
            "-type=apply draws the steps of a plan: name its file with -plan=FILE, which\n\
             `lifeboat plan -out=FILE` makes.",
        )),
        (None, kind) => blocks(workspace, kind, args.draw_cycles),
    };
    let picture = match picture {
        Ok(picture) => picture,
        Err(exit) => return exit,
    };
    match args.format.unwrap_or_default().render(&picture) {
        Some(text) => workspace.output.result(&text),
        None => {
            let count = picture.nodes.len();
            let text = format!(
                "{count} nodes are too many for a picture that is drawn here. Give -format=dot \
                 to Graphviz:\n\n    lifeboat graph | dot -Tsvg"
            );
            workspace.output.error("The graph is too large to be drawn", &text);
            return Exit::Error;
        }
    }
    Exit::Done
}

fn refused(workspace: &Workspace, text: &str) -> Exit {
    workspace.output.error("The options cannot be used", text);
    Exit::Error
}

/// The blocks of the files.
fn blocks(workspace: &Workspace, kind: Option<Type>, cycles: bool) -> Result<Picture, Exit> {
    if cycles && kind != Some(Type::Plan) {
        let text = "-draw-cycles goes with -type=plan: a cycle may lead through values.";
        return Err(refused(workspace, text));
    }
    let contexts = workspace.contexts(false);
    let (loaded, mut found) = workspace.load_quietly(&workspace.settings(None), &contexts);
    // Neither values nor an order are needed for what is drawn.
    let drawn = |code: &str| code == "config::no_value" || (cycles && code == "desired::cycle");
    found.0.retain(|d| !drawn(d.code));
    workspace.output.diagnostics(&found, &loaded.config.sources);
    if found.has_errors() {
        return Err(Exit::Error);
    }
    Ok(match kind {
        Some(Type::Plan) => Picture::of_items(&loaded.desired),
        Some(Type::PlanDestroy) => Picture::of_removal(&loaded.desired),
        _ => Picture::of_resources(&loaded.desired),
    })
}

/// The steps of a saved plan.
async fn steps(workspace: &Workspace, path: &Path) -> Result<Picture, Exit> {
    let backend = workspace.backend().await?;
    let (plan, _) = workspace.saved_plan(&backend, path)?;
    Ok(Picture::of_steps(&plan))
}
