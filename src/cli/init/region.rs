//! `lifeboat init -from-region REGION`: an empty folder becomes the one that the bundle of a region
//! was made from, so that another machine goes on.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lifeboat_sdk::Diagnostic;
use lifeboat_state::backend::{LocalState, StoreBackend};
use lifeboat_state::bundle::Bundle;
use serde_json::json;

use super::ignore;
use crate::cli::args;
use crate::cli::ask::missing;
use crate::cli::exit::Exit;
use crate::cli::workspace::{FOLDER, Workspace};
use crate::engine::guard::Said;
use crate::engine::restore::{self, Layout};
use crate::engine::shelves::{Shelves, Spot};
use crate::engine::{Loaded, Settings};
use crate::topology::region::PREFIX;
use crate::topology::values::record_bucket;
use crate::view::restored;

/// How long one call may take: who runs this is in a hurry, and the bundle may be large.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many names of a folder that is not empty are told.
const NAMED: usize = 5;

/// Runs `init -from-region`.
pub(super) async fn run(
    workspace: &Workspace,
    region: &str,
    args: &args::Init,
) -> Result<(), Exit> {
    let refused = |summary: &str, text: &str| {
        workspace.output.error(summary, text);
        Exit::Error
    };
    let spot = spot(region, args)
        .map_err(|text| refused("The bucket of the role record is not known", text))?;
    if let Some(text) = occupied(&workspace.root).map_err(|error| workspace.failed(&error))? {
        return Err(refused("The folder is not empty", &text));
    }
    let bare = Shelves::bare(&workspace.catalogue, &workspace.environment, vec![spot.clone()]);
    let bare = bare.map_err(|found| {
        workspace.tell(&found);
        Exit::Error
    })?;
    let Some(shelves) = bare else {
        let text = "No provider of this build keeps role records.";
        return Err(refused("There is nowhere to look", text));
    };
    let ctx = shelves.reading(PATIENCE, workspace.interrupt.clone());
    let told = |diagnostic: Box<Diagnostic>| {
        let exit =
            if diagnostic.code == "engine::bundle_old" { Exit::Refused } else { Exit::Error };
        workspace.tell(&(*diagnostic).into());
        exit
    };
    let bundle = restore::fetch(&shelves, &ctx, &spot).await.map_err(told)?;
    let settings = Settings { root: workspace.root.clone(), ..workspace.settings(None) };
    let (loaded, problems) = restore::loaded(&bundle, &settings, workspace.catalogue.clone());
    let unread = restore::newest(&bundle, &loaded, &shelves, (&ctx, &spot)).await.map_err(told)?;
    let layout = restore::layout(&bundle)
        .map_err(|why| refused("The region bundle cannot be used", &format!("{why}.")))?;
    write(workspace, &bundle, &layout).await?;
    let wanted = missing(&loaded.config, &problems);
    let lacks =
        Lacks { unread, wanted: wanted.into_iter().map(|(name, _)| name.to_string()).collect() };
    tell(workspace, &bundle, &layout, &lacks, &loaded);
    Ok(())
}

/// What the operator has to bring, or to know.
struct Lacks {
    unread: Vec<Said>,
    wanted: BTreeSet<String>,
}

fn spot(region: &str, args: &args::Init) -> Result<Spot, &'static str> {
    let account = args.account.as_deref();
    let (bucket, prefix) = match (&args.bucket, &args.topology, account) {
        (Some(bucket), _, _) => (bucket.clone(), args.prefix.as_deref().unwrap_or(PREFIX)),
        (None, Some(topology), Some(account)) => (record_bucket(topology, account, region), ""),
        (None, _, _) => {
            return Err("It is named after the topology, its account and the region: give \
                        -topology=TOPOLOGY and -account=ACCOUNT.\nWhere the region block names another: \
                        -bucket=BUCKET, and -prefix=PREFIX.");
        }
    };
    Ok(Spot {
        region: region.into(),
        aws: region.into(),
        account: account.map(Into::into),
        bucket: bucket.into(),
        prefix: prefix.into(),
    })
}

/// Why nothing is written into a folder: what is there.
fn occupied(root: &Path) -> io::Result<Option<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    Ok((!names.is_empty()).then(|| {
        format!(
            "What is there would be mixed with what is in the bundle: {}.\nMake a new folder, and \
             run this there.",
            names.join(", ")
        )
    }))
}

async fn write(workspace: &Workspace, bundle: &Bundle, layout: &Layout) -> Result<(), Exit> {
    let half = |path: &Path, error: &dyn std::fmt::Display| {
        let text = format!(
            "{}: {error}.\nThe folder is not whole: empty it, and run this again.",
            path.display()
        );
        workspace.output.error("The bundle cannot be written into the folder", &text);
        Exit::Error
    };
    for (path, name) in &layout.files {
        let path = workspace.root.join(path);
        let content = bundle.files.get(name).map(Vec::as_slice).unwrap_or_default();
        create(&path, content).map_err(|error| half(&path, &error))?;
    }
    let root = workspace.root.join(&layout.root);
    let folder = root.join(FOLDER);
    let unpacked = StoreBackend::unpack(&LocalState::parts(&folder), &bundle.state).await;
    unpacked.map_err(|error| half(&folder, &crate::apply::chain(&error)))?;
    let kept_out: PathBuf = folder.join(".gitignore");
    create(&kept_out, b"*\n").map_err(|error| half(&kept_out, &error))?;
    ignore(&root.join(".gitignore")).map_err(|error| half(&root, &error))
}

/// Creates a file with the folders above it; there must be none of that name.
fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn tell(workspace: &Workspace, bundle: &Bundle, layout: &Layout, lacks: &Lacks, loaded: &Loaded) {
    let encrypted = bundle.state.is_sealed();
    let key = workspace.root.join(&layout.root).join(FOLDER).join("key");
    let standing = Path::new(FOLDER).join("state/standing");
    let text = restored::text(&restored::Page {
        about: &bundle.about,
        files: layout.files.len(),
        root: &layout.root,
        elsewhere: &layout.elsewhere,
        key: encrypted.then_some(&*key),
        wanted: &lacks.wanted,
        unread: &lacks.unread,
        standing: bundle.state.standing.is_some().then_some(&*standing),
        regions: loaded.topology.as_ref().map_or(0, |topology| topology.recording().count()),
    });
    if workspace.output.json {
        let about = &bundle.about;
        let body = json!({
            "message_code": "output_init_from_region_message",
            "restored": {
                "topology": about.topology,
                "lineage": about.lineage,
                "serial": about.serial,
                "epoch": about.epoch,
                "primary": about.primary,
                "promotion": about.promotion.as_ref().map(|open| json!({
                    "from": open.from,
                    "to": open.to,
                    "epoch": open.epoch,
                })),
                "written": about.at,
                "root": layout.root,
                "standing_plan": bundle.state.standing.as_ref().map(|_| standing.join("plan")),
                "key_needed": encrypted,
                "variables_needed": lacks.wanted,
            },
        });
        workspace.output.event("init_output", "info", &text, body);
    } else {
        workspace.output.result(&format!("{text}\n"));
    }
}
