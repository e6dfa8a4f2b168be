//! `lifeboat validate`

use lifeboat_sdk::{Diagnostics, Severity};
use serde_json::json;

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::engine::validate;
use crate::view::diagnostic;

/// Runs `validate`.
pub fn run(workspace: &Workspace, args: &args::Validate) -> Exit {
    let contexts = workspace.contexts(false);
    let settings = workspace.settings(None);
    let (loaded, mut diagnostics) = workspace.load_quietly(&settings, &contexts);
    diagnostics.0.retain(|d| d.code != "config::no_value");
    diagnostics.extend(contexts.with(|context| validate::check(&loaded, context)));
    if !diagnostics.has_errors() {
        diagnostics.extend(contexts.with(|context| validate::evaluate(&loaded, context)));
    }
    diagnostics.sort();
    let count = |severity| diagnostics.0.iter().filter(|d| d.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if args.json {
        let all: Vec<_> =
            diagnostics.0.iter().map(|d| diagnostic::json(d, &loaded.config.sources)).collect();
        let document = json!({
            "format_version": "1.0",
            "valid": errors == 0,
            "error_count": errors,
            "warning_count": warnings,
            "diagnostics": all,
        });
        workspace.output.result(&format!("{document:#}\n"));
    } else {
        workspace.output.diagnostics(&diagnostics, &loaded.config.sources);
        if errors == 0 {
            let but = if warnings > 0 {
                ", but there were some validation warnings as shown above"
            } else {
                ""
            };
            workspace.output.result(&format!("Success! The configuration is valid{but}.\n"));
        }
    }
    exit(&diagnostics)
}

fn exit(diagnostics: &Diagnostics) -> Exit {
    if diagnostics.has_errors() { Exit::Error } else { Exit::Done }
}
