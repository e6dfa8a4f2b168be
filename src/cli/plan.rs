//! `lifeboat plan`

use std::path::Path;
use std::sync::Arc;

use lifeboat_sdk::{Diagnostic, Diagnostics};
use lifeboat_state::backend::{StateBackend as _, StoreBackend};
use lifeboat_state::model::State;

use super::args;
use super::exit::Exit;
use super::generate;
use super::standing;
use super::workspace::{Workspace, asked};
use crate::apply::Known;
use crate::engine::planning::{self, Made};
use crate::engine::{Asked, Contexts, Loaded};
use crate::plan::{Plan, Promotion, file};
use crate::registry::Providers;
use crate::view::escape::line;
use crate::view::ndjson;
use crate::view::plan::PlanView;
use crate::view::progress::Progress;

/// Runs `plan`.
pub async fn run(workspace: &Workspace, args: &args::Plan) -> Exit {
    if let Some(path) = &args.ahead.check_standing {
        return standing::check(workspace, args, path).await;
    }
    let mut asked = match asked(&args.planning, args.destroy, workspace.now) {
        Ok(asked) => asked,
        Err(text) => {
            workspace.output.error("The options cannot be used", &text);
            return Exit::Error;
        }
    };
    if args.out.as_ref().is_some_and(|path| !is_free(workspace, path)) {
        return Exit::Error;
    }
    let Ready { loaded, contexts, backend, known } = match ready(workspace, args).await {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    if let Some(open) = &known.promotion {
        workspace.tell(&Diagnostics::from(still_open(open)));
    }
    asked.in_doubt.clone_from(&known.in_doubt);
    // What cannot be read was never seen.
    asked.positions = backend.copies().known().await.unwrap_or_default();
    asked.durations = backend.durations().await.unwrap_or_default();
    let state = known.state.as_ref();
    if let Err(exit) = standing::ask(workspace, &args.ahead, &mut asked) {
        return exit;
    }
    asked.back |= match named(&args.naming, &loaded, state) {
        Ok(named) => named,
        Err(text) => {
            let summary = "The plan is not of the promotion that is named";
            workspace.output.error(summary, &text);
            return Exit::Error;
        }
    };
    let planning = &args.planning;
    let mut made = make(workspace, &loaded, &contexts, planning, state, &asked).await;
    workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
    if made.diagnostics.has_errors() {
        return failed(&made.diagnostics);
    }
    if args.ahead.standing.is_some()
        && let Err(exit) = standing::mark(workspace, args, &mut made.plan)
    {
        return exit;
    }
    tell(workspace, planning, &made.plan, "plan");
    if !workspace.output.json {
        workspace.output.result(&view(workspace, planning.telling.compact).consent(&made.plan));
    }
    if let Some(path) = &args.out
        && let Err(exit) = save(workspace, &backend, &made.plan, path).await
    {
        return exit;
    }
    if made.plan.lasting.is_some()
        && let Err(exit) = standing::keep(workspace, &backend, &made.plan).await
    {
        return exit;
    }
    exit(&made.plan, args)
}

/// Whether a promotion is named, so that files of before mean it.
///
/// # Errors
/// The files or the state are not those of the promotion: as a text for people.
fn named(naming: &args::Naming, loaded: &Loaded, state: Option<&State>) -> Result<bool, String> {
    let (Some(region), Some(given)) = (&naming.promote, naming.from_epoch) else {
        return Ok(false);
    };
    let primary = loaded.topology.as_ref().map(|topology| &*topology.primary);
    if primary != Some(region) {
        let primary = primary.map_or("no region".to_owned(), line);
        return Err(format!(
            "The files name {primary} as the primary, and -promote names {}.\nWrite that region into \
             the topology block first.",
            line(region)
        ));
    }
    let epoch = state.map_or(0, |state| state.epoch);
    if epoch != given {
        return Err(format!(
            "The state is at epoch {epoch}, and not at {given}: `lifeboat status` tells who is the \
             primary."
        ));
    }
    Ok(true)
}

/// That no plan is applied before the open promotion is over.
fn still_open(open: &Promotion) -> Diagnostic {
    let Promotion { from, to, .. } = open;
    let (from, to) = (line(from), line(to));
    let detail = format!(
        "{to} in place of {from} is not over, and nothing else is done before it is. This plan shows what \
         the files ask for beside what is live now, not the steps that are left."
    );
    Diagnostic::warning("promotion::open", "A promotion is open", detail).help(
        "`lifeboat apply` goes on with it, `lifeboat promote -abort` gives it up before the claim, and \
         `lifeboat report` tells how far it is.",
    )
}

/// What a plan is made from.
struct Ready {
    loaded: Loaded,
    contexts: Contexts,
    backend: StoreBackend,
    known: Known,
}

/// The files, with what was written for this plan, and the state.
async fn ready(workspace: &Workspace, args: &args::Plan) -> Result<Ready, Exit> {
    if let Some(path) = &args.generate_config_out {
        generate::check(workspace, path)?;
    }
    let contexts = standing::contexts(workspace, args)?;
    let mut settings = workspace.settings(Some(&args.planning));
    let loaded = workspace.load_asking(&mut settings, &contexts).await?;
    let backend = workspace.backend().await?;
    let known = workspace.known(&backend, &Providers::default()).await?;
    workspace.tell(&known.diagnostics);
    if known.diagnostics.has_errors() {
        return Err(Exit::Error);
    }
    if let Some(path) = &args.generate_config_out {
        let state = known.state.as_ref();
        if generate::write(workspace, &loaded, &contexts, &settings, state, path).await? {
            let contexts = workspace.contexts(false);
            let loaded = workspace.load(&settings, &contexts).await?;
            return Ok(Ready { loaded, contexts, backend, known });
        }
    }
    Ok(Ready { loaded, contexts, backend, known })
}

/// Saves a plan and says how to apply it.
async fn save(
    workspace: &Workspace,
    backend: &StoreBackend,
    plan: &Plan,
    path: &Path,
) -> Result<(), Exit> {
    let sealer = sealer(backend).await;
    let bytes = file::write(plan, &sealer).map_err(|error| workspace.failed(&error))?;
    let written = std::fs::write(path, bytes);
    let path = path.display();
    if let Err(error) = written {
        workspace.output.error("The plan cannot be saved", &format!("{path}: {error}."));
        return Err(Exit::Error);
    }
    workspace.output.say(&format!(
        "\nSaved the plan to: {path}\n\nTo perform exactly these actions, run:\n    lifeboat apply {path}\n"
    ));
    Ok(())
}

/// Whether a plan may be saved there: what is no plan was not meant to be overwritten.
fn is_free(workspace: &Workspace, path: &Path) -> bool {
    let is_file = std::fs::metadata(path).is_ok_and(|what| what.is_file());
    let old = if is_file { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
    if old.is_empty() || file::is_plan(&old) {
        return true;
    }
    let text = format!(
        "{} exists and is no plan that lifeboat made, so it is not overwritten.\n\
         Name another file, or remove this one first.",
        path.display()
    );
    workspace.output.error("The plan cannot be saved there", &text);
    false
}

/// The key for sensitive values; made where there is none yet.
async fn sealer(backend: &StoreBackend) -> Arc<lifeboat_state::secret::Sealer> {
    // Without a key a plan without secrets can still be saved; one with secrets says what lacks.
    drop(backend.prepare_key().await);
    backend.sealer()
}

fn exit(plan: &Plan, args: &args::Plan) -> Exit {
    let changes = plan.has_changes() || plan.deferred().next().is_some();
    if args.detailed_exitcode && changes {
        return Exit::Changes;
    }
    if args.planning.unreachable_exitcode && plan.incomplete() {
        return Exit::Unread;
    }
    Exit::Done
}

/// The exit code of a plan with errors: what a guard holds back is a refusal.
pub fn failed(diagnostics: &Diagnostics) -> Exit {
    let refused = |d: &Diagnostic| {
        matches!(
            d.code,
            "evacuate::not_evacuated"
                | "evacuate::nowhere"
                | "evacuate::policy"
                | "evacuate::primary"
                | "evacuate::unreachable"
                | "fence::not_primary"
                | "fence::owed"
                | "fence::unconfirmed"
                | "fence::unreachable"
                | "promotion::behind"
                | "promotion::incomplete"
                | "promotion::nothing_by_hand"
                | "promotion::approvers"
                | "promotion::stale_files"
                | "promotion::not_whole"
                | "promotion::diverged"
                | "promotion::owed"
                | "promotion::pending"
                | "promotion::target_evacuated"
                | "promotion::target_fenced"
                | "promotion::target_owes"
                | "promotion::unconfirmed"
                | "promotion::ungraceful"
                | "promotion::unreachable"
                | "retire::not_replaced"
                | "retire::not_retired"
                | "retire::too_early"
                | "retire::unprotected"
                | "plan::standing"
                | "plan::not_empty"
        )
    };
    let refused = diagnostics.0.iter().any(refused);
    if refused { Exit::Refused } else { Exit::Error }
}

/// Makes a plan, telling what is read.
pub async fn make(
    workspace: &Workspace,
    loaded: &Loaded,
    contexts: &Contexts,
    planning: &args::Planning,
    state: Option<&lifeboat_state::model::State>,
    asked: &Asked,
) -> Made {
    let settings = workspace.settings(Some(planning));
    let events = Progress::reading(workspace.output.clone());
    let interrupt = workspace.interrupt.clone();
    planning::plan(loaded, &settings, contexts, state, asked, &events, interrupt).await
}

/// Shows a plan.
pub fn tell(workspace: &Workspace, planning: &args::Planning, plan: &Plan, operation: &str) {
    let output = &workspace.output;
    if output.json {
        ndjson::plan(output, plan, operation);
        return;
    }
    output.result(&view(workspace, planning.telling.compact).text(plan));
}

/// How plans are shown on the results' stream.
pub fn view(workspace: &Workspace, compact: bool) -> PlanView<'_> {
    PlanView { catalogue: &workspace.catalogue, paint: workspace.output.paint, compact }
}
