//! `LocalState`: state in a folder of this machine.

use std::path::Path;
use std::sync::Arc;

use super::{BackendError, Inspected, Parts, StoreBackend};
use crate::lock::LockFiles;
use crate::secret::KeyFile;
use crate::store::LocalStore;

/// State in a folder of this machine.
#[derive(Debug, Clone, Copy)]
pub struct LocalState;

impl LocalState {
    /// The state in `folder` (the `.lifeboat` of a root module): generations, journals and lock in
    /// `state/`, the key in `key`. Creates nothing before the first lock.
    ///
    /// # Errors
    /// The key file cannot be read.
    pub async fn open(folder: &Path) -> Result<StoreBackend, BackendError> {
        StoreBackend::open(Self::parts(folder)).await
    }

    /// The state in `folder`, also where its key cannot be used; see [`StoreBackend::inspect`].
    ///
    /// # Errors
    /// The key file cannot be looked at.
    pub async fn inspect(folder: &Path) -> Result<Inspected, BackendError> {
        StoreBackend::inspect(Self::parts(folder)).await
    }

    /// What the state in `folder` is made of, for [`StoreBackend::open`].
    pub fn parts(folder: &Path) -> Parts {
        let root = folder.join("state");
        let store = LocalStore::new(&root);
        Parts {
            store: Arc::new(store.clone()),
            segments: Arc::new(store),
            liveness: Arc::new(LockFiles::new(root.join("live"))),
            keys: Arc::new(KeyFile::new(folder.join("key"))),
        }
    }
}
