//! `lifeboat state pull`

use super::{generation, known, objects, options, refused};
use crate::cli::exit::Exit;
use crate::cli::workspace::Workspace;
use crate::engine::stored;
use crate::view::json::{Head, tfstate};

/// Runs `state pull`: the newest state, or one generation, as Terraform's state files have it.
pub(super) async fn run(workspace: &Workspace, args: &options::Pull) -> Result<Exit, Exit> {
    let state = match args.serial {
        None => known(workspace).await?,
        Some(serial) => {
            let backend = workspace.backend().await?;
            Some(generation(workspace, &backend, serial).await?.state)
        }
    };
    let objects = objects(workspace, state.as_ref())?;
    let outputs = state.as_ref().map(stored::outputs).transpose();
    let outputs = outputs.map_err(|problem| refused(workspace, *problem))?.unwrap_or_default();
    let head = state.map(|state| Head { serial: state.serial, lineage: state.lineage });
    let source = |provider: &str| workspace.catalogue.source(provider);
    let text = tfstate(&head.unwrap_or_default(), &objects, &outputs, &source);
    workspace.output.result(&(text.unwrap_or_default() + "\n"));
    Ok(Exit::Done)
}
