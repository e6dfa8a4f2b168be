//! Files that are replaced as a whole: who reads one meanwhile, or after a crash, finds the old
//! or the new content.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// So many drafts that dead processes left are stepped over.
const ATTEMPTS: u32 = 100;

/// Replaces the content of a file that exists; its permissions stay, and a link to it stays one.
///
/// # Errors
/// Those of the system; the file is what it was then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    // What must not be written must not be replaced either.
    let old = OpenOptions::new().write(true).open(&path)?.metadata()?;
    let (draft, file) = draft(&path)?;
    let replaced = fill(file, bytes, &old).and_then(|()| fs::rename(&draft, &path));
    if replaced.is_err() {
        // Why it failed is what counts.
        drop(fs::remove_file(&draft));
    }
    replaced
}

/// An empty file beside another, which nobody else may read yet.
fn draft(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for attempt in 0..ATTEMPTS {
        let draft = path.with_file_name(format!(".lifeboat-{}-{attempt}", std::process::id()));
        match options.open(&draft) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (draft, file)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn fill(mut file: File, bytes: &[u8], old: &Metadata) -> io::Result<()> {
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        // Only who may give files away can keep another owner.
        drop(fchown(&file, Some(old.uid()), Some(old.gid())));
    }
    file.set_permissions(old.permissions())?;
    file.sync_all()
}
