//! `lifeboat init`: checks the folder and keeps the state folder out of git.

use super::args;
use super::exit::Exit;
use super::workspace::{FOLDER, Workspace, has_files};

/// Runs `init`. Local modules need no download and the default state no server.
pub fn run(workspace: &Workspace, _args: &args::Init) -> Exit {
    if !has_files(&workspace.root) {
        workspace.output.result(
            "lifeboat initialized in an empty folder.\n\nThere is no *.dr.hcl file yet. See examples/ for one to begin with.\n",
        );
        return Exit::Done;
    }
    let path = workspace.root.join(".gitignore");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let line = format!("{FOLDER}/");
    if !old.lines().any(|l| l.trim() == line || l.trim() == FOLDER) {
        let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
        if let Err(error) = std::fs::write(&path, format!("{old}{gap}{line}\n")) {
            let text = format!("{}: {error}.", path.display());
            workspace.output.error("The .gitignore cannot be written", &text);
            return Exit::Error;
        }
    }
    let contexts = workspace.contexts(false);
    let settings = workspace.settings(None);
    let (loaded, mut diagnostics) = workspace.load_quietly(&settings, &contexts);
    // A variable without a value is asked for by plan, not by init.
    diagnostics.0.retain(|d| d.code != "config::no_value");
    workspace.output.diagnostics(&diagnostics, &loaded.config.sources);
    if diagnostics.has_errors() {
        return Exit::Error;
    }
    workspace.output.result(
        "lifeboat has been successfully initialized!\n\nRun `lifeboat plan` to see what would change.\n",
    );
    Exit::Done
}
