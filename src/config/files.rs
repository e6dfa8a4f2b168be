//! `Files`: the only way to the disk, injected so that what was read can be recorded.

use std::io;
use std::path::{Path, PathBuf};

/// Reads files.
pub trait Files {
    /// The content of a file.
    ///
    /// # Errors
    /// Those of the system.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names of the files (not folders) of a folder, sorted.
    ///
    /// # Errors
    /// Those of the system.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
}

/// The disk, seen from a folder.
#[derive(Clone, Debug)]
pub struct Disk {
    base: PathBuf,
}

impl Disk {
    /// Relative paths are relative to `base`.
    pub fn at(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(self.base.join(path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.base.join(dir))? {
            let entry = entry?;
            // What cannot be looked at, such as a link to nowhere, is listed: reading it says why.
            if std::fs::metadata(entry.path()).is_ok_and(|found| !found.is_file()) {
                continue;
            }
            names.extend(entry.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }
}
