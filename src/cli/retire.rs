//! `lifeboat retire`: an apply that deletes what promotions left, and nothing else.

use clap::Args;

use super::approval::{Asking, What};
use super::exit::Exit;
use super::workspace::Workspace;
use super::{apply, args};
use crate::engine::retiring;
use crate::plan::{ObjectChange, Plan, retires};

/// `retire`
#[derive(Clone, Debug, Args)]
pub struct Retire {
    /// Only what was left at these addresses; without one, all that was kept for long enough
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// Delete this one although it was not kept for as long as keep_retired says: its name, as `lifeboat
    /// status` tells it; may be repeated
    #[arg(long, value_name = "RETIRED", requires = "reason")]
    pub early: Vec<String>,
    /// Why that cannot wait; it is kept with the plan
    #[arg(long, value_name = "TEXT", requires = "early")]
    pub reason: Option<String>,
    /// Confirm that this one is deleted, where there is no terminal: its name; may be repeated
    #[arg(long, value_name = "RETIRED")]
    pub confirm: Vec<String>,
    /// Values of variables.
    #[command(flatten)]
    pub values: args::Values,
    /// How it is told.
    #[command(flatten)]
    pub telling: args::Telling,
    /// The lock.
    #[command(flatten)]
    pub locking: args::Locking,
}

/// What `retire` wants of an apply.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What is deleted.
    pub retire: retiring::Retire,
    /// The names that were confirmed already.
    pub confirmed: Vec<String>,
}

/// Runs `retire`.
pub async fn run(workspace: &Workspace, args: Retire) -> Exit {
    let Retire { addresses, early, reason, confirm, values, telling, locking } = args;
    let planning = args::Planning {
        values,
        telling,
        parallelism: args::PARALLELISM,
        ..args::Planning::default()
    };
    let retire = retiring::Retire { addresses, early, reason, now: workspace.now };
    let retire = Some(Wanted { retire, confirmed: confirm });
    apply::run(workspace, args::Apply { planning, locking, retire, ..args::Apply::default() }).await
}

/// What is deleted is gone: each name is typed, or was given.
///
/// # Errors
/// One was not; or something was confirmed that is not deleted. That has been told.
pub(super) async fn confirm(
    workspace: &Workspace,
    args: &args::Apply,
    plan: &Plan,
) -> Result<(), Exit> {
    let confirmed = args.retire.as_ref().map(|it| &*it.confirmed).unwrap_or_default();
    let going: Vec<&ObjectChange> = plan.pending().filter(|change| retires(change)).collect();
    let name = |change: &ObjectChange| change.deposed.clone().unwrap_or_default();
    if let Some(other) = confirmed.iter().find(|of| going.iter().all(|it| *name(it) != ***of)) {
        let text = format!("-confirm={other}: this plan does not delete that.");
        workspace.output.error("The options cannot be used", &text);
        return Err(Exit::Error);
    }
    let asks = args.planning.telling.can_ask();
    let asking = Asking { workspace, asks: asks && !workspace.output.json, what: What::Retirement };
    for change in going {
        let name = name(change);
        if confirmed.iter().any(|given| **given == *name) {
            continue;
        }
        let question = format!(
            "\nDo you want to delete {name}, which a promotion left?\n  There is no undo. Only its name \
             will be accepted to approve.\n\n  Enter the name: "
        );
        let refusal = format!(
            "{name} would be deleted, and there is no terminal to ask.\nIf that is meant: -confirm={name}"
        );
        asking.exactly(&question, &name, &refusal).await?;
    }
    Ok(())
}
