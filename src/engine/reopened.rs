//! Plans that are opened again: saved ones, and those that runs stored in their journals.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lifeboat_sdk::{Diagnostic, Diagnostics};
use lifeboat_state::secret::Sealer;

use super::context::Contexts;
use super::files::Files;
use super::finaliser::Finaliser;
use super::load::{self, Loaded};
use crate::apply::chain;
use crate::apply::recover::Opened;
use crate::plan::{Plan, file};
use crate::registry::{Catalogue, Providers};

/// Loads what a plan holds: its files, with the values that its variables had. Nothing else is
/// read.
///
/// # Errors
/// What the plan holds cannot be loaded by this build.
pub fn reopen(
    catalogue: &Catalogue,
    root: &Path,
    plan: &Plan,
) -> Result<(Loaded, Contexts), Diagnostics> {
    let contexts = Contexts {
        files: Arc::new(Files::stored(plan.inputs.files.clone(), root)),
        now: plan.inputs.now.parse().unwrap_or_default(),
        settled: true,
        seed: u64::from_le_bytes(
            <[u8; 8]>::try_from(&blake3::hash(plan.id.as_bytes()).as_bytes()[..8])
                .unwrap_or_default(),
        ),
    };
    let (loaded, diagnostics) =
        contexts.with(|context| load::reload(plan, catalogue.clone(), &*contexts.files, context));
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok((loaded, contexts)) }
}

/// Reads the plan that a run stored, with what completes its documents: what recovery needs.
pub struct Opener {
    /// Schemas and hooks.
    pub catalogue: Catalogue,
    /// The root module's folder.
    pub root: PathBuf,
    /// Opens its sensitive values.
    pub sealer: Arc<Sealer>,
    /// Kinds, able to make calls.
    pub providers: Providers,
}

impl Opener {
    /// Opens a stored plan.
    ///
    /// # Errors
    /// It cannot be read: another version wrote it, or its key is gone.
    pub fn open(&self, bytes: &[u8]) -> Result<Opened, Diagnostics> {
        let plan = file::read(bytes, &self.sealer).map_err(|error| unreadable(&error))?;
        let (loaded, contexts) = reopen(&self.catalogue, &self.root, &plan)?;
        let (shared, loaded) = (Arc::new(plan.clone()), Arc::new(loaded));
        let finaliser = Finaliser::new(shared, loaded, self.providers.clone(), contexts);
        Ok(Opened { plan, finalise: Box::new(finaliser) })
    }
}

fn unreadable(error: &file::PlanFileError) -> Diagnostics {
    let help = match error {
        file::PlanFileError::Secret(_) => {
            "Put the key back with which the run began: .lifeboat/key."
        }
        _ => "Use the version of lifeboat that began the run.",
    };
    let detail = format!("{}. Until then it is not known what the run did.", chain(error));
    Diagnostic::error("apply::stored_plan", "The plan of an open run cannot be read", detail)
        .help(help)
        .into()
}
