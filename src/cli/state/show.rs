//! `lifeboat state show`

use super::{known, no_object, objects, refused};
use crate::address::Address;
use crate::cli::exit::Exit;
use crate::cli::workspace::Workspace;
use crate::view::{json, show};

/// Runs `state show`.
pub(super) async fn run(workspace: &Workspace, address: &str, as_json: bool) -> Result<Exit, Exit> {
    let objects = objects(workspace, known(workspace).await?.as_ref())?;
    let found = Address::parse(address).and_then(|at| Some((objects.get(&at)?, at)));
    let Some((object, at)) = found else {
        let names: Vec<String> = objects.keys().map(ToString::to_string).collect();
        return Err(refused(workspace, no_object(address, &names)));
    };
    let text = if as_json {
        let one = [(at, object.clone())].into();
        let source = |provider: &str| workspace.catalogue.source(provider);
        json::state(&one, &Default::default(), &source).unwrap_or_default() + "\n"
    } else {
        show::object(&at, object, &workspace.catalogue)
    };
    workspace.output.result(&text);
    Ok(Exit::Done)
}
