//! What of a region bundle becomes a folder, and whether it is the newest that can be had.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use futures_util::future::{join, join_all};
use lifeboat_sdk::{Class, Ctx, Diagnostic, Diagnostics};
use lifeboat_state::bundle::Bundle;

use super::guard::{self, Said};
use super::shelves::{self, Shelves, Spot, Unreadable};
use super::{Contexts, Loaded, Settings, files, load};
use crate::apply::chain;
use crate::registry::Catalogue;

/// Folders that no file of a bundle is written into.
const OURS: [&str; 2] = [".lifeboat", ".git"];

/// Reads record and bundle of a region, and verifies them.
///
/// # Errors
/// One of them cannot be read, or they do not fit.
pub async fn fetch(shelves: &Shelves, ctx: &Ctx, spot: &Spot) -> Result<Bundle, Box<Diagnostic>> {
    let record = shelves.record(ctx, spot).await.map_err(|why| unreadable(spot, &why))?;
    let kept = shelves.bundle(ctx, spot).await;
    let kept = kept.map_err(|failure| unreadable(spot, &Unreadable::Failed(failure)))?;
    let (key, bucket) = (spot.bundle_key(), spot.bucket.clone());
    let Some(kept) = kept else {
        return Err(unreadable(spot, &Unreadable::Missing { key, bucket }));
    };
    let bundle = Bundle::decode(&kept.bytes).map_err(|error| damaged(spot, &chain(&error)))?;
    let about = &bundle.about;
    if record.lineage != about.lineage {
        let why = format!(
            "it is of the state {}, and the record beside it of {}",
            about.lineage, record.lineage
        );
        return Err(damaged(spot, &why));
    }
    if record.epoch > about.reaches() {
        return Err(old(&bundle, &spot.region, record.epoch, &record.primary));
    }
    Ok(bundle)
}

fn unreadable(spot: &Spot, why: &Unreadable) -> Box<Diagnostic> {
    let Spot { region, bucket, .. } = spot;
    let no_bucket = matches!(why, Unreadable::Failed(failure) if failure.class == Class::NotFound);
    let help = match why {
        Unreadable::Missing { .. } => {
            "Is it the right bucket, and the right -prefix? The first apply writes both.".to_owned()
        }
        _ if no_bucket => format!(
            "{bucket} is the name that follows from -topology, -account and the region. Where the \
             region block names another: -bucket=BUCKET."
        ),
        _ => "Every region of the topology has a bundle: take that of another.".to_owned(),
    };
    let detail = format!("{region}: {why}.");
    let summary = "The region bundle cannot be read";
    Box::new(Diagnostic::error("engine::bundle_unread", summary, detail).help(help))
}

fn damaged(spot: &Spot, why: &str) -> Box<Diagnostic> {
    let (key, Spot { region, bucket, .. }) = (spot.bundle_key(), spot);
    let detail = format!("{key} in the bucket {bucket} ({region}) is not used: {why}.");
    let help = "Take the bundle of another region, or an earlier version of this object.";
    let summary = "The region bundle cannot be used";
    Box::new(Diagnostic::error("engine::bundle_damaged", summary, detail).help(help))
}

fn old(bundle: &Bundle, by: &str, epoch: u64, primary: &str) -> Box<Diagnostic> {
    let detail = format!(
        "The role record in {by} says that {primary} is the primary since epoch {epoch}. The bundle \
         is of epoch {}: it knows nothing of that promotion, and its files name another primary. What \
         is made from it would be behind, and could change nothing.",
        bundle.about.reaches()
    );
    overtaken(detail, primary)
}

fn overtaken(detail: String, region: &str) -> Box<Diagnostic> {
    let help = format!("Take the bundle of another region: -from-region={region}.");
    let summary = "There is a newer region bundle";
    Box::new(Diagnostic::error("engine::bundle_old", summary, detail).help(help))
}

/// Where the files of a bundle go, in an empty folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    /// The root module, from the folder.
    pub root: PathBuf,
    /// Each file, from the folder, with its name in the bundle.
    pub files: Vec<(PathBuf, String)>,
    /// Files that were read by their whole path: they are not written there.
    pub elsewhere: Vec<String>,
}

/// Lays out the files of a bundle. Modules beside the root module stay beside it, so that it may be
/// some folders down.
///
/// # Errors
/// A name that leaves the folder, or is in one that is not for files: nobody wrote such a bundle.
pub fn layout(bundle: &Bundle) -> Result<Layout, String> {
    let root = inside(&bundle.about.folder, &[])?;
    let (mut files, mut elsewhere) = (Vec::new(), Vec::new());
    for name in bundle.files.keys() {
        if Path::new(name).is_absolute() {
            elsewhere.push(name.clone());
            continue;
        }
        files.push((inside(name, &root)?.iter().collect(), name.clone()));
    }
    Ok(Layout { root: root.iter().collect(), files, elsewhere })
}

/// The parts of a path from the folder, of a name that is seen from `root`.
fn inside(name: &str, root: &[String]) -> Result<Vec<String>, String> {
    let wrong = || format!("it holds a file {name:?}, which is no name of one");
    let mut parts = root.to_vec();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str().ok_or_else(wrong)?.to_owned()),
            Component::ParentDir => drop(parts.pop().ok_or_else(wrong)?),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return Err(wrong()),
        }
    }
    if parts.iter().any(|part| OURS.contains(&&**part)) {
        return Err(wrong());
    }
    Ok(parts)
}

/// Loads the files of a bundle without writing any.
pub fn loaded(bundle: &Bundle, settings: &Settings, catalogue: Catalogue) -> (Loaded, Diagnostics) {
    let contexts = Contexts {
        files: Arc::new(files::Files::stored(bundle.files.clone(), &settings.root)),
        now: settings.now,
        settled: false,
        seed: settings.seed,
    };
    contexts.with(|context| load::load(settings, catalogue, &*contexts.files, context))
}

/// Whether the other regions know of no later promotion and no later state; who could not be read.
///
/// # Errors
/// One of them does.
pub async fn newest(
    bundle: &Bundle,
    loaded: &Loaded,
    shelves: &Shelves,
    (ctx, spot): (&Ctx, &Spot),
) -> Result<Vec<Said>, Box<Diagnostic>> {
    let all = loaded.topology.as_ref().map(shelves::declared).unwrap_or_default();
    let spots: Vec<Spot> = all.into_iter().filter(|other| other.region != spot.region).collect();
    let bundles = join_all(spots.iter().map(|other| shelves.bundle(ctx, other)));
    let others = shelves.with(spots.clone());
    let (said, bundles) = join(guard::ask(&others, ctx), bundles).await;
    let about = &bundle.about;
    for Said { region, record } in &said {
        if let Ok(record) = record
            && record.lineage == about.lineage
            && record.epoch > about.reaches()
        {
            return Err(old(bundle, region, record.epoch, &record.primary));
        }
    }
    for (other, kept) in spots.iter().zip(bundles) {
        let Ok(Some(kept)) = kept else { continue };
        let Ok(Bundle { about: there, .. }) = Bundle::decode(&kept.bytes) else { continue };
        if there.lineage == about.lineage && there.place() > about.place() {
            let detail = format!(
                "The bundle in {} is of serial {} (epoch {}), written {}, the one in {} of serial {} \
                 (epoch {}): what was made since would be unknown to this state.",
                other.region,
                there.serial,
                there.reaches(),
                there.at,
                spot.region,
                about.serial,
                about.reaches()
            );
            return Err(overtaken(detail, &other.region));
        }
    }
    Ok(said.into_iter().filter(|said| said.record.is_err()).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lifeboat_state::bundle::{About, Measured, Packed};

    use super::*;

    fn bundle(folder: &str, names: &[&str]) -> Bundle {
        Bundle {
            about: About { folder: folder.to_owned(), ..About::default() },
            files: names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect(),
            state: Packed {
                generation: Vec::new().into(),
                journals: BTreeMap::new(),
                standing: None,
                measured: Measured::default(),
            },
        }
    }

    #[test]
    fn modules_beside_the_root_module_stay_beside_it() {
        let names = ["../../modules/web/a.dr.hcl", "/etc/prod.drvars.hcl", "main.dr.hcl"];
        let layout = layout(&bundle("examples/web", &names)).unwrap();
        assert_eq!(layout.root, Path::new("examples/web"));
        let paths: Vec<_> = layout.files.iter().map(|(path, _)| path.to_str().unwrap()).collect();
        assert_eq!(paths, ["modules/web/a.dr.hcl", "examples/web/main.dr.hcl"]);
        assert_eq!(layout.elsewhere, ["/etc/prod.drvars.hcl"]);
    }

    #[test]
    fn no_file_leaves_the_folder_or_gets_among_what_is_ours() {
        for (folder, name) in [
            ("", "../a"),
            ("web", "../../a"),
            ("", "a/../../b"),
            ("", ".lifeboat/key"),
            ("", ".git/hooks/post-checkout"),
            ("..", "a"),
            ("/etc", "a"),
            (".git", "a"),
        ] {
            assert!(layout(&bundle(folder, &[name])).is_err(), "{folder} {name}");
        }
    }
}
