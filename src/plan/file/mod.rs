//! The plan file: one line in the envelope of the journal, sensitive values sealed.
//!
//! The types of each version are frozen in a file of their own. An older one is read through an
//! upgrade step; a newer one is refused by number.

mod read;
mod retiring;
mod timing;
mod v1;
mod v2;
mod write;

pub(crate) use write::{cause, plane, reason};

use lifeboat_state::digest::Digest;
use lifeboat_state::line;
use lifeboat_state::secret::Sealer;

use super::Plan;

/// Why a plan file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is not a plan file, or it was cut or altered.
    #[error("the file is not a whole plan file ({why}): make the plan again with -out")]
    Damaged {
        /// What is wrong.
        why: String,
    },
    /// A value has no stored form.
    #[error("the plan cannot be stored: {why}: give that value a simpler form")]
    Unstorable {
        /// What is wrong.
        why: String,
    },
    /// Another version wrote it.
    #[error(
        "the plan file has the format {found}, this version reads {known}: apply it with the version that made it, or plan again"
    )]
    Version {
        /// Of the file.
        found: u32,
        /// Of this version.
        known: u32,
    },
    /// A sensitive value could not be sealed or opened.
    #[error("a sensitive value of the plan cannot be sealed or opened")]
    Secret(#[from] lifeboat_state::secret::SecretError),
}

pub(super) fn unstorable(why: impl std::fmt::Display) -> PlanFileError {
    PlanFileError::Unstorable { why: why.to_string() }
}

/// The version that this build writes.
pub const VERSION: u32 = 2;

pub(super) fn damaged(why: impl std::fmt::Display) -> PlanFileError {
    PlanFileError::Damaged { why: why.to_string() }
}

/// The bytes of a plan file.
///
/// # Errors
/// A sensitive value could not be sealed.
pub fn write(plan: &Plan, sealer: &Sealer) -> Result<Vec<u8>, PlanFileError> {
    let stored = write::plan(plan, sealer)?;
    let json = serde_json::to_string(&stored).map_err(unstorable)?;
    Ok(line::encode(0, Digest::of(b""), &json).into_bytes())
}

/// The format and the text of a whole plan file.
fn opened(bytes: &[u8]) -> Result<(u32, &str), PlanFileError> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let (line, taken) = line::parse(bytes).map_err(damaged)?;
    if taken != bytes.len() {
        return Err(damaged("something follows it"));
    }
    let format: Format = serde_json::from_str(line.json).map_err(damaged)?;
    Ok((format.format, line.json))
}

/// Whether this is a whole plan file, of whatever version.
pub fn is_plan(bytes: &[u8]) -> bool {
    opened(bytes).is_ok()
}

/// The plan of a plan file.
///
/// # Errors
/// It is damaged, of another version, or sealed with another key.
pub fn read(bytes: &[u8], sealer: &Sealer) -> Result<Plan, PlanFileError> {
    let (found, json) = opened(bytes)?;
    let stored: v2::Plan = match found {
        1 => serde_json::from_str::<v1::Plan>(json).map_err(damaged)?.into(),
        VERSION => serde_json::from_str(json).map_err(damaged)?,
        found => return Err(PlanFileError::Version { found, known: VERSION }),
    };
    read::plan(stored, sealer)
}

/// The digest that names a plan: of the bytes of its file.
pub fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}
