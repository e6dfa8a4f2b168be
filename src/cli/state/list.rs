//! `lifeboat state list`

use super::{known, objects};
use crate::cli::exit::Exit;
use crate::cli::workspace::Workspace;
use crate::view::escape;

/// Runs `state list`.
pub(super) async fn run(workspace: &Workspace, addresses: &[String]) -> Result<Exit, Exit> {
    let objects = objects(workspace, known(workspace).await?.as_ref())?;
    let takes = |text: &str| {
        addresses.is_empty()
            || addresses.iter().any(|a| {
                text.strip_prefix(a.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            })
    };
    let all: String = objects
        .keys()
        .map(ToString::to_string)
        .filter(|text| takes(text))
        .map(|text| escape::line(&text) + "\n")
        .collect();
    workspace.output.result(&all);
    Ok(Exit::Done)
}
