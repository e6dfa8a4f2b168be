//! `lifeboat state diff`

use lifeboat_sdk::Diagnostic;
use lifeboat_state::backend::{StateBackend as _, StoreBackend};
use lifeboat_state::generation::Standing;

use super::{generation, options, refused};
use crate::cli::exit::Exit;
use crate::cli::plan::view;
use crate::cli::workspace::Workspace;
use crate::engine::compare::compare;
use crate::view::{changes, json};

/// Runs `state diff`: what differs between two generations.
pub(super) async fn run(workspace: &Workspace, args: &options::Diff) -> Result<Exit, Exit> {
    let backend = workspace.backend().await?;
    let new = match args.new {
        Some(new) => new,
        None => newest(workspace, &backend).await?,
    };
    let old = match args.old {
        Some(old) => old,
        None => before(workspace, &backend, new).await?,
    };
    let before = generation(workspace, &backend, old).await?.state;
    let after = generation(workspace, &backend, new).await?.state;
    let found = compare(&before, &after, &workspace.catalogue);
    let found = found.map_err(|problem| refused(workspace, *problem))?;
    let text = if args.json {
        json::diff((old, new), &found).unwrap_or_default() + "\n"
    } else {
        changes::text(&view(workspace, args.compact), (old, new), &found)
    };
    workspace.output.result(&text);
    Ok(Exit::Done)
}

async fn newest(workspace: &Workspace, backend: &StoreBackend) -> Result<u64, Exit> {
    let loaded = backend.load().await.map_err(|error| workspace.failed(&error))?;
    let serial = loaded.map(|loaded| loaded.head.serial);
    serial.ok_or_else(|| {
        let detail = "There is no state yet: nothing has been applied.";
        refused(workspace, nothing_before(detail.to_owned()))
    })
}

/// The whole generation before another one.
async fn before(workspace: &Workspace, backend: &StoreBackend, new: u64) -> Result<u64, Exit> {
    let survey = backend.survey().await.map_err(|error| workspace.failed(&error))?;
    let whole = |standing: &Standing| matches!(standing, Standing::Whole(_));
    let mut older = survey.kept.iter().rev().filter(|kept| kept.serial < new);
    let found = older.find(|kept| whole(&kept.standing)).map(|kept| kept.serial);
    found.ok_or_else(|| {
        let detail = format!("Generation {new} is the oldest that is kept and whole.");
        refused(workspace, nothing_before(detail))
    })
}

fn nothing_before(detail: String) -> Diagnostic {
    let summary = "There are no two generations to compare";
    Diagnostic::error("state::nothing_to_compare", summary, detail)
        .help("`lifeboat state history` lists the generations that are kept.")
}
