//! Looking at all that is kept, whether it is whole or not. Nothing here writes, nor needs the
//! lock.

use std::collections::BTreeMap;

use super::{BackendError, Parts, StoreBackend};
use crate::generation::Survey;
use crate::journal::{Headline, RunId};
use crate::secret::{Sealer, SecretError};
use crate::store::Name;

/// State that was opened to be looked at.
#[derive(Debug)]
pub struct Inspected {
    /// The state; without a key where that cannot be used.
    pub backend: StoreBackend,
    /// Why the key cannot be used. That there is none is no reason.
    pub key: Result<(), SecretError>,
    /// Whether others than its owner can read the key.
    pub exposed: bool,
}

/// The record that a plan was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The plan's digest.
    pub digest: String,
    /// The run that consumed it; `None` where the record does not name one.
    pub run: Option<RunId>,
}

impl StoreBackend {
    /// The state over these parts, also where its key cannot be used.
    ///
    /// # Errors
    /// The key cannot be looked at.
    pub async fn inspect(parts: Parts) -> Result<Inspected, BackendError> {
        let place = parts.keys.place();
        let exposed = parts.keys.is_exposed().await?;
        let (sealer, key) = match parts.keys.load().await {
            Ok(Some(key)) => (Sealer::new(key, place), Ok(())),
            Ok(None) => (Sealer::without_key(place), Ok(())),
            Err(SecretError::Store(error)) => return Err(error.into()),
            Err(error) => (Sealer::without_key(place), Err(error)),
        };
        Ok(Inspected { backend: Self::over(parts, sealer), key, exposed })
    }

    /// Every generation that is kept, and what is to be thought of it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn survey(&self) -> Result<Survey, BackendError> {
        Ok(self.chain.survey().await?)
    }

    /// The runs that have a journal.
    ///
    /// # Errors
    /// The store failed.
    pub async fn runs(&self) -> Result<Vec<RunId>, BackendError> {
        Ok(self.journals().runs().await?)
    }

    /// How runs began and ended, as far as their journals can be read.
    ///
    /// # Errors
    /// The store failed.
    pub async fn headlines(&self) -> Result<BTreeMap<RunId, Headline>, BackendError> {
        Ok(self.journals().headlines().await?)
    }

    /// The records of plans that were applied, by digest.
    ///
    /// # Errors
    /// The store failed.
    pub async fn applied_plans(&self) -> Result<Vec<Applied>, BackendError> {
        let mut all = Vec::new();
        for name in self.parts.store.list(&Name::new("plans")?).await? {
            let stored = self.parts.store.get(&name).await?;
            let text = stored.map(|stored| String::from_utf8_lossy(&stored.bytes).into_owned());
            let run = text.and_then(|text| RunId::new(text.strip_suffix('\n')?).ok());
            all.push(Applied { digest: name.last().to_owned(), run });
        }
        Ok(all)
    }
}
