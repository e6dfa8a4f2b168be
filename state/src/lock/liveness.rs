//! Whether the process that holds a lock is alive.

use std::any::Any;
use std::fmt::{self, Debug};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use super::LockError;
use crate::BoxFuture;
use crate::store::file::{self, blocking};
use crate::store::{MemoryDisk, Name, StoreError};

/// Shows that a process lives, until it is dropped or the process dies.
pub struct Claim(#[expect(dead_code, reason = "held for its Drop")] Box<dyn Any + Send + Sync>);

impl Claim {
    /// A claim that holds something open.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self(Box::new(held))
    }
}

impl Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim")
    }
}

/// Tells whether the holder of a lock is alive, where that can be told.
pub trait Liveness: Debug + Send + Sync {
    /// Shows from now on that the holder of lock `id` lives.
    fn claim<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Claim, LockError>>;

    /// Whether the holder of lock `id`, on this machine, is dead for certain.
    fn is_dead<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, LockError>>;

    /// Removes the traces of a lock that is over.
    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), LockError>>;
}

/// Nobody is ever known to be dead: for remote stores, whose locks end by release or by breaking.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLiveness;

impl Liveness for NoLiveness {
    fn claim<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Claim, LockError>> {
        Box::pin(async { Ok(Claim::new(())) })
    }

    fn is_dead<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, LockError>> {
        Box::pin(async { Ok(false) })
    }

    fn forget<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), LockError>> {
        Box::pin(async { Ok(()) })
    }
}

/// One file for each holder, under an advisory lock of the system, which the kernel releases when
/// the process dies, however it dies.
#[derive(Debug, Clone)]
pub struct LockFiles {
    folder: PathBuf,
}

impl LockFiles {
    /// The files in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, id: &str) -> Result<PathBuf, StoreError> {
        Ok(self.folder.join(Name::new(id)?.last()))
    }
}

impl Liveness for LockFiles {
    fn claim<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Claim, LockError>> {
        Box::pin(async move {
            let (folder, path) = (self.folder.clone(), self.path(id)?);
            let claimed = blocking("show that this process lives", move || {
                file::ensure_folder(&folder)?;
                let file = OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(&path)
                    .map_err(|source| StoreError::io("create", &path, source))?;
                match file.try_lock() {
                    Ok(()) => Ok(Some(Claim::new(file))),
                    Err(TryLockError::WouldBlock) => Ok(None),
                    Err(TryLockError::Error(source)) => Err(StoreError::io("lock", &path, source)),
                }
            });
            claimed.await?.ok_or_else(|| LockError::IdInUse { id: id.to_owned() })
        })
    }

    fn is_dead<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, LockError>> {
        Box::pin(async move {
            let path = self.path(id)?;
            let dead = blocking("look whether a process lives", move || {
                let failed = |source| StoreError::io("look at", &path, source);
                let Some(file) = file::present(File::open(&path)).map_err(failed)? else {
                    return Ok(true);
                };
                // Shared, so that two who look at the same time do not take each other for it.
                match file.try_lock_shared() {
                    Ok(()) => Ok(true),
                    Err(TryLockError::WouldBlock) => Ok(false),
                    Err(TryLockError::Error(source)) => Err(failed(source)),
                }
            });
            Ok(dead.await?)
        })
    }

    fn forget<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), LockError>> {
        Box::pin(async move {
            let path = self.path(id)?;
            Ok(blocking("remove", move || file::remove(&path)).await?)
        })
    }
}

/// In simulation: a claim lives on the disk until it is dropped or the disk crashes.
impl Liveness for MemoryDisk {
    fn claim<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Claim, LockError>> {
        Box::pin(async move {
            if !self.set_alive(id, true) {
                return Err(LockError::IdInUse { id: id.to_owned() });
            }
            Ok(Claim::new(Alive { disk: self.clone(), id: id.to_owned() }))
        })
    }

    fn is_dead<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, LockError>> {
        Box::pin(async move { Ok(!self.is_alive(id)) })
    }

    fn forget<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), LockError>> {
        Box::pin(async { Ok(()) })
    }
}

struct Alive {
    disk: MemoryDisk,
    id: String,
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.disk.set_alive(&self.id, false);
    }
}
