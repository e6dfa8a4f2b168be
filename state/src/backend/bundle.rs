//! State as a region bundle has it: packed as it is stored, and unpacked where there is none.

use std::sync::Arc;

use super::{BackendError, Parts, StoreBackend, standing};
use crate::bundle::{Measured, Packed, Standing};
use crate::generation::{Chain, GenerationError};
use crate::journal::Journals;
use crate::lock::{LEAP, LockError};
use crate::record::{self, Record};
use crate::secret::Sealer;
use crate::{durations, positions};

impl StoreBackend {
    pub(super) async fn pack(&self) -> Result<Option<Packed>, BackendError> {
        let Some(generation) = self.chain.stored().await? else { return Ok(None) };
        let journals = self.journals().open_parts().await?;
        let standing = standing::read(&*self.parts.store).await?;
        // Nothing depends on them, so that one that cannot be read keeps no bundle from being written.
        let store = &*self.parts.store;
        let measured = Measured {
            positions: positions::stored(store).await.unwrap_or_default(),
            durations: durations::stored(store).await.unwrap_or_default(),
        };
        Ok(Some(Packed { generation, journals, standing, measured }))
    }

    /// Keeps a standing plan beside the state, in the place of the one before. Needs no lock: nothing
    /// is decided by it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keep_standing(&self, standing: &Standing) -> Result<(), BackendError> {
        Ok(standing::write(&*self.parts.store, standing).await?)
    }

    /// Puts what was packed on another machine where there is no state yet. The lock's term is above
    /// any that the other machine may have had since, as where a lock record was lost.
    ///
    /// # Errors
    /// There is a state already, what is packed is damaged, or the store failed.
    pub async fn unpack(parts: &Parts, packed: &Packed) -> Result<(), BackendError> {
        let damaged = |why| GenerationError::Damaged { serial: 0, why, offer: None };
        let header = packed.generation().map_err(damaged)?.header;
        // First what marks the place as taken.
        let record = Record { term: header.term.saturating_add(LEAP), ..Record::default() };
        let written = record::write(&*parts.store, None, &record).await;
        if written.map_err(LockError::from)?.is_none() {
            return Err(BackendError::Occupied);
        }
        let sealer = Arc::new(Sealer::without_key(parts.keys.place()));
        let journals = Journals::new(Arc::clone(&parts.segments), sealer);
        for (name, bytes) in &packed.journals {
            if !journals.put_part(name, bytes.clone()).await? {
                return Err(BackendError::Occupied);
            }
        }
        if let Some(standing) = &packed.standing {
            standing::write(&*parts.store, standing).await?;
        }
        let Measured { positions, durations } = &packed.measured;
        if let Some(bytes) = positions {
            positions::put(&*parts.store, bytes.clone()).await?;
        }
        if let Some(bytes) = durations {
            durations::put(&*parts.store, bytes.clone()).await?;
        }
        let chain = Chain::new(Arc::clone(&parts.store));
        match chain.take_in(header.serial, packed.generation.clone()).await? {
            true => Ok(()),
            false => Err(BackendError::Occupied),
        }
    }
}
