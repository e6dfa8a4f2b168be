//! `lifeboat guard REGION`: whether what runs in a region may write, as the role records say.

pub mod options;

use std::time::Duration;

use super::args;
use super::exit::Exit;
use super::workspace::{Workspace, has_files};
use crate::engine::guard::{ask, judge};
use crate::engine::providers;
use crate::engine::shelves::{Shelves, Spot, declared};
use crate::topology::Topology;
use crate::topology::region::Isolated;
use crate::topology::values::record_bucket;
use crate::view::guard;

/// How long one read may take: something waits for the answer to start.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs `guard`. Reads the role records and nothing else.
pub async fn run(workspace: &Workspace, args: &args::Guard) -> Exit {
    match verdict(workspace, args).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn verdict(workspace: &Workspace, args: &args::Guard) -> Result<Exit, Exit> {
    let named = named(args);
    let (shelves, said_in_files) = if named.is_empty() {
        if !has_files(&workspace.root) {
            let text = "There are no *.dr.hcl files here. Give -topology=TOPOLOGY, -account=ACCOUNT and \
                        -regions=A,B,\nor -bucket=REGION=BUCKET for each region.";
            return Err(nowhere(workspace, text));
        }
        let (shelves, topology) = of_files(workspace)?;
        let said = topology.region(&args.region).map(|region| region.on_isolated);
        (shelves, said.unwrap_or_default())
    } else {
        (bare(workspace, named)?, Isolated::default())
    };
    if !shelves.spots.iter().any(|spot| *spot.region == *args.region) {
        let known: Vec<&str> = shelves.spots.iter().map(|spot| &*spot.region).collect();
        let near = crate::config::suggest::nearest(&args.region, known.iter().copied());
        let hint = near.map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
        let text = format!(
            "{:?} is none of the regions that hold role records: {}.{hint}",
            args.region,
            known.join(", ")
        );
        workspace.output.error("Unknown region", &text);
        return Err(Exit::Error);
    }
    let ctx = shelves.reading(PATIENCE, workspace.interrupt.clone());
    let said = ask(&shelves, &ctx).await;
    let verdict = judge(&args.region, &said, args.on_isolated.unwrap_or(said_in_files));
    if args.json {
        let document = guard::json(&args.region, &verdict, &said);
        workspace.output.result(&format!("{document:#}\n"));
    } else {
        workspace.output.result(&guard::text(&args.region, &verdict, &said));
    }
    Ok(if verdict.may_write() { Exit::Done } else { Exit::Refused })
}

/// The spots that the options name.
fn named(args: &args::Guard) -> Vec<Spot> {
    let mut spots: Vec<Spot> = Vec::new();
    for given in &args.bucket {
        spots.push(Spot {
            region: given.region.as_str().into(),
            aws: given.region.as_str().into(),
            account: args.account.as_deref().map(Into::into),
            bucket: given.bucket.as_str().into(),
            prefix: given.prefix.as_str().into(),
        });
    }
    if let (Some(topology), Some(account)) = (&args.topology, &args.account) {
        for region in &args.regions {
            if spots.iter().any(|spot| *spot.region == **region) {
                continue;
            }
            spots.push(Spot {
                region: region.as_str().into(),
                aws: region.as_str().into(),
                account: Some(account.as_str().into()),
                bucket: record_bucket(topology, account, region).into(),
                prefix: "".into(),
            });
        }
    }
    spots
}

fn bare(workspace: &Workspace, spots: Vec<Spot>) -> Result<Shelves, Exit> {
    let bare = Shelves::bare(&workspace.catalogue, &workspace.environment, spots);
    let bare = bare.map_err(|found| {
        workspace.tell(&found);
        Exit::Error
    })?;
    bare.ok_or_else(|| nowhere(workspace, "No provider of this build keeps role records."))
}

fn nowhere(workspace: &Workspace, text: &str) -> Exit {
    workspace.output.error("There are no role records to ask", text);
    Exit::Error
}

/// The spots of the topology in the folder, and the topology.
///
/// # Errors
/// There are none, or the files have errors; that has been told.
pub(super) fn of_files(workspace: &Workspace) -> Result<(Shelves, Topology), Exit> {
    let contexts = workspace.contexts(false);
    let settings = workspace.settings(None);
    let (loaded, found) = workspace.load_quietly(&settings, &contexts);
    if found.has_errors() {
        workspace.output.diagnostics(&found, &loaded.config.sources);
        return Err(Exit::Error);
    }
    let (providers, found) = contexts
        .with(|context| providers::configure(&loaded, &settings, context, &Default::default()));
    if found.has_errors() {
        workspace.output.diagnostics(&found, &loaded.config.sources);
        return Err(Exit::Error);
    }
    let Some(topology) = loaded.topology else {
        return Err(nowhere(workspace, "The files declare no topology."));
    };
    let spots = declared(&topology);
    if spots.is_empty() {
        let text = "The topology has one region, or nothing that the roles decide.";
        return Err(nowhere(workspace, text));
    }
    let shelves = Shelves::over(&providers, spots);
    let none = || nowhere(workspace, "No provider of the files keeps role records.");
    Ok((shelves.ok_or_else(none)?, topology))
}
