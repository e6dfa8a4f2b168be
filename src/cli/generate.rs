//! `plan -generate-config-out`: writes the blocks that are missing, before the plan is made with
//! them.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use lifeboat_state::model::State;

use super::exit::Exit;
use super::workspace::Workspace;
use crate::engine::{Contexts, Loaded, Settings, generate};
use crate::view::progress::Progress;

/// Refuses a file that cannot be a part of the plan.
pub(super) fn check(workspace: &Workspace, path: &Path) -> Result<(), Exit> {
    let refused = |summary: &str, text: String| {
        workspace.output.error(summary, &text);
        Err(Exit::Error)
    };
    let shown = path.display();
    if path.symlink_metadata().is_ok() {
        let text = format!(
            "{shown}: configuration is written to a new file only. Name another one, or move what\n\
             is in it elsewhere and remove it."
        );
        return refused("Target generated file already exists", text);
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let same = folder.unwrap_or(Path::new(".")).canonicalize().ok();
    let inside = same.is_some() && same == workspace.root.canonicalize().ok();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    if !inside || !name.is_some_and(|name| name.ends_with(".dr.hcl") && !name.starts_with('.')) {
        let text = format!(
            "{shown} would not be read: the plan is made with what is written there, so it must be\n\
             a file *.dr.hcl in the folder of the root module."
        );
        return refused("The configuration cannot be written there", text);
    }
    Ok(())
}

/// Writes the file; whether there was something to write.
pub(super) async fn write(
    workspace: &Workspace,
    loaded: &Loaded,
    contexts: &Contexts,
    settings: &Settings,
    state: Option<&State>,
    path: &Path,
) -> Result<bool, Exit> {
    let events = Progress::reading(workspace.output.clone());
    let entropy = contexts.entropy();
    let renderer = contexts.renderer(&entropy);
    let context = contexts.context(&entropy, &renderer);
    let interrupt = workspace.interrupt.clone();
    let (text, found) =
        generate::configuration(loaded, settings, &context, state, &events, interrupt).await;
    workspace.output.diagnostics(&found, &loaded.config.sources);
    if found.has_errors() {
        return Err(Exit::Error);
    }
    let Some(text) = text else { return Ok(false) };
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let shown = path.display();
    if let Err(error) = written {
        if error.kind() != ErrorKind::AlreadyExists {
            // Half a file would be read as if it were whole.
            drop(std::fs::remove_file(path));
        }
        let text = format!("{shown}: {error}.");
        workspace.output.error("The configuration cannot be written", &text);
        return Err(Exit::Error);
    }
    workspace.output.say(&format!(
        "\nThe configuration of what is to be imported was written to: {shown}\n\
         Read it and edit it before you keep it.\n"
    ));
    Ok(true)
}
