//! Standing plans: promotions that are planned ahead. `plan -standing=REGION` makes one, `plan
//! -check-standing=PLAN` tells whether it is what would be planned now, `apply PLAN` goes by it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use lifeboat_sdk::{Diagnostic, Diagnostics, Severity};
use lifeboat_state::backend::{StateBackend as _, StoreBackend};
use lifeboat_state::bundle::Standing;
use lifeboat_state::model::State;

use super::apply::Applying;
use super::bound::now;
use super::exit::Exit;
use super::plan::{failed, make, tell};
use super::workspace::{Workspace, has_files};
use super::{args, preflight};
use crate::address::Address;
use crate::apply::Recovered;
use crate::engine::applying::Ready;
use crate::engine::commands::commands;
use crate::engine::edit::{self, Edit};
use crate::engine::{Asked, Contexts, Loaded, Made};
use crate::plan::{Lasting, Plan, bind, file, lasting};
use crate::registry::Providers;
use crate::topology::duration::Duration;
use crate::view::escape::line;
use crate::view::standing as view;

/// How long a standing plan may be applied where nothing is said, in hours: CI makes a new one long
/// before.
const HOURS: i64 = 30 * 24;

/// Options of plans that are made ahead.
#[derive(Clone, Debug, Default, Args)]
pub struct Ahead {
    /// Plan the promotion of this region ahead, as a standing plan: it may be applied although the state
    /// has gone on, where it comes to the same. The files stay as they are until then
    #[arg(long, value_name = "REGION", requires = "out",
          conflicts_with_all = ["destroy", "promote", "refresh_only", "check_standing"])]
    pub standing: Option<String>,
    /// With -standing: how long it may be applied [default: 30d]
    #[arg(long, value_name = "DURATION", requires = "standing")]
    pub valid_for: Option<String>,
    /// Tell whether this standing plan is what would be planned now: exit 2 where it is not, with the
    /// reasons
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["out", "destroy", "promote", "refresh_only"])]
    pub check_standing: Option<PathBuf>,
}

/// Lets planning make a plan that lasts.
///
/// # Errors
/// The time cannot be understood; that has been told.
pub(super) fn ask(workspace: &Workspace, ahead: &Ahead, asked: &mut Asked) -> Result<(), Exit> {
    if ahead.standing.is_none() {
        return Ok(());
    }
    asked.back = true;
    // On its day nothing there may answer.
    asked.listens.clear();
    asked.valid_hours = match &ahead.valid_for {
        None => HOURS,
        Some(text) => {
            let parsed = Duration::parse(text);
            let hours = parsed.map(|duration| i64::try_from(duration.seconds / 3600));
            match hours {
                Ok(Ok(hours @ 1..)) => hours,
                _ => {
                    let text = format!("-valid-for={text} is not a duration such as 12h or 30d.");
                    workspace.output.error("The options cannot be used", &text);
                    return Err(Exit::Error);
                }
            }
        }
    };
    Ok(())
}

/// What functions and files are planned with: of a standing plan the files as they will be.
///
/// # Errors
/// The region cannot be promoted; that has been told.
pub(super) fn contexts(workspace: &Workspace, args: &args::Plan) -> Result<Contexts, Exit> {
    let mut contexts = workspace.contexts(false);
    let Some(region) = &args.ahead.standing else { return Ok(contexts) };
    let settings = workspace.settings(Some(&args.planning));
    let (loaded, found) = workspace.load_quietly(&settings, &contexts);
    if found.0.iter().any(|problem| problem.severity == Severity::Error) {
        workspace.output.diagnostics(&found, &loaded.config.sources);
        return Err(Exit::Error);
    }
    if let Some(edit) = edited(workspace, &loaded, region)? {
        contexts.files = Arc::new(workspace.files().with(&edit.file, edit.after));
    } else {
        // What was read for the look is no part of the plan.
        contexts = workspace.contexts(false);
    }
    Ok(contexts)
}

fn edited(workspace: &Workspace, loaded: &Loaded, region: &str) -> Result<Option<Edit>, Exit> {
    edit::primary(loaded, region).map_err(|why| {
        workspace.output.diagnostics(&(*why).into(), &loaded.config.sources);
        Exit::Error
    })
}

/// Makes a standing plan of a plan: what was measured goes.
///
/// # Errors
/// It is no promotion; that has been told.
pub(super) fn mark(workspace: &Workspace, args: &args::Plan, plan: &mut Plan) -> Result<(), Exit> {
    if plan.promotion.is_none() {
        let region = args.ahead.standing.as_deref().map(line).unwrap_or_default();
        let text =
            format!("{region} is the primary already, so that there is nothing to plan ahead.");
        workspace.output.error("There is nothing to promote", &text);
        return Err(Exit::Error);
    }
    plan.drift.clear();
    plan.lasting = Some(Lasting { assume_down: args.planning.assume_down.clone() });
    Ok(())
}

/// Keeps it beside the state, with what a person types in its place, for the region bundles.
///
/// # Errors
/// It could not be; that has been told.
pub(super) async fn keep(
    workspace: &Workspace,
    backend: &StoreBackend,
    plan: &Plan,
) -> Result<(), Exit> {
    let bytes = file::write(plan, &backend.sealer()).map_err(|error| workspace.failed(&error))?;
    let commands = crate::view::commands::script(plan, &commands(plan, &workspace.catalogue));
    let standing = Standing { plan: bytes.into(), commands };
    let kept = backend.keep_standing(&standing).await;
    kept.map_err(|error| workspace.failed(&error))?;
    workspace.output.say(&view::kept(plan));
    Ok(())
}

/// What `apply` of a standing plan is given with it: the primary that it writes into the files, as
/// `promote` does, and the regions that it was made without. Another plan is given nothing.
///
/// # Errors
/// The plan or the files cannot be read; that has been told.
pub(super) fn taken(
    workspace: &Workspace,
    backend: &StoreBackend,
    mut args: args::Apply,
) -> Result<args::Apply, Exit> {
    let Some(path) = &args.plan else { return Ok(args) };
    let (plan, _) = workspace.saved_plan(backend, path)?;
    let Some(lasting) = &plan.lasting else { return Ok(args) };
    let edit = ahead_of_files(workspace, &plan)?;
    args.edit = edit.map(|edit| args::Editing { edit, keep: true });
    args.planning.assume_down.clone_from(&lasting.assume_down);
    Ok(args)
}

/// The edit of the files as they are that a standing plan was made with.
fn ahead_of_files(workspace: &Workspace, plan: &Plan) -> Result<Option<Edit>, Exit> {
    let (Some(_), Some(promotion)) = (&plan.lasting, &plan.promotion) else { return Ok(None) };
    if !has_files(&workspace.root) {
        return Ok(None);
    }
    let settings = workspace.settings(None);
    let contexts = workspace.contexts(false);
    // What is wrong with them is told by what they are compared with.
    let (loaded, _) = workspace.load_quietly(&settings, &contexts);
    edited(workspace, &loaded, &promotion.to)
}

/// What a standing plan comes to today.
struct Today {
    made: Made,
    loaded: Loaded,
    contexts: Contexts,
    /// Why it may not be applied, whatever is live.
    refused: Diagnostics,
    /// In what it would do something else.
    differs: Vec<String>,
}

/// Plans what a standing plan has planned once more; with the regions that are said to be down and
/// whose fences are asked for all the same.
async fn today(
    workspace: &Workspace,
    (planning, listens): (&args::Planning, Vec<String>),
    (plan, bytes): (&Plan, &[u8]),
    (state, in_doubt): (Option<&State>, BTreeMap<Address, String>),
    backend: &StoreBackend,
) -> Result<Today, Exit> {
    let (loaded, stored) = workspace.load_plan(plan).map_err(|found| {
        workspace.tell(&found);
        Exit::Error
    })?;
    let contexts = Contexts { files: stored.files, ..workspace.contexts(false) };
    // What cannot be read was never seen.
    let positions = backend.copies().known().await.unwrap_or_default();
    let since = planning.since.as_ref().map(|since| since.at(workspace.now));
    let edit = ahead_of_files(workspace, plan)?;
    let asked = Asked {
        back: true,
        in_doubt,
        positions,
        since,
        edit: edit.clone(),
        listens,
        ..Asked::default()
    };
    let made = make(workspace, &loaded, &contexts, planning, state, &asked).await;
    let mut now = now(workspace, plan, bytes, state, &made.providers);
    if let Some(edit) = edit {
        let name = edit.file.display().to_string();
        now.files.retain(|(other, _)| *other != name);
        now.files.push((name, edit.after));
    }
    let refused = bind::lasting(&plan.inputs, &plan.expires, &now);
    let catalogue = &workspace.catalogue;
    let attributes = |kind: &str| {
        catalogue.kinds.get(kind).map(|(_, kind)| kind.schema().attributes).unwrap_or_default()
    };
    let differs = match made.diagnostics.has_errors() {
        true => Vec::new(),
        false => lasting::differences(plan, &made.plan, &attributes),
    };
    Ok(Today { made, loaded, contexts, refused, differs })
}

/// How a standing plan was planned.
fn planned_with(planning: &args::Planning, plan: &Plan) -> args::Planning {
    let assume_down = plan.lasting.as_ref().map(|lasting| lasting.assume_down.clone());
    args::Planning { assume_down: assume_down.unwrap_or_default(), ..planning.clone() }
}

impl Applying<'_> {
    /// A standing plan: bound, planned once more, and gone on with where that comes to the same.
    pub(super) async fn standing(
        &self,
        standing: Plan,
        bytes: Vec<u8>,
    ) -> Result<(Ready, Recovered), Exit> {
        let workspace = self.workspace;
        let (loaded, contexts) = workspace.load_plan(&standing).map_err(|found| {
            workspace.tell(&found);
            Exit::Error
        })?;
        let newest = self.settled(&loaded, &contexts).await?;
        let state = newest.loaded.as_ref().map(|newest| &newest.state);
        let planning = &self.args.planning;
        // What can be fenced must be: that is another promotion than the one without the region.
        let how = (planning, planning.assume_down.clone());
        let known = (state, newest.in_doubt.clone());
        let today = today(workspace, how, (&standing, &bytes), known, self.backend).await?;
        workspace.tell(&today.refused);
        if today.refused.has_errors() {
            return Err(Exit::Error);
        }
        let Today { made, loaded, contexts, differs, .. } = today;
        workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
        if made.diagnostics.has_errors() {
            return Err(failed(&made.diagnostics));
        }
        if !differs.is_empty() {
            let to = standing.promotion.as_ref().map(|promotion| &*promotion.to);
            workspace.tell(&other(to.unwrap_or_default(), &differs).into());
            return Err(Exit::Refused);
        }
        tell(workspace, planning, &made.plan, "plan");
        let settings = workspace.settings(Some(planning));
        preflight::gate(self, &loaded, &settings, &made, &newest).await?;
        let fresh = file::write(&made.plan, &self.backend.sealer())
            .map_err(|error| workspace.failed(&error))?;
        let signed = Some(Box::new((standing, bytes)));
        let (plan, providers) = (made.plan, made.providers);
        Ok((Ready { signed, ..Ready::new(plan, fresh, loaded, contexts, providers) }, newest))
    }
}

/// That it would do something else than what was planned.
fn other(to: &str, differs: &[String]) -> Diagnostic {
    let detail = format!(
        "What is live is not what it was made from, and applying it would be something else:\n  {}",
        differs.join("\n  ")
    );
    let help = format!("Plan what is live, read it, and apply that: lifeboat promote {to}.");
    Diagnostic::error("plan::standing", "The standing plan is stale", detail).help(help)
}

/// Runs `plan -check-standing`.
pub(super) async fn check(workspace: &Workspace, args: &args::Plan, path: &Path) -> Exit {
    match checked(workspace, args, path).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn checked(workspace: &Workspace, args: &args::Plan, path: &Path) -> Result<Exit, Exit> {
    let backend = workspace.backend().await?;
    let (plan, bytes) = workspace.saved_plan(&backend, path)?;
    if plan.lasting.is_none() {
        let text = format!(
            "{} is no standing plan. One is made with `lifeboat plan -standing=REGION -out=FILE`.",
            path.display()
        );
        workspace.output.error("The options cannot be used", &text);
        return Err(Exit::Error);
    }
    let known = workspace.known(&backend, &Providers::default()).await?;
    workspace.tell(&known.diagnostics);
    let planning = planned_with(&args.planning, &plan);
    let known = (known.state.as_ref(), known.in_doubt.clone());
    let Today { made, loaded, refused, differs, .. } =
        today(workspace, (&planning, Vec::new()), (&plan, &bytes), known, &backend).await?;
    let mut reasons: Vec<String> =
        refused.0.iter().map(|why| format!("{}: {}", why.summary, why.detail)).collect();
    if made.diagnostics.has_errors() && reasons.is_empty() {
        workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
        return Err(failed(&made.diagnostics));
    }
    reasons.extend(differs);
    let stale = !reasons.is_empty();
    view::checked(&workspace.output, path, &plan, &reasons);
    Ok(if stale { Exit::Changes } else { Exit::Done })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_with_the_way_out() {
        let differs = ["a is not as it was: policy".to_owned()];
        let told = other("us-west-2", &differs);
        assert_eq!(told.code, "plan::standing");
        assert!(told.detail.contains("a is not as it was: policy"));
        assert!(told.help.unwrap().contains("lifeboat promote us-west-2"));
    }
}
