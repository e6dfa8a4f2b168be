//! `lifeboat version`

use serde_json::json;

use super::args;
use super::exit::Exit;
use super::workspace::Workspace;

/// Runs `version`.
pub fn run(workspace: &Workspace, args: &args::Version) -> Exit {
    let version = env!("CARGO_PKG_VERSION");
    if args.json {
        let document = json!({
            "lifeboat_version": version,
            "terraform_version": crate::view::json::TERRAFORM_VERSION,
            "platform": format!("{}_{}", std::env::consts::OS, std::env::consts::ARCH),
        });
        workspace.output.result(&format!("{document:#}\n"));
    } else {
        workspace.output.result(&format!(
            "lifeboat v{version}\non {}_{}\n",
            std::env::consts::OS,
            std::env::consts::ARCH
        ));
    }
    Exit::Done
}
