//! Where the key comes from: a file beside a local state, or a given key.

use std::fmt::Debug;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Key, SecretError};
use crate::BoxFuture;
use crate::store::file::{self, Readers, blocking};

const MAGIC: &str = "lifeboat-key-1 ";

/// Where the key comes from.
pub trait KeySource: Debug + Send + Sync {
    /// The key, if there is one yet.
    fn load(&self) -> BoxFuture<'_, Result<Option<Key>, SecretError>>;

    /// Makes the key; gives the one that is there if somebody was faster.
    fn create(&self) -> BoxFuture<'_, Result<Key, SecretError>>;

    /// What messages call it.
    fn place(&self) -> String;

    /// Whether others than its owner can read it, as far as that can be told.
    fn is_exposed(&self) -> BoxFuture<'_, Result<bool, SecretError>> {
        Box::pin(async { Ok(false) })
    }
}

/// A random key in a file of mode 0600.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The key in `path`; it need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    async fn read(&self) -> Result<Option<Key>, SecretError> {
        let path = self.path.clone();
        let found = blocking("read the key", move || file::read(&path)).await?;
        found.map(|bytes| self.decode(&bytes)).transpose()
    }

    fn decode(&self, bytes: &[u8]) -> Result<Key, SecretError> {
        let text = std::str::from_utf8(bytes).ok().and_then(|text| text.strip_prefix(MAGIC));
        let key = text.and_then(|text| STANDARD.decode(text.trim_end()).ok());
        let key = key.and_then(|key| <[u8; 32]>::try_from(key).ok()).map(Key::new);
        key.ok_or_else(|| SecretError::BadKey { place: self.place() })
    }
}

impl KeySource for KeyFile {
    fn load(&self) -> BoxFuture<'_, Result<Option<Key>, SecretError>> {
        Box::pin(self.read())
    }

    fn create(&self) -> BoxFuture<'_, Result<Key, SecretError>> {
        Box::pin(async move {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| SecretError::NoRandom {
                place: self.place(),
                source: error.into(),
            })?;
            let key = Key::new(bytes);
            let text = format!("{MAGIC}{}\n", STANDARD.encode(bytes));
            let path = self.path.clone();
            let made = blocking("make the key", move || {
                file::create(&path, text.as_bytes(), Readers::Owner)
            });
            if made.await? {
                return Ok(key);
            }
            self.read().await?.ok_or_else(|| SecretError::MissingKey { place: self.place() })
        })
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn is_exposed(&self) -> BoxFuture<'_, Result<bool, SecretError>> {
        let path = self.path.clone();
        Box::pin(
            async move { Ok(blocking("look at the key", move || file::is_open(&path)).await?) },
        )
    }
}

/// A key that is given: in simulations, and by a key provider.
#[derive(Debug, Clone)]
pub struct FixedKey {
    key: Key,
    place: String,
}

impl FixedKey {
    /// The key, and what messages call the place that it came from.
    pub fn new(key: Key, place: impl Into<String>) -> Self {
        Self { key, place: place.into() }
    }
}

impl KeySource for FixedKey {
    fn load(&self) -> BoxFuture<'_, Result<Option<Key>, SecretError>> {
        Box::pin(async { Ok(Some(self.key.clone())) })
    }

    fn create(&self) -> BoxFuture<'_, Result<Key, SecretError>> {
        Box::pin(async { Ok(self.key.clone()) })
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}
