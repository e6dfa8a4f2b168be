//! `Chain`: the generations in a store: reading the newest, adding the next.
//!
//! A commit names the term of the lock and the generation that it follows. It checks the term, puts
//! the next serial, and moves the fence of the lock record by compare-and-swap. A holder that lost
//! its lock fails the check; if it was asleep between check and put, what it put has an older term
//! and lies above the fence of the new one, so that it does not count and the swap tells it.

use std::sync::Arc;

use bytes::Bytes;

use super::{Damage, Generation, GenerationError, Head, Header, Link, upgrade};
use crate::digest::Digest;
use crate::record::{self, Fence, Record, RecordError};
use crate::store::{CasStore, Name, PutNew, StoreError, Swap, Version};

/// How many generations are kept.
pub const KEEP: usize = 30;

const ATTEMPTS: usize = 8;

/// What takes the place of a generation that came too late to count.
pub(super) const VOID: &[u8] = b"lifeboat-void\n";

/// What entitles to write: a holder's term. The lock gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// The holder's term.
    pub term: u64,
    /// The id of the lock.
    pub holder: String,
}

/// What a commit writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGeneration {
    /// Which state it is of.
    pub lineage: String,
    /// How many promotions there were.
    pub epoch: u64,
    /// A token of this commit alone: a second commit with it finds the first.
    pub commit: String,
    /// What [`super::payload`] gave.
    pub payload: String,
}

/// The generations in a store.
#[derive(Debug, Clone)]
pub struct Chain {
    pub(super) store: Arc<dyn CasStore>,
}

/// What one look at the store showed.
struct View {
    fence: Fence,
    serials: Vec<u64>,
}

impl View {
    fn last(&self) -> u64 {
        self.serials.last().copied().unwrap_or(0).max(self.fence.serial)
    }
}

impl Chain {
    /// The chain in `store`.
    pub fn new(store: Arc<dyn CasStore>) -> Self {
        Self { store }
    }

    /// The newest generation, verified together with its link; `None` if there is none yet.
    ///
    /// # Errors
    /// [`GenerationError::Damaged`] names a damaged generation and the newest good one.
    pub async fn load(&self) -> Result<Option<Generation>, GenerationError> {
        let record = record::read(&*self.store).await?.map(|(record, _)| record);
        let view = self.view(record.unwrap_or_default().fence).await?;
        self.newest(&view).await
    }

    /// One generation, verified by itself.
    ///
    /// # Errors
    /// It is not there or damaged.
    pub async fn at(&self, serial: u64) -> Result<Generation, GenerationError> {
        match self.read(serial).await? {
            None => Err(GenerationError::NotFound { serial }),
            Some(Ok(generation)) => Ok(generation),
            Some(Err(why)) => {
                let view = self.view(Fence::default()).await?;
                Err(self.damaged(&view, serial, why).await?)
            }
        }
    }

    /// The bytes of the newest generation, verified together with its link; `None` if there is none
    /// yet.
    ///
    /// # Errors
    /// Those of [`Chain::load`].
    pub(crate) async fn stored(&self) -> Result<Option<Bytes>, GenerationError> {
        let Some(newest) = self.load().await? else { return Ok(None) };
        let serial = newest.header.serial;
        match self.store.get(&name(serial)?).await? {
            Some(stored) => Ok(Some(stored.bytes)),
            None => Err(GenerationError::NotFound { serial }),
        }
    }

    /// Puts the bytes of a generation under its serial, where there is none; says whether it did.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn take_in(&self, serial: u64, bytes: Bytes) -> Result<bool, GenerationError> {
        Ok(matches!(self.store.put_new(&name(serial)?, bytes).await?, PutNew::Created(_)))
    }

    /// The serials that are kept, oldest first, whether they are whole or not.
    ///
    /// # Errors
    /// The store failed.
    pub async fn serials(&self) -> Result<Vec<u64>, GenerationError> {
        let names = self.store.list(&folder()?).await?;
        let serials = names.iter().filter(|name| name.last().len() == 20);
        Ok(serials.filter_map(|name| name.last().parse().ok()).collect())
    }

    /// Adds a generation after `expected`, the newest that the caller has seen.
    ///
    /// Committing again with the same token, after an error that left it open, finds the first.
    ///
    /// # Errors
    /// Another generation was committed, the lock was lost, or the store failed. Only
    /// [`GenerationError::InDoubt`], [`GenerationError::LockLost`] and a store's error leave open
    /// whether the generation is there.
    pub async fn commit(
        &self,
        permit: &Permit,
        expected: Option<&Head>,
        new: NewGeneration,
    ) -> Result<Head, GenerationError> {
        if let Some(head) = expected
            && head.lineage != new.lineage
        {
            let (found, given) = (head.lineage.clone(), new.lineage);
            return Err(GenerationError::Lineage { found, given });
        }
        let held = self.check(permit).await?;
        let view = self.view(held.record.fence).await?;
        let base = expected.map_or(0, |head| head.serial);
        if base > 0 && !view.serials.contains(&base) {
            return Err(self.damaged(&view, base, Damage::Missing).await?);
        }
        let NewGeneration { lineage, epoch, commit, payload } = new;
        let previous = expected.map(|head| Link { serial: head.serial, digest: head.digest });
        let (serial, term) = (view.last() + 1, permit.term);
        let header = Header { lineage, serial, term, epoch, previous, commit, restored: None };
        for &serial in view.serials.iter().filter(|&&serial| serial > base) {
            match self.occupant(&view, serial, base, &header).await? {
                Occupant::Ours(head) => {
                    self.secure(head.serial).await?;
                    return self.settle(permit, held, head).await;
                }
                Occupant::Late => self.void(serial).await?,
                Occupant::Nobody => {}
            }
        }
        let head = self.put(&view, header, &payload).await?;
        self.settle(permit, held, head).await
    }

    /// Writes the content of generation `serial` as a new one on top of all that is there. Damaged
    /// generations stay where they are until they are pruned, so that nothing else takes their
    /// place, and are copied to `aside/`.
    ///
    /// # Errors
    /// As [`Chain::commit`]; the generation asked for is not there or damaged itself.
    pub async fn restore(
        &self,
        permit: &Permit,
        serial: u64,
        commit: &str,
    ) -> Result<Head, GenerationError> {
        let held = self.check(permit).await?;
        let view = self.view(held.record.fence).await?;
        let offered = self.at(serial).await?;
        for &above in view.serials.iter().filter(|&&above| above > serial) {
            match self.read(above).await? {
                Some(Err(_)) => self.set_aside(above).await?,
                Some(Ok(found)) if found.header.commit == commit => {
                    self.secure(above).await?;
                    return self.settle(permit, held, found.head()).await;
                }
                Some(Ok(_)) | None => {}
            }
        }
        let header = Header {
            serial: view.last() + 1,
            term: permit.term,
            previous: Some(Link { serial, digest: offered.digest }),
            commit: commit.to_owned(),
            restored: Some(serial),
            ..offered.header
        };
        let payload = upgrade::payload_text(offered.version, &offered.payload);
        let payload =
            payload.map_err(|why| GenerationError::Damaged { serial, why, offer: None })?;
        let head = self.put(&view, header, &payload).await?;
        self.settle(permit, held, head).await
    }

    /// Removes all but the newest [`KEEP`], oldest first.
    ///
    /// # Errors
    /// The store failed; a later call removes what this one did not.
    pub async fn prune(&self) -> Result<(), GenerationError> {
        let serials = self.serials().await?;
        for &serial in &serials[..serials.len().saturating_sub(KEEP)] {
            self.store.remove(&name(serial)?).await?;
        }
        Ok(())
    }

    async fn view(&self, fence: Fence) -> Result<View, GenerationError> {
        Ok(View { fence, serials: self.serials().await? })
    }

    /// The generation under a name, or what is wrong with it; `None` if nothing counts there.
    async fn read(
        &self,
        serial: u64,
    ) -> Result<Option<Result<Generation, Damage>>, GenerationError> {
        let stored = self.store.get(&name(serial)?).await?;
        let Some(stored) = stored.filter(|stored| stored.bytes != VOID) else {
            return Ok(None);
        };
        Ok(Some(match Generation::decode(&stored.bytes) {
            Ok(found) if found.header.serial != serial => {
                Err(Damage::Serial { inside: found.header.serial })
            }
            Err(Damage::Newer { found, supported }) => {
                return Err(GenerationError::Newer { serial, found, supported });
            }
            decoded => decoded,
        }))
    }

    async fn newest(&self, view: &View) -> Result<Option<Generation>, GenerationError> {
        for &serial in view.serials.iter().rev() {
            match self.read(serial).await? {
                // Pruned since it was listed.
                None => {}
                Some(Err(why)) => return Err(self.damaged(view, serial, why).await?),
                Some(Ok(found)) if !view.fence.counts(serial, found.header.term) => {}
                Some(Ok(found)) => {
                    self.verify(view, &found).await?;
                    return Ok(Some(found));
                }
            }
        }
        if view.fence.serial > 0 {
            return Err(self.damaged(view, view.fence.serial, Damage::Missing).await?);
        }
        Ok(None)
    }

    /// Checks the newest generation against the fence and against the one that it follows.
    async fn verify(&self, view: &View, newest: &Generation) -> Result<(), GenerationError> {
        let serial = newest.header.serial;
        if serial < view.fence.serial {
            return Err(self.damaged(view, view.fence.serial, Damage::Missing).await?);
        }
        let vouched = view.fence.digest.filter(|_| serial == view.fence.serial);
        if let Some(expected) = vouched.filter(|&digest| digest != newest.digest) {
            let why = Damage::Replaced { expected, found: newest.digest };
            return Err(self.damaged(view, serial, why).await?);
        }
        let Some(link) = newest.header.previous else {
            return Ok(());
        };
        let damaged = |why| GenerationError::Damaged {
            serial: link.serial,
            why,
            offer: Some(newest.header.serial),
        };
        match self.read(link.serial).await? {
            Some(Ok(before)) if before.digest == link.digest => Ok(()),
            Some(Ok(before)) if view.fence.vouches(link.serial, before.digest) => {
                let why = Damage::Stranger { previous: link.serial };
                Err(self.damaged(view, serial, why).await?)
            }
            Some(Ok(before)) => {
                Err(damaged(Damage::Replaced { expected: link.digest, found: before.digest }))
            }
            Some(Err(why)) => Err(damaged(why)),
            None if view.serials.iter().any(|&older| older < link.serial) => {
                Err(damaged(Damage::Missing))
            }
            None => Ok(()),
        }
    }

    /// The error that names a damaged generation, and the newest good one before it.
    async fn damaged(
        &self,
        view: &View,
        serial: u64,
        why: Damage,
    ) -> Result<GenerationError, GenerationError> {
        let mut offer = None;
        for &older in view.serials.iter().rev().filter(|&&older| older < serial) {
            if let Some(Ok(found)) = self.read(older).await?
                && view.fence.counts(older, found.header.term)
            {
                offer = Some(older);
                break;
            }
        }
        Ok(GenerationError::Damaged { serial, why, offer })
    }

    /// What lies above the generation that a commit follows.
    async fn occupant(
        &self,
        view: &View,
        serial: u64,
        base: u64,
        ours: &Header,
    ) -> Result<Occupant, GenerationError> {
        let found = match self.read(serial).await? {
            None => return Ok(Occupant::Nobody),
            Some(Err(why)) => return Err(self.damaged(view, serial, why).await?),
            Some(Ok(found)) => found,
        };
        if found.header.commit == ours.commit && found.header.term == ours.term {
            Ok(Occupant::Ours(found.head()))
        } else if view.fence.counts(serial, found.header.term) {
            Err(GenerationError::Conflict { expected: base, found: serial })
        } else {
            Ok(Occupant::Late)
        }
    }

    /// Takes the content out of a generation that came too late to count, so that it never looks
    /// like one that did; its place stays taken. It is kept in `aside/`.
    async fn void(&self, serial: u64) -> Result<(), GenerationError> {
        self.set_aside(serial).await?;
        let name = name(serial)?;
        for _ in 0..ATTEMPTS {
            let stored = self.store.get(&name).await?;
            let Some(stored) = stored.filter(|stored| stored.bytes != VOID) else {
                return Ok(());
            };
            let void = Bytes::from_static(VOID);
            match self.store.swap(&name, &stored.version, void).await {
                Ok(_) | Err(StoreError::NoReply { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(GenerationError::InDoubt { serial })
    }

    /// Puts a generation under its serial. A refusal, or no reply, is looked into before it is
    /// believed: it may be our own write that was first.
    async fn put(
        &self,
        view: &View,
        mut header: Header,
        payload: &str,
    ) -> Result<Head, GenerationError> {
        let base = header.previous.map_or(0, |link| link.serial);
        for _ in 0..ATTEMPTS {
            let serial = header.serial;
            let (bytes, digest) = Generation::encode(&header, payload)
                .map_err(|why| GenerationError::Damaged { serial, why, offer: None })?;
            match self.store.put_new(&name(serial)?, bytes).await {
                Ok(PutNew::Created(_)) => {
                    return Ok(Head { serial, digest, lineage: header.lineage });
                }
                Ok(PutNew::Exists) => {
                    match self.occupant(view, serial, base, &header).await? {
                        Occupant::Ours(head) => {
                            self.secure(head.serial).await?;
                            return Ok(head);
                        }
                        Occupant::Late => self.void(serial).await?,
                        Occupant::Nobody => {}
                    }
                    header.serial += 1;
                }
                // The same bytes go out again: they are refused if the first did arrive.
                Err(StoreError::NoReply { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(GenerationError::InDoubt { serial: header.serial })
    }

    /// Writes a generation of ours again, with the bytes that it has. An attempt whose sync failed
    /// leaves it where a loss of power may take it away, and no fence may vouch for it there.
    pub(crate) async fn secure(&self, serial: u64) -> Result<(), GenerationError> {
        let name = name(serial)?;
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.store.get(&name).await? else { break };
            match self.store.swap(&name, &stored.version, stored.bytes.clone()).await {
                Ok(Swap::Swapped(_)) => return Ok(()),
                Ok(Swap::Refused) | Err(StoreError::NoReply { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(GenerationError::InDoubt { serial })
    }

    /// Moves the fence to what was committed, which at the same time tells whether the lock was
    /// still ours.
    async fn settle(
        &self,
        permit: &Permit,
        mut held: Held,
        head: Head,
    ) -> Result<Head, GenerationError> {
        for _ in 0..ATTEMPTS {
            let fence = Fence { serial: head.serial, term: permit.term, digest: Some(head.digest) };
            if held.record.fence == fence {
                return Ok(head);
            }
            held.record.fence = fence;
            match record::write(&*self.store, Some(&held.version), &held.record).await {
                Ok(Some(_)) => return Ok(head),
                Ok(None) | Err(RecordError::Store(StoreError::NoReply { .. })) => {}
                Err(error) => return Err(error.into()),
            }
            held = match self.check(permit).await {
                Ok(held) => held,
                // Lost, but only after the next holder had seen what was written.
                Err(GenerationError::LockLost { .. }) if self.is_fenced_in(&head).await? => {
                    return Ok(head);
                }
                Err(error) => return Err(error),
            };
        }
        Err(GenerationError::InDoubt { serial: head.serial })
    }

    async fn is_fenced_in(&self, head: &Head) -> Result<bool, GenerationError> {
        let record = record::read(&*self.store).await?;
        let within = record.is_some_and(|(record, _)| record.fence.serial >= head.serial);
        let found = self.read(head.serial).await?;
        Ok(within && matches!(found, Some(Ok(found)) if found.digest == head.digest))
    }

    async fn check(&self, permit: &Permit) -> Result<Held, GenerationError> {
        let (record, version) =
            record::read(&*self.store).await?.unwrap_or((Record::default(), Version::of(b"")));
        let ours = record.holder.as_ref().is_some_and(|holder| holder.id == permit.holder);
        if !ours || record.term != permit.term {
            return Err(GenerationError::LockLost { term: permit.term, now: record.term });
        }
        Ok(Held { record, version })
    }

    async fn set_aside(&self, serial: u64) -> Result<(), GenerationError> {
        let Some(stored) = self.store.get(&name(serial)?).await? else {
            return Ok(());
        };
        let digest = Digest::of(&stored.bytes).to_string();
        let aside = Name::new("aside")?.join(&format!("{serial:020}-{}", &digest[..16]))?;
        match self.store.put_new(&aside, Bytes::clone(&stored.bytes)).await {
            Ok(_) | Err(StoreError::NoReply { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What lies where a commit wants to be.
enum Occupant {
    /// Nothing that counts.
    Nobody,
    /// Our own earlier attempt.
    Ours(Head),
    /// A write of a holder that had lost its lock.
    Late,
}

/// The lock record as a holder read it.
struct Held {
    record: Record,
    version: Version,
}

fn folder() -> Result<Name, StoreError> {
    Name::new("generations")
}

pub(super) fn name(serial: u64) -> Result<Name, StoreError> {
    folder()?.join(&format!("{serial:020}"))
}
