//! `LocalStore`: a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::file::{self, Readers, blocking};
use super::{CasStore, Name, PutNew, Segment, Segments, StoreError, Stored, Swap, Version};
use crate::BoxFuture;

const GUARD: &str = ".guard";
const GUARD_WAIT: Duration = Duration::from_secs(10);

/// A folder as a store. Nothing is created before the first write.
#[derive(Debug, Clone)]
pub struct LocalStore {
    root: PathBuf,
}

impl LocalStore {
    /// The store in `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.root.join(name.as_str())
    }

    fn names(&self, folder: &Name) -> BoxFuture<'static, Result<Vec<Name>, StoreError>> {
        let (path, folder) = (self.path(folder), folder.clone());
        Box::pin(blocking("list", move || {
            // What cannot be one of our names was put there by somebody else.
            let names = file::list(&path)?;
            Ok(names.iter().filter_map(|name| folder.join(name).ok()).collect())
        }))
    }

    fn unlink(&self, name: &Name) -> BoxFuture<'static, Result<(), StoreError>> {
        let path = self.path(name);
        Box::pin(blocking("remove", move || file::remove(&path)))
    }

    async fn swap_guarded(
        &self,
        name: &Name,
        expected: &Version,
        bytes: Bytes,
    ) -> Result<Swap, StoreError> {
        let until = tokio::time::Instant::now() + GUARD_WAIT;
        let mut pause = Duration::from_millis(1);
        loop {
            let (root, path) = (self.root.clone(), self.path(name));
            let (expected, bytes) = (expected.clone(), bytes.clone());
            let tried =
                blocking("replace", move || try_swap(&root, &path, &expected, &bytes)).await?;
            match tried {
                Some(swap) => return Ok(swap),
                None if tokio::time::Instant::now() >= until => {
                    let path = self.root.join(GUARD).display().to_string();
                    return Err(StoreError::Busy { path, seconds: GUARD_WAIT.as_secs() });
                }
                None => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

/// Compares and replaces under the guard; `None` while another process has it.
///
/// The guard is waited for outside of the blocking thread: a suspended holder must not stop us for
/// ever.
fn try_swap(
    root: &Path,
    path: &Path,
    expected: &Version,
    bytes: &[u8],
) -> Result<Option<Swap>, StoreError> {
    let guard_path = root.join(GUARD);
    if !root.is_dir() {
        return Ok(Some(Swap::Refused));
    }
    let guard = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&guard_path)
        .map_err(|source| StoreError::io("open", &guard_path, source))?;
    match guard.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(source)) => {
            return Err(StoreError::io("lock", &guard_path, source));
        }
    }
    let same = file::read(path)?.is_some_and(|found| Version::of(&found) == *expected);
    if !same {
        return Ok(Some(Swap::Refused));
    }
    file::replace(path, bytes)?;
    drop(guard);
    Ok(Some(Swap::Swapped(Version::of(bytes))))
}

impl CasStore for LocalStore {
    fn get<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Stored>, StoreError>> {
        let path = self.path(name);
        Box::pin(blocking("read", move || {
            let found = file::read(&path)?.map(Bytes::from);
            Ok(found.map(|bytes| Stored { version: Version::of(&bytes), bytes }))
        }))
    }

    fn put_new<'a>(
        &'a self,
        name: &'a Name,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<PutNew, StoreError>> {
        let path = self.path(name);
        Box::pin(blocking("create", move || {
            Ok(if file::create(&path, &bytes, Readers::Usual)? {
                PutNew::Created(Version::of(&bytes))
            } else {
                PutNew::Exists
            })
        }))
    }

    fn swap<'a>(
        &'a self,
        name: &'a Name,
        expected: &'a Version,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<Swap, StoreError>> {
        Box::pin(self.swap_guarded(name, expected, bytes))
    }

    fn list<'a>(&'a self, folder: &'a Name) -> BoxFuture<'a, Result<Vec<Name>, StoreError>> {
        self.names(folder)
    }

    fn remove<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>> {
        self.unlink(name)
    }
}

#[derive(Debug)]
struct LocalSegment {
    file: Arc<File>,
    path: PathBuf,
}

impl Segment for LocalSegment {
    fn append(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), StoreError>> {
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        Box::pin(blocking("append to", move || {
            (&*file)
                .write_all(&bytes)
                .and_then(|()| file.sync_data())
                .map_err(|source| StoreError::io("append to", &path, source))
        }))
    }
}

impl Segments for LocalStore {
    fn create<'a>(
        &'a self,
        name: &'a Name,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Segment>>, StoreError>> {
        let path = self.path(name);
        Box::pin(blocking("create", move || {
            let folder = file::parent(&path);
            file::ensure_folder(folder)?;
            let file = match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(None),
                Err(error) => return Err(StoreError::io("create", &path, error)),
            };
            file::sync_folder(folder)?;
            let segment: Box<dyn Segment> = Box::new(LocalSegment { file: Arc::new(file), path });
            Ok(Some(segment))
        }))
    }

    fn settle<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>> {
        let path = self.path(name);
        Box::pin(blocking("sync", move || {
            // For writing: not every system syncs what was opened for reading.
            let synced = OpenOptions::new().append(true).open(&path);
            let synced = synced.and_then(|file| file.sync_all());
            synced.map_err(|source| StoreError::io("sync", &path, source))?;
            file::sync_folder(file::parent(&path))
        }))
    }

    fn read<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        let path = self.path(name);
        Box::pin(blocking("read", move || Ok(file::read(&path)?.map(Bytes::from))))
    }

    fn tail<'a>(
        &'a self,
        name: &'a Name,
        limit: usize,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        let path = self.path(name);
        Box::pin(blocking("read", move || {
            file::present(read_tail(&path, limit))
                .map_err(|source| StoreError::io("read", &path, source))
        }))
    }

    fn segments<'a>(&'a self, folder: &'a Name) -> BoxFuture<'a, Result<Vec<Name>, StoreError>> {
        self.names(folder)
    }

    fn remove_segment<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>> {
        self.unlink(name)
    }
}

fn read_tail(path: &Path, limit: usize) -> std::io::Result<Bytes> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(limit as u64);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}
