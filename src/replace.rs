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
    let (path, old) = found(path)?;
    let (draft, file) = draft(&path)?;
    let replaced = fill(file, bytes, &old).and_then(|()| fs::rename(&draft, &path));
    if replaced.is_err() {
        // Why it failed is what counts.
        drop(fs::remove_file(&draft));
    } else {
        lasting(&path);
    }
    replaced
}

/// Whether a file can be replaced, as far as this is known before. Nothing stays of it.
///
/// # Errors
/// Those of the system, as [`replace`] would tell them.
pub fn possible(path: &Path) -> io::Result<()> {
    let (draft, _) = draft(&found(path)?.0)?;
    fs::remove_file(draft)
}

/// The file itself, and what it is like.
fn found(path: &Path) -> io::Result<(PathBuf, Metadata)> {
    let path = fs::canonicalize(path)?;
    // Who opens a pipe waits for somebody to read it.
    if !fs::metadata(&path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    // What must not be written must not be replaced either.
    let old = OpenOptions::new().write(true).open(&path)?.metadata()?;
    Ok((path, old))
}

/// A new name in a folder outlives a loss of power when the folder is on the disk, too. Not every file
/// system does that for folders.
fn lasting(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        drop(folder.sync_all());
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_replaced_is_known_before_and_nothing_stays_of_the_look() {
        let folder = std::env::temp_dir().join(format!("lifeboat-replace-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let file = folder.join("a");
        fs::write(&file, "old").unwrap();
        possible(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        replace(&file, b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        // A folder and what is not there cannot be replaced.
        for other in [&folder, &folder.join("b")] {
            let why = possible(other).unwrap_err().to_string();
            assert_eq!(replace(other, b"new").unwrap_err().to_string(), why);
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
