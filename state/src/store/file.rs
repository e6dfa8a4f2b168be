//! Blocking file operations: whole or not at all, durable when they return.
//!
//! Called through [`blocking`] only. A write goes to a draft beside its target (`.tmp-RANDOM`, so
//! that no two writers ever mean the same draft), is synced, gets its name, and then the folder is
//! synced. A draft is locked by its writer, so that one left behind by a dead process can be told
//! apart and is swept away.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::StoreError;

const DRAFT: &str = ".tmp-";
const ATTEMPTS: u32 = 100;

/// Runs blocking work where it holds up nothing else; tokio's paused clock waits for it.
pub(crate) async fn blocking<T, F>(action: &'static str, work: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, StoreError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Ending { action }),
    }
}

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whoever the process's mask allows.
    Usual,
    /// The owner only (mode 0600).
    Owner,
}

/// The content of a file, if it is there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    present(fs::read(path)).map_err(|source| StoreError::io("read", path, source))
}

/// Whether others than its owner may read a file; not if there is none, or where there are no modes.
pub(crate) fn is_open(path: &Path) -> Result<bool, StoreError> {
    let found =
        present(fs::metadata(path)).map_err(|source| StoreError::io("read", path, source))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Ok(found.is_some_and(|found| found.permissions().mode() & 0o077 != 0))
    }
    #[cfg(not(unix))]
    {
        drop(found);
        Ok(false)
    }
}

/// Creates a file unless it exists; says whether it did.
pub(crate) fn create(path: &Path, bytes: &[u8], readers: Readers) -> Result<bool, StoreError> {
    let folder = parent(path);
    ensure_folder(folder)?;
    sweep(folder)?;
    for _ in 0..ATTEMPTS {
        let draft = Draft::write(folder, bytes, readers)?;
        match fs::hard_link(&draft.path, path) {
            Ok(()) => {
                drop(draft);
                sync_folder(folder)?;
                return Ok(true);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            // Swept away between its creation and its lock: write another.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("create", path, error)),
        }
    }
    Err(StoreError::io("create", path, io::ErrorKind::NotFound.into()))
}

/// Replaces a file. The caller holds the guard of the store.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = parent(path);
    for _ in 0..ATTEMPTS {
        let draft = Draft::write(folder, bytes, Readers::Usual)?;
        match fs::rename(&draft.path, path) {
            Ok(()) => {
                draft.keep();
                return sync_folder(folder);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("replace", path, error)),
        }
    }
    Err(StoreError::io("replace", path, io::ErrorKind::NotFound.into()))
}

/// Removes a file; one that is absent counts as removed.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    present(fs::remove_file(path))
        .map(|_| ())
        .map_err(|source| StoreError::io("remove", path, source))
}

/// The visible file names in a folder, sorted; none if there is no such folder.
pub(crate) fn list(folder: &Path) -> Result<Vec<String>, StoreError> {
    let failed = |source| StoreError::io("list", folder, source);
    let mut names = Vec::new();
    for entry in present(fs::read_dir(folder)).map_err(failed)?.into_iter().flatten() {
        let entry = entry.map_err(failed)?;
        if let Some(name) = entry.file_name().to_str().filter(|name| !name.starts_with('.'))
            && entry.file_type().map_err(failed)?.is_file()
        {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Makes a folder and those above it, each durable in the one above.
pub(crate) fn ensure_folder(folder: &Path) -> Result<(), StoreError> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let above = parent(folder);
    ensure_folder(above)?;
    match fs::create_dir(folder) {
        Ok(()) => sync_folder(above),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(StoreError::io("create the folder", folder, error)),
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // Windows has no way to sync a folder; its file systems log their names.
    if cfg!(unix) {
        File::open(folder)
            .and_then(|file| file.sync_all())
            .map_err(|source| StoreError::io("sync the folder", folder, source))?;
    }
    Ok(())
}

/// `None` for what is not there.
pub(crate) fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folder of a path; the empty path stands for the current one.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// A file on its way to its name; removed when dropped, unless kept.
#[derive(Debug)]
struct Draft {
    path: PathBuf,
    kept: bool,
    _locked: File,
}

impl Draft {
    fn write(folder: &Path, bytes: &[u8], readers: Readers) -> Result<Self, StoreError> {
        for _ in 0..ATTEMPTS {
            let random = getrandom::u64().map_err(|error| {
                StoreError::io("draw a name for a file in", folder, error.into())
            })?;
            let path = folder.join(format!("{DRAFT}{random:016x}"));
            let mut file = match options(readers).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(StoreError::io("create a file in", folder, error)),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io("lock a file in", folder, error));
                }
            }
            let written = file.write_all(bytes).and_then(|()| file.sync_all());
            let draft = Self { path, kept: false, _locked: file };
            return match written {
                Ok(()) => Ok(draft),
                Err(error) => Err(StoreError::io("write a file in", folder, error)),
            };
        }
        let crowded = io::Error::from(io::ErrorKind::AlreadyExists);
        Err(StoreError::io("create a file in", folder, crowded))
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Best effort: the next writer sweeps what is left, since its lock ends here.
            drop(fs::remove_file(&self.path));
        }
    }
}

fn options(readers: Readers) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    drop(readers);
    options
}

/// Removes the drafts of dead processes.
fn sweep(folder: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::io("list", folder, source);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(DRAFT)) {
            continue;
        }
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            remove(&entry.path())?;
        }
    }
    Ok(())
}
