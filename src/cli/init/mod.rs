//! `lifeboat init`: checks the folder and keeps the state folder out of git; or fills an empty one
//! from the bundle of a region.

mod region;

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use serde_json::json;

use super::args;
use super::exit::Exit;
use super::workspace::{FOLDER, Workspace, has_files};

/// Runs `init`. Local modules need no download and the default state no server.
pub async fn run(workspace: &Workspace, args: &args::Init) -> Exit {
    if let Some(from) = &args.from_region {
        return match region::run(workspace, from, args).await {
            Ok(()) => Exit::Done,
            Err(exit) => exit,
        };
    }
    if !has_files(&workspace.root) {
        tell(
            workspace,
            "output_init_empty_message",
            "lifeboat initialized in an empty folder.",
            "There is no *.dr.hcl file yet. See examples/ for one to begin with.",
        );
        return Exit::Done;
    }
    let path = workspace.root.join(".gitignore");
    if let Err(error) = ignore(&path) {
        let text = format!(
            "{}: {error}.\nAdd the line `{FOLDER}/` to it, so that the state stays out of git.",
            path.display()
        );
        workspace.output.error("The .gitignore cannot be changed", &text);
        return Exit::Error;
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
    tell(
        workspace,
        "output_init_success_message",
        "lifeboat has been successfully initialized!",
        "Run `lifeboat plan` to see what would change.",
    );
    Exit::Done
}

/// What came of it, in lines as Terraform's `init` has them.
fn tell(workspace: &Workspace, code: &str, head: &str, next: &str) {
    let text = format!("{head}\n\n{next}");
    if workspace.output.json {
        workspace.output.event("init_output", "info", &text, json!({ "message_code": code }));
    } else {
        workspace.output.result(&format!("{text}\n"));
    }
}

/// Appends the state folder's line to a `.gitignore` that lacks it; what is there stays as it is,
/// in whatever encoding.
fn ignore(path: &Path) -> io::Result<()> {
    let old = match std::fs::read(path) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let is_ours = |line: &[u8]| {
        let line = line.trim_ascii();
        let name = line.strip_prefix(b"/").unwrap_or(line);
        name.strip_suffix(b"/").unwrap_or(name) == FOLDER.as_bytes()
    };
    if old.split(|byte| *byte == b'\n').any(is_ours) {
        return Ok(());
    }
    let gap = if old.is_empty() || old.ends_with(b"\n") { "" } else { "\n" };
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{gap}{FOLDER}/\n").as_bytes())
}
