//! `lifeboat preflight [REGION]`: what a promotion would need, on any day. Reads, and takes no lock.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lifeboat_sdk::{Diagnostic, Diagnostics, Severity};
use lifeboat_state::backend::{StateBackend as _, StoreBackend};
use lifeboat_state::durations::Durations;

use super::apply::Applying;
use super::args;
use super::drift::base;
use super::exit::Exit;
use super::plan::{failed, make};
use super::workspace::Workspace;
use crate::apply::{Known, Recovered};
use crate::engine::edit::{self, Edit};
use crate::engine::preflight::{self as engine, Given, Held, Verdict};
use crate::engine::{Asked, Contexts, Loaded, Made, Settings, losses};
use crate::plan::Plan;
use crate::plan::promotion::Mode;
use crate::view::preflight as view;

/// `preflight`
#[derive(Clone, Debug, Args)]
pub struct Preflight {
    /// The region that would become the primary; without one, the first standby
    #[arg(value_name = "REGION")]
    pub region: Option<String>,
    /// Values of variables.
    #[command(flatten)]
    pub values: args::Values,
    /// Treat a region as unreachable without asking it; may be repeated
    #[arg(long, value_name = "REGION")]
    pub assume_down: Vec<String>,
    /// Write a report of JUnit, too, to this file
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub junit: Option<PathBuf>,
    /// Print a JSON object per line, also where something fails
    #[arg(long)]
    pub json: bool,
    /// With false, fail where the value of a variable would be asked for
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub input: Option<bool>,
}

impl Preflight {
    /// How the promotion is planned.
    fn planning(&self) -> args::Planning {
        let Self { values, assume_down, json, input, .. } = self.clone();
        args::Planning {
            values,
            assume_down,
            telling: args::Telling { json, input, compact: false },
            parallelism: args::PARALLELISM,
            ..args::Planning::default()
        }
    }
}

/// Runs `preflight`: 0 all checks pass, 5 one fails, 6 one is unknown, 1 errors.
pub async fn run(workspace: &Workspace, args: &Preflight) -> Exit {
    let output = &workspace.output;
    let (exit, report) = match look(workspace, args).await {
        Ok((preflight, loaded)) => {
            let sources = &loaded.config.sources;
            if output.json {
                view::lines(output, &preflight, sources);
            } else {
                let width = output.wrap.then_some(output.width);
                output.result(&view::text(&preflight, sources, output.paint, width));
            }
            (exit(&preflight), view::document(&preflight, sources, &base(&workspace.root)))
        }
        // A file that is asked for is owed too.
        Err(exit) => (exit, view::failure(&output.found())),
    };
    let Some(file) = &args.junit else { return exit };
    match std::fs::write(file, report) {
        Ok(()) => exit,
        Err(error) => {
            let text = format!("{}: {error}.", file.display());
            output.error("The report cannot be written", &text);
            exit.without_output()
        }
    }
}

fn exit(preflight: &engine::Preflight) -> Exit {
    match preflight.worst() {
        Verdict::Pass => Exit::Done,
        Verdict::Unknown => Exit::Unread,
        Verdict::Fail => Exit::Refused,
    }
}

/// Plans the promotion and judges it; what keeps that from being done has been told.
pub(super) async fn look(
    workspace: &Workspace,
    args: &Preflight,
) -> Result<(engine::Preflight, Loaded), Exit> {
    judged(workspace, args, |_, preflight| preflight).await
}

/// The same, and what is made of what it found.
pub(super) async fn judged<T>(
    workspace: &Workspace,
    args: &Preflight,
    make_of: impl FnOnce(&engine::Facts<'_>, engine::Preflight) -> T,
) -> Result<(T, Loaded), Exit> {
    let planning = args.planning();
    let settings = workspace.settings(Some(&planning));
    let (backend, known) = workspace.standing().await?;
    let mut contexts = workspace.contexts(false);
    let (loaded, found) = workspace.load_quietly(&settings, &contexts);
    if found.0.iter().any(|problem| problem.severity == Severity::Error) {
        workspace.output.diagnostics(&found, &loaded.config.sources);
        return Err(Exit::Error);
    }
    let named = loaded.topology.as_ref().map(|topology| topology.primary.clone());
    let primary = known.state.as_ref().and_then(|state| state.primary.clone());
    let region = sought(&loaded, args, primary.as_deref().or(named.as_deref()));
    let Some(region) = region else {
        let text = "The files declare no topology with a standby, so no region can take over.";
        return Err(nothing(workspace, text));
    };
    let known_region = loaded.topology.as_ref().is_some_and(|t| t.region(&region).is_some());
    let edit = edit::primary(&loaded, &region);
    let (Some(named), true) = (named, known_region) else {
        let why = edit.err().map(|why| told(workspace, &loaded, *why));
        return Err(why.unwrap_or(Exit::Error));
    };
    let Some(primary) = primary else { return Err(nothing(workspace, NOT_APPLIED)) };
    if region == primary {
        let text = format!("{region} is the primary. Name a standby, or none for the first.");
        return Err(nothing(workspace, &text));
    }
    if let Ok(Some(Edit { file, after, .. })) = &edit {
        contexts.files = Arc::new(workspace.files().with(file, after.clone()));
    }
    let loaded = workspace.load(&settings, &contexts).await?;
    // What cannot be read was never seen.
    let positions = backend.copies().known().await.unwrap_or_default();
    let in_doubt = known.in_doubt.clone();
    let asked = Asked { back: true, in_doubt, positions, ..Asked::default() };
    let state = known.state.as_ref();
    let made = make(workspace, &loaded, &contexts, &planning, state, &asked).await;
    workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
    // No judgement of the topology: an option that was mistyped, an interrupt.
    let not_made = |code| matches!(code, "engine::region_unknown" | "plan::interrupted");
    if made.diagnostics.0.iter().any(|problem| not_made(problem.code)) {
        return Err(Exit::Error);
    }
    let held = held(workspace, &backend).await?;
    // What was never learnt, or cannot be read, is not known.
    let durations = &backend.durations().await.unwrap_or_default();
    let (known, settings) = (&known, &settings);
    let given =
        Given { loaded: &loaded, made: &made, known, named, edit, held, durations, settings };
    let facts = engine::facts(given, &region, workspace.interrupt.clone()).await;
    let facts = facts.map_err(|why| told(workspace, &loaded, *why))?;
    let Some(facts) = facts else { return Err(nothing(workspace, NOT_APPLIED)) };
    note(&backend, &facts).await;
    let preflight = engine::preflight(&facts);
    let made = make_of(&facts, preflight);
    drop(facts);
    Ok((made, loaded))
}

/// Keeps up to when copies were seen to have all: the bound of a loss, on the day on which nobody can
/// compare them. That it could not be kept is logged, not told: the checks are as good without it.
async fn note(backend: &StoreBackend, facts: &engine::Facts<'_>) {
    let seen = losses::positions(facts);
    if seen.is_empty() {
        return;
    }
    if let Err(error) = backend.copies().note(&facts.state.lineage, &seen).await {
        tracing::info!(error = crate::apply::chain(&error), "positions were not kept");
    }
}

/// The checks that a graceful promotion must pass before it is begun.
///
/// # Errors
/// One does not pass; that has been told.
pub(super) async fn gate(
    applying: &Applying<'_>,
    loaded: &Loaded,
    settings: &Settings,
    made: &Made,
    newest: &Recovered,
) -> Result<(), Exit> {
    let (workspace, word) = (applying.workspace, &applying.args.consent.word);
    let Some(promotion) = made.plan.promotion.as_ref() else { return Ok(()) };
    if promotion.mode() == Mode::Ungraceful {
        return Ok(());
    }
    let known = Known {
        state: newest.loaded.as_ref().map(|newest| newest.state.clone()),
        in_doubt: newest.in_doubt.clone(),
        ..Known::default()
    };
    let given = Given {
        loaded,
        made,
        known: &known,
        named: promotion.from.clone(),
        edit: Ok(None),
        held: Held::Free,
        // How long it takes is told by `preflight`, and keeps nothing from being begun.
        durations: &Durations::default(),
        settings,
    };
    let facts = engine::facts(given, &promotion.to, workspace.interrupt.clone()).await;
    let Some(facts) = facts.map_err(|why| told(workspace, loaded, *why))? else { return Ok(()) };
    note(applying.backend, &facts).await;
    let preflight = engine::preflight(&facts);
    let mut ignored = word.ignore_preflight_errors.clone();
    if promotion.by_hand.is_some() {
        // Of what was changed by hand it is told which copies nobody proves, and it must be accepted.
        ignored.extend(engine::COPIES.map(str::to_owned));
    }
    let stops = preflight.stops(&ignored);
    if stops.is_empty() {
        return Ok(());
    }
    let stops = Diagnostics(stops.into_iter().map(stopped).collect());
    workspace.output.diagnostics(&stops, &loaded.config.sources);
    Err(Exit::Refused)
}

/// The same of a plan that was made before: as what is live is now.
///
/// # Errors
/// Those of [`gate`], or it cannot be planned any more; that has been told.
pub(super) async fn gate_saved(
    applying: &Applying<'_>,
    plan: &Plan,
    (loaded, contexts): (&Loaded, &Contexts),
    newest: &Recovered,
) -> Result<(), Exit> {
    if plan.promotion.as_ref().is_none_or(|promotion| promotion.mode() == Mode::Ungraceful) {
        return Ok(());
    }
    let (workspace, planning) = (applying.workspace, &applying.args.planning);
    let state = newest.loaded.as_ref().map(|newest| &newest.state);
    let positions = applying.backend.copies().known().await.unwrap_or_default();
    let in_doubt = newest.in_doubt.clone();
    let asked = Asked { back: true, in_doubt, positions, ..Asked::default() };
    let made = make(workspace, loaded, contexts, planning, state, &asked).await;
    if made.diagnostics.has_errors() {
        workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
        return Err(failed(&made.diagnostics));
    }
    let settings = workspace.settings(Some(planning));
    gate(applying, loaded, &settings, &made, newest).await
}

/// That a check keeps a graceful promotion from being begun.
fn stopped(check: &engine::Check) -> Diagnostic {
    let about = check.about.as_ref().map(|about| format!("{about}: ")).unwrap_or_default();
    let fix = check.fix.as_ref().map(|fix| format!("{fix} ")).unwrap_or_default();
    let name = check.code.trim_start_matches("preflight::");
    let summary = match check.verdict {
        Verdict::Unknown => "A graceful promotion does not go by what is unknown",
        Verdict::Pass | Verdict::Fail => "A check that a graceful promotion must pass fails",
    };
    let help = format!("{fix}To begin it all the same: -ignore-preflight-errors={name}.");
    Diagnostic::error(check.code, summary, format!("{about}{}", check.message))
        .at_opt(check.span)
        .help(help)
}

fn told(workspace: &Workspace, loaded: &Loaded, why: Diagnostic) -> Exit {
    workspace.output.diagnostics(&why.into(), &loaded.config.sources);
    Exit::Error
}

fn nothing(workspace: &Workspace, why: &str) -> Exit {
    workspace.output.error("There is nothing to promote", why);
    Exit::Error
}

const NOT_APPLIED: &str = "Nothing of this topology has been applied yet, so there is no primary to \
                           replace.\nRun `lifeboat apply` first.";

/// The region that is asked about: by default the first standby in the topology's order.
fn sought(loaded: &Loaded, args: &Preflight, primary: Option<&str>) -> Option<String> {
    let regions = loaded.topology.iter().flat_map(|topology| &topology.regions);
    let mut standbys = regions.map(|region| &*region.name).filter(|name| Some(*name) != primary);
    args.region.clone().or_else(|| standbys.next().map(str::to_owned))
}

/// Who holds the lock; it is not taken.
async fn held(workspace: &Workspace, backend: &StoreBackend) -> Result<Held, Exit> {
    let holder = backend.holder().await.map_err(|error| workspace.failed(&error))?;
    let Some(holder) = holder else { return Ok(Held::Free) };
    let who = format!("{} since {}", holder.info.who, holder.info.created);
    let host = workspace.lock_info("").host;
    let ended = backend.has_ended(&holder, &host).await.unwrap_or(false);
    Ok(if ended { Held::Left(who) } else { Held::By(who) })
}
