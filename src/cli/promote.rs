//! `lifeboat promote REGION` and `lifeboat failback`: an apply of the files as they are with that region
//! as the primary. The line is written just before the first fence. Without a region `promote` asks
//! something of the promotion that is open.

use clap::Args;
use lifeboat_sdk::{Diagnostic, Name, Severity};

use super::apply;
use super::args;
use super::candidates;
use super::exit::Exit;
use super::requests::{self, Asked, Control};
use super::workspace::Workspace;
use crate::engine::edit::{self, Edit};
use crate::engine::failback;
use crate::plan::{ByHand, Plan};
use crate::registry::Providers;
use crate::replace;
use crate::view::escape::line;

/// `promote`
#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("control").conflicts_with_all(["region", "from_epoch"]))]
pub struct Promote {
    /// The region that becomes the primary
    #[arg(value_name = "REGION", required_unless_present_any = ["control", "skip", "to"])]
    pub region: Option<String>,
    /// The same; with `auto`, tell which standbys might, the best first, and ask for the name of one
    #[arg(long, value_name = "REGION", conflicts_with_all = ["region", "control", "skip"])]
    pub to: Option<String>,
    /// Do what is missing of a promotion that was begun by hand: what is in place already is taken as
    /// it is, and no copy is waited for that does not copy any more
    #[arg(long = "continue", requires = "region")]
    pub goes_on: bool,
    /// What is asked of the promotion that is open.
    #[command(flatten)]
    pub control: Control,
    /// How.
    #[command(flatten)]
    pub how: How,
}

/// `failback`
#[derive(Clone, Debug, Args)]
pub struct Failback {
    /// How.
    #[command(flatten)]
    pub how: How,
}

/// How another region is made the primary.
#[derive(Clone, Debug, Args)]
pub struct How {
    /// Approve it, where there is no terminal: the epoch that it leaves, as `lifeboat status` tells it
    #[arg(long, value_name = "EPOCH", value_parser = args::whole::<u64>)]
    pub from_epoch: Option<u64>,
    /// Leave the files as they are
    #[arg(long)]
    pub no_edit: bool,
    /// When it is over, leave the data without copies until the next apply
    #[arg(long)]
    pub no_reprotect: bool,
    /// What a person says of what nobody can measure.
    #[command(flatten)]
    pub word: args::Word,
    /// How to plan.
    #[command(flatten)]
    pub planning: args::Planning,
    /// The lock.
    #[command(flatten)]
    pub locking: args::Locking,
}

/// The word for whichever is the best.
const AUTO: &str = "auto";

/// Runs `promote`.
pub async fn run(workspace: &Workspace, args: Promote) -> Exit {
    let Promote { region, to, goes_on, control, how } = args;
    let region = match to.as_deref() {
        Some(AUTO) => match candidates::choose(workspace, &how).await {
            Ok(region) => Some(region),
            Err(exit) => return exit,
        },
        Some(_) => to,
        None => region,
    };
    if let Some(region) = region {
        let wish = Wish { by_hand: goes_on.then_some(ByHand::Continued), ..Wish::default() };
        return make_primary(workspace, &region, how, wish).await;
    }
    let asked = control.asked(&how.word);
    match requests::run(workspace, &control, &how, asked).await {
        Asked::Told(exit) => exit,
        Asked::ToDo(gives_up) => {
            let How { planning, locking, no_reprotect, .. } = how;
            let (consent, gives_up) =
                (args::Consent { no_reprotect, ..Default::default() }, Some(gives_up));
            let given = args::Apply { planning, consent, locking, gives_up, ..Default::default() };
            apply::run(workspace, given).await
        }
    }
}

/// Runs `failback`: `promote` of the home, or of the region that the last promotion left, where that is time.
pub async fn back(workspace: &Workspace, args: Failback) -> Exit {
    match left(workspace, &args.how.planning).await {
        Ok(region) => {
            let wish = Wish { failback: true, ..Wish::default() };
            make_primary(workspace, &region, args.how, wish).await
        }
        Err(exit) => exit,
    }
}

/// The region that the files declare as home, else the one that the last promotion left; it is judged
/// under the lock whether it is time.
async fn left(workspace: &Workspace, planning: &args::Planning) -> Result<String, Exit> {
    let (contexts, settings) = (workspace.contexts(false), workspace.settings(Some(planning)));
    // What is wrong with the files is told where they are planned.
    let (loaded, _) = workspace.load_quietly(&settings, &contexts);
    let home = loaded.topology.and_then(|topology| topology.declaration.home);
    let backend = workspace.backend().await?;
    let known = workspace.known(&backend, &Providers::default()).await?;
    failback::target(known.state.as_ref(), home.as_deref()).map_err(|nothing| {
        workspace.tell(&(*nothing).into());
        Exit::Error
    })
}

/// The step that is left out where somebody wrote the new primary meanwhile, in files that were changed
/// besides; and why.
pub(super) fn written_by_hand(plan: &Plan, primary: Option<&Name>) -> Option<(String, String)> {
    let promotion = plan.promotion.as_ref()?;
    let written = primary == Some(&promotion.to);
    written.then(|| (edit::PRIMARY.to_owned(), "the files name it already".to_owned()))
}

/// Tells that the files still name the region that a promotion has left, where they do.
pub(super) fn tell_of_files(workspace: &Workspace, planning: &args::Planning, plan: &Plan) {
    let Some(promotion) = &plan.promotion else { return };
    // What is wrong with the files is told when they are planned.
    let settings = workspace.settings(Some(planning));
    let (loaded, _) = workspace.load_quietly(&settings, &workspace.contexts(false));
    let primary = loaded.topology.as_ref().map(|topology| &topology.primary);
    if primary != Some(&promotion.from) {
        return;
    }
    let (from, to) = (line(&promotion.from), line(&promotion.to));
    let place = match edit::primary(&loaded, &promotion.to) {
        Ok(Some(edit)) => {
            format!(" ({}, line {})", line(&edit.file.display().to_string()), edit.line)
        }
        _ => String::new(),
    };
    let detail = format!(
        "They name {from}{place}, and {to} is the primary now. Until they say so every plan is refused."
    );
    let summary = "The files name the region that was left";
    let found = Diagnostic::warning("promotion::files_behind", summary, detail)
        .help(format!("Write primary = \"{to}\" there and commit it. Then run `lifeboat apply`."));
    workspace.tell(&found.into());
}

/// Which promotion it is.
#[derive(Clone, Copy, Default)]
struct Wish {
    failback: bool,
    by_hand: Option<ByHand>,
}

/// Applies the files with another primary, and writes them.
async fn make_primary(workspace: &Workspace, region: &str, how: How, wish: Wish) -> Exit {
    let Wish { failback, by_hand } = wish;
    let How { from_epoch, no_edit, no_reprotect, word, planning, locking } = how;
    let promote = from_epoch.is_some().then(|| region.to_owned());
    let naming = args::Naming { promote, from_epoch };
    let consent = args::Consent { naming, word, no_reprotect, ..Default::default() };
    let contexts = workspace.contexts(false);
    let settings = workspace.settings(Some(&planning));
    let (loaded, found) = workspace.load_quietly(&settings, &contexts);
    if found.0.iter().any(|problem| problem.severity == Severity::Error) {
        workspace.output.diagnostics(&found, &loaded.config.sources);
        return Exit::Error;
    }
    let edit = match edit::primary(&loaded, region) {
        Ok(edit) => edit,
        Err(why) => {
            workspace.output.diagnostics(&(*why).into(), &loaded.config.sources);
            return Exit::Error;
        }
    };
    // It is written just before the fence: that it cannot be is better known now.
    if let Some(edit) = edit.as_ref().filter(|_| !no_edit)
        && let Err(error) = replace::possible(&workspace.root.join(&edit.file))
    {
        return unwritable(workspace, edit, &error);
    }
    let edit = edit.map(|edit| args::Editing { edit, keep: !no_edit });
    let given =
        args::Apply { planning, consent, locking, edit, failback, by_hand, ..Default::default() };
    apply::run(workspace, given).await
}

/// Writes another primary into the files.
///
/// # Errors
/// They cannot be written, or were changed meanwhile; that has been told.
pub fn write(workspace: &Workspace, edit: &Edit) -> Result<(), Exit> {
    let output = &workspace.output;
    let path = workspace.root.join(&edit.file);
    let name = line(&edit.file.display().to_string());
    let written = match std::fs::read(&path) {
        Ok(now) if now == edit.before => replace::replace(&path, &edit.after),
        Ok(_) => Err(std::io::Error::other("it was changed meanwhile")),
        Err(error) => Err(error),
    };
    written.map_err(|error| unwritable(workspace, edit, &error))?;
    output.note(&format!("Wrote the primary into {name}, line {}: commit it.\n", edit.line));
    Ok(())
}

fn unwritable(workspace: &Workspace, edit: &Edit, error: &std::io::Error) -> Exit {
    let name = line(&edit.file.display().to_string());
    let text = format!("{name}: {error}. Nothing was changed. -no-edit leaves the files.");
    workspace.output.error("The primary cannot be written into the files", &text);
    Exit::Error
}
