//! `lifeboat simulate -lose REGION`: what the loss of the primary would come to, played on what the
//! state says. Calls nobody, runs nothing, takes no lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use lifeboat_sdk::{RegionName, Severity};
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::model::State;

use super::args;
use super::exit::Exit;
use super::plan::failed;
use super::workspace::Workspace;
use crate::apply::Known;
use crate::config::SourceMap;
use crate::engine::edit::{self, Edit};
use crate::engine::simulate::{
    self as engine, Declared, Ending, Error, Given, Scene, Simulation, Times,
};
use crate::engine::{Contexts, Loaded, Settings};
use crate::plan::promotion;
use crate::view::escape::line;
use crate::view::simulate as view;

/// `simulate`
#[derive(Clone, Debug, Args)]
pub struct Simulate {
    /// The region that is left: the primary
    #[arg(long, value_name = "REGION")]
    pub lose: String,
    /// The region that takes over; needed where there are several standbys
    #[arg(long, value_name = "REGION")]
    pub to: Option<String>,
    /// Take what the files declare for applied, whatever was applied so far
    #[arg(long)]
    pub as_applied: bool,
    /// The control planes of global services, such as IAM and Route 53, do not answer, either
    #[arg(long)]
    pub global: bool,
    /// Whether the region that is left still answers
    #[arg(long, value_name = "MODE", default_value = "ungraceful")]
    pub mode: Mode,
    /// Let this step fail: an address, or a task such as hook.vpn, as the plan shows it
    #[arg(long, value_name = "STEP")]
    pub fail: Option<String>,
    /// Declare how long something takes, as hook.vpn=90s: a step, a type of object, its create,
    /// update or delete (aws_s3_bucket_policy.update=2s), or call, a single one; may be repeated
    #[arg(long, value_name = "WHAT=TIME", value_parser = declared)]
    pub duration: Vec<(String, Duration)>,
    /// Values of variables.
    #[command(flatten)]
    pub values: args::Values,
    /// With false, fail where the value of a variable would be asked for
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub input: Option<bool>,
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
}

/// Whether the region that is left still answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// It does, and is fenced
    Graceful,
    /// It does not
    Ungraceful,
}

fn declared(text: &str) -> Result<(String, Duration), String> {
    let told = || "it is no WHAT=TIME such as hook.vpn=90s".to_owned();
    let (what, time) = text.rsplit_once('=').ok_or_else(told)?;
    let time = time.parse::<jiff::SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok());
    Ok((what.to_owned(), time.ok_or_else(told)?))
}

/// Runs `simulate`: 0 the promotion ends promoted, 5 it is refused or stops, 1 errors.
pub async fn run(workspace: &Workspace, args: &Simulate) -> Exit {
    let output = &workspace.output;
    let (simulation, sources) = match look(workspace, args).await {
        Ok(played) => played,
        Err(exit) => return exit,
    };
    output.diagnostics(&simulation.diagnostics, &sources);
    let Some(course) = &simulation.course else {
        let exit = failed(&simulation.diagnostics);
        if exit == Exit::Refused {
            tell(workspace, &simulation);
        }
        return exit;
    };
    tell(workspace, &simulation);
    match course.ending {
        Ending::Promoted => Exit::Done,
        Ending::Stopped(_) => Exit::Refused,
    }
}

fn tell(workspace: &Workspace, simulation: &Simulation) {
    let output = &workspace.output;
    output.result(&match output.is_text() {
        true => view::text(simulation, output.paint),
        false => format!("{:#}\n", view::json(simulation)),
    });
}

/// Plays it; what keeps that from being done has been told.
async fn look(workspace: &Workspace, args: &Simulate) -> Result<(Simulation, SourceMap), Exit> {
    let settings = workspace.settings(None);
    let (backend, mut known) = workspace.standing().await?;
    if args.as_applied {
        let state = Some(as_applied(workspace, &settings).await?);
        known = Known { state, in_doubt: BTreeMap::new(), promotion: None, ..known };
    }
    let Some(state) = known.state.filter(|state| state.primary.is_some()) else {
        return Err(nothing(workspace, NOT_APPLIED));
    };
    if let Some(open) = &known.promotion {
        let (from, to) = (line(&open.from), line(&open.to));
        let text = format!(
            "The promotion {from} -> {to} is not over, and state is between the two.\nRun \
             `lifeboat apply`, which goes on with it; then simulate."
        );
        workspace.output.error("A promotion is open", &text);
        return Err(Exit::Refused);
    }
    let mut contexts = workspace.contexts(false);
    let to = target(workspace, args, state.primary.as_deref(), &contexts)?;
    if let Some(Edit { file, after, .. }) = to.1 {
        contexts.files = Arc::new(workspace.files().with(&file, after));
    }
    let loaded = workspace.load(&settings, &contexts).await?;
    let sources = loaded.config.sources.clone();
    let durations = backend.durations().await.unwrap_or_default();
    let declared: BTreeMap<String, Duration> = args.duration.iter().cloned().collect();
    let last = state.promotions.last.as_ref();
    let given = Given {
        scene: scene(args, &loaded),
        times: Times::new(declared, durations, last, &loaded.catalogue),
        loaded,
        contexts,
        settings,
        state,
        in_doubt: known.in_doubt,
        // What cannot be read was never seen; of what was never applied nothing was.
        positions: backend.copies().known().await.unwrap_or_default(),
        interrupt: workspace.interrupt.clone(),
    };
    // It has a clock of its own, and so a thread of its own.
    let played = tokio::task::spawn_blocking(move || engine::play(given)).await;
    match played {
        Ok(Ok(simulation)) => Ok((simulation, sources)),
        Ok(Err(Error::Option(why))) => {
            workspace.output.diagnostics(&(*why).into(), &sources);
            Err(Exit::Error)
        }
        Ok(Err(error)) => Err(workspace.failed(&error)),
        Err(error) => Err(workspace.failed(&error)),
    }
}

/// What state would say if the files had been applied.
async fn as_applied(workspace: &Workspace, settings: &Settings) -> Result<State, Exit> {
    let contexts = workspace.contexts(false);
    let loaded = workspace.load(settings, &contexts).await?;
    let sources = loaded.config.sources.clone();
    let (settings, interrupt) = (settings.clone(), workspace.interrupt.clone());
    let declared = Declared { loaded, contexts, settings, interrupt };
    let applied = tokio::task::spawn_blocking(move || engine::applied(declared)).await;
    match applied {
        Ok(Ok(Ok(state))) => Ok(state),
        Ok(Ok(Err(found))) => {
            workspace.output.diagnostics(&found, &sources);
            Err(Exit::Error)
        }
        Ok(Err(error)) => Err(workspace.failed(&error)),
        Err(error) => Err(workspace.failed(&error)),
    }
}

/// What is tried.
fn scene(args: &Simulate, loaded: &Loaded) -> Scene {
    let lost = loaded.topology.as_ref().and_then(|topology| topology.region(&args.lose));
    Scene {
        lose: args.lose.as_str().into(),
        cloud_region: RegionName(lost.map_or_else(|| (*args.lose).into(), |lost| lost.aws.clone())),
        mode: match args.mode {
            Mode::Graceful => promotion::Mode::Graceful,
            Mode::Ungraceful => promotion::Mode::Ungraceful,
        },
        global: args.global,
        fail: args.fail.clone(),
    }
}

/// The region that takes over, and the files with it as the primary where they name another.
fn target(
    workspace: &Workspace,
    args: &Simulate,
    primary: Option<&str>,
    contexts: &Contexts,
) -> Result<(String, Option<Edit>), Exit> {
    let (loaded, found) = workspace.load_quietly(&workspace.settings(None), contexts);
    let told = |found| {
        workspace.output.diagnostics(&found, &loaded.config.sources);
        Exit::Error
    };
    if found.0.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(told(found));
    }
    let (lose, primary) = (&*args.lose, primary.unwrap_or_default());
    // That there is no such region is told as of any that is promoted.
    let known = loaded.topology.as_ref().is_some_and(|topology| topology.region(lose).is_some());
    if !known {
        let why = edit::primary(&loaded, lose).err();
        return Err(why.map_or(Exit::Error, |why| told((*why).into())));
    }
    if lose != primary {
        let text = format!(
            "{} is a standby. {} stays the primary, and what is written there is not copied to it \
             meanwhile.\n`lifeboat plan -assume-down={}` shows what could still be changed.",
            line(lose),
            line(primary),
            line(lose)
        );
        return Err(nothing(workspace, &text));
    }
    let regions = loaded.topology.iter().flat_map(|topology| &topology.regions);
    let standbys: Vec<&str> = regions.map(|r| &*r.name).filter(|name| *name != lose).collect();
    let to = match (args.to.as_deref(), &*standbys) {
        (Some(to), _) if to == lose => {
            let text = format!("-to={}: that is the region that is lost.", line(to));
            workspace.output.error("The options cannot be used", &text);
            return Err(Exit::Error);
        }
        (Some(to), _) => to,
        (None, [to]) => to,
        (None, []) => {
            let text = "The topology has no standby, so no region can take over.";
            return Err(nothing(workspace, text));
        }
        (None, all) => {
            let text = format!("There are {}. Name one: -to={}.", all.join(" and "), all[0]);
            workspace.output.error("Several regions could take over", &text);
            return Err(Exit::Error);
        }
    };
    let edit = edit::primary(&loaded, to).map_err(|why| told((*why).into()))?;
    Ok((to.to_owned(), edit))
}

fn nothing(workspace: &Workspace, why: &str) -> Exit {
    workspace.output.error("There is nothing to simulate", why);
    Exit::Error
}

const NOT_APPLIED: &str = "Nothing of this topology has been applied yet, so there is no primary to \
                           lose.\nRun `lifeboat apply` first, or add -as-applied.";
