//! Where downloaded and built things are kept: outside the clone, shared by all clones of this user.

use std::env;
use std::path::PathBuf;

use crate::{Error, Result};

/// The cache folder: `$LIFEBOAT_CACHE`, else `$XDG_CACHE_HOME/lifeboat`, else `~/.cache/lifeboat`.
pub fn cache_dir() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("LIFEBOAT_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("lifeboat")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache/lifeboat")))
        .ok_or(Error::NoCache)
}
