//! `lifeboat promote REGION`: an apply of the files as they are with that region as the primary. The
//! line is written when the promotion is approved.

use lifeboat_sdk::Severity;

use super::apply;
use super::args;
use super::exit::Exit;
use super::replace::replace;
use super::workspace::Workspace;
use crate::engine::edit::{self, Edit};
use crate::view::escape::line;

/// Runs `promote`.
pub async fn run(workspace: &Workspace, args: args::Promote) -> Exit {
    let args::Promote { region, abort, from_epoch, no_edit, word, planning, locking } = args;
    let Some(region) = region.filter(|_| !abort) else {
        let abort = Some(!no_edit);
        let given = args::Apply { planning, locking, abort, ..args::Apply::default() };
        return apply::run(workspace, given).await;
    };
    let contexts = workspace.contexts(false);
    let (loaded, found) = workspace.load_quietly(&workspace.settings(Some(&planning)), &contexts);
    if found.0.iter().any(|problem| problem.severity == Severity::Error) {
        workspace.output.diagnostics(&found, &loaded.config.sources);
        return Exit::Error;
    }
    let edit = match edit::primary(&loaded, &region) {
        Ok(edit) => edit,
        Err(why) => {
            workspace.output.diagnostics(&(*why).into(), &loaded.config.sources);
            return Exit::Error;
        }
    };
    let promote = from_epoch.is_some().then_some(region);
    let naming = args::Naming { promote, from_epoch };
    let consent = args::Consent { naming, word, ..Default::default() };
    let edit = edit.map(|edit| args::Editing { edit, keep: !no_edit });
    let given = args::Apply { planning, consent, locking, edit, ..args::Apply::default() };
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
        Ok(now) if now == edit.before => replace(&path, &edit.after),
        Ok(_) => Err(std::io::Error::other("it was changed meanwhile")),
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        let text = format!("{name}: {error}. Nothing was changed. -no-edit leaves the files.");
        output.error("The primary cannot be written into the files", &text);
        return Err(Exit::Error);
    }
    output.note(&format!("Wrote the primary into {name}, line {}: commit it.\n", edit.line));
    Ok(())
}
