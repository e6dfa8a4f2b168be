//! `MemoryDisk`: a simulated disk that forgets what was not synced, and fails when told to.
//!
//! Every operation is made of the primitive calls that [`super::LocalStore`] makes (write, link or
//! rename, sync), with a point between them at which a task can be dropped. Faults are planned by
//! the number of the primitive call, so that a test can fail the first, the second, and so on.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::{CasStore, Name, PutNew, Segment, Segments, StoreError, Stored, Swap, Version};
use crate::BoxFuture;

/// What goes wrong at a primitive call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// ENOSPC: an append leaves half of its bytes behind.
    NoSpace,
    /// EIO; at a sync: nothing is known to be durable.
    Io,
    /// The whole operation happens; its reply is lost.
    LostReply,
}

/// What was not synced when the power went, offered to the decision of [`MemoryDisk::crash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsynced<'a> {
    /// The value or segment.
    pub name: &'a str,
    /// How many bytes the end of a segment would lose; 1 for a value.
    pub units: usize,
}

/// What a value holds, and the number of the write that put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    bytes: Bytes,
    write: u64,
}

impl Content {
    fn version(&self) -> Version {
        Version::new(self.write.to_string())
    }
}

#[derive(Debug, Clone, Default)]
struct Entry {
    now: Option<Content>,
    synced: Option<Content>,
}

#[derive(Debug, Clone, Default)]
struct Tail {
    bytes: Vec<u8>,
    synced: usize,
    linked: bool,
}

#[derive(Debug, Default)]
struct Inner {
    values: BTreeMap<String, Entry>,
    segments: BTreeMap<String, Tail>,
    alive: BTreeSet<String>,
    writes: u64,
    calls: u64,
    fault: Option<(u64, Fault, bool)>,
    struck: u64,
    failed: Vec<String>,
}

/// A disk in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    inner: Arc<Mutex<Inner>>,
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many primitive calls there were.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Lets the `nth` primitive call from now on fail (1 is the next), once or from then on.
    pub fn fail(&self, nth: u64, fault: Fault, sticky: bool) {
        let mut inner = self.lock();
        inner.fault = Some((inner.calls + nth, fault, sticky));
    }

    /// Ends the fault, and forgets what failed.
    pub fn heal(&self) {
        let mut inner = self.lock();
        inner.fault = None;
        inner.struck = 0;
        inner.failed.clear();
    }

    /// How many calls met a fault since the disk was last healed.
    pub fn struck(&self) -> u64 {
        self.lock().struck
    }

    /// What was told to have failed, or not to have been answered, since the disk was last healed:
    /// each as what it was to do, `sync journal/x`.
    pub fn failed(&self) -> Vec<String> {
        self.lock().failed.clone()
    }

    /// The disk as the next boot finds it: of each unsynced change as much is kept as `keep` says.
    ///
    /// The old handle goes on for whoever has it: what a dead process still writes reaches nobody.
    /// A process that is killed without the power failing keeps everything: `|u| u.units`.
    #[must_use]
    pub fn crash(&self, mut keep: impl FnMut(Unsynced<'_>) -> usize) -> Self {
        let inner = self.lock();
        let mut after = Inner { writes: inner.writes, ..Inner::default() };
        for (name, entry) in &inner.values {
            let lost = entry.now != entry.synced && keep(Unsynced { name, units: 1 }) == 0;
            let found = if lost { &entry.synced } else { &entry.now };
            if found.is_some() {
                let entry = Entry { now: found.clone(), synced: found.clone() };
                after.values.insert(name.clone(), entry);
            }
        }
        for (name, tail) in &inner.segments {
            let units = tail.bytes.len() - tail.synced;
            let kept = if units == 0 { 0 } else { keep(Unsynced { name, units }).min(units) };
            if tail.linked || tail.synced + kept > 0 {
                let bytes = tail.bytes[..tail.synced + kept].to_vec();
                let tail = Tail { synced: bytes.len(), bytes, linked: true };
                after.segments.insert(name.clone(), tail);
            }
        }
        Self { inner: Arc::new(Mutex::new(after)) }
    }

    /// The bytes of a value or segment, for a test to look at.
    pub fn peek(&self, name: &str) -> Option<Bytes> {
        let inner = self.lock();
        let value = inner.values.get(name).and_then(|entry| entry.now.as_ref());
        value
            .map(|content| content.bytes.clone())
            .or_else(|| Some(Bytes::copy_from_slice(&inner.segments.get(name)?.bytes)))
    }

    /// The bytes of a value or segment that a power cut would leave, for a test to look at.
    pub fn durable(&self, name: &str) -> Option<Bytes> {
        let inner = self.lock();
        if let Some(tail) = inner.segments.get(name) {
            let kept = tail.linked || tail.synced > 0;
            return kept.then(|| Bytes::copy_from_slice(&tail.bytes[..tail.synced]));
        }
        Some(inner.values.get(name)?.synced.as_ref()?.bytes.clone())
    }

    /// Puts bytes in the place of a value or segment (`None` removes it), for a test to do harm.
    pub fn tamper(&self, name: &str, bytes: Option<&[u8]>) {
        let mut inner = self.lock();
        if inner.segments.contains_key(name) {
            let tail = bytes.map(<[u8]>::to_vec);
            let tail = tail.map(|bytes| Tail { synced: bytes.len(), bytes, linked: true });
            match tail {
                Some(tail) => inner.segments.insert(name.to_owned(), tail),
                None => inner.segments.remove(name),
            };
            return;
        }
        inner.writes += 1;
        let write = inner.writes;
        let found = bytes.map(|bytes| Content { bytes: Bytes::copy_from_slice(bytes), write });
        inner.values.insert(name.to_owned(), Entry { now: found.clone(), synced: found });
    }

    /// The names of all values and segments.
    pub fn names(&self) -> Vec<String> {
        let inner = self.lock();
        let values = inner.values.iter().filter(|(_, entry)| entry.now.is_some());
        values.map(|(name, _)| name).chain(inner.segments.keys()).cloned().collect()
    }

    pub(crate) fn set_alive(&self, id: &str, alive: bool) -> bool {
        let mut inner = self.lock();
        if alive { inner.alive.insert(id.to_owned()) } else { inner.alive.remove(id) }
    }

    pub(crate) fn is_alive(&self, id: &str) -> bool {
        self.lock().alive.contains(id)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One primitive call: may fail, and is a point at which a task can be dropped.
    async fn call(&self, action: &'static str, name: &Name) -> Result<Reply, StoreError> {
        tokio::task::yield_now().await;
        let mut inner = self.lock();
        inner.calls += 1;
        let calls = inner.calls;
        let fault = match inner.fault {
            Some((at, fault, sticky)) if at == calls || (sticky && calls > at) => fault,
            _ => return Ok(Reply::Arrives),
        };
        inner.struck += 1;
        // Linux's numbers, so that a test sees what an operator would.
        let error = match fault {
            Fault::LostReply => return Ok(Reply::IsLost),
            Fault::NoSpace => io::Error::from(io::ErrorKind::StorageFull),
            Fault::Io => io::Error::other("Input/output error"),
        };
        inner.failed.push(format!("{action} {name}"));
        Err(StoreError::Io { action, path: name.to_string(), source: error })
    }

    /// What is told once all has happened and its reply was lost.
    fn no_reply(&self, action: &'static str, name: &Name) -> StoreError {
        self.lock().failed.push(format!("{action} {name}"));
        StoreError::NoReply { action, name: name.to_string() }
    }

    fn update<T>(&self, name: &Name, change: impl FnOnce(&mut Entry) -> T) -> T {
        change(self.lock().values.entry(name.as_str().to_owned()).or_default())
    }

    /// Write, give the name if `allowed`, sync.
    async fn write(
        &self,
        action: &'static str,
        name: &Name,
        bytes: Bytes,
        allowed: impl Fn(&Entry) -> bool,
    ) -> Result<Option<Version>, StoreError> {
        let mut reply = self.call(action, name).await?;
        reply = reply.and(self.call(action, name).await?);
        let write = {
            let mut inner = self.lock();
            inner.writes += 1;
            inner.writes
        };
        let content = Content { bytes, write };
        let version = content.version();
        let named = self.update(name, |entry| {
            let allowed = allowed(entry);
            if allowed {
                entry.now = Some(content);
            }
            allowed
        });
        if named {
            reply = reply.and(self.call(action, name).await?);
            self.update(name, |entry| entry.synced.clone_from(&entry.now));
        }
        match reply {
            Reply::IsLost => Err(self.no_reply(action, name)),
            Reply::Arrives => Ok(named.then_some(version)),
        }
    }

    fn names_in<T>(map: &BTreeMap<String, T>, folder: &Name, is: impl Fn(&T) -> bool) -> Vec<Name> {
        let names = map.iter().filter(|(_, value)| is(value));
        let names = names.filter_map(|(name, _)| Name::new(name.as_str()).ok());
        names.filter(|name| name.is_in(folder)).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    Arrives,
    IsLost,
}

impl Reply {
    fn and(self, other: Self) -> Self {
        if self == Self::IsLost { self } else { other }
    }
}

impl CasStore for MemoryDisk {
    fn get<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(async move {
            self.call("read", name).await?;
            let found = self.lock().values.get(name.as_str()).and_then(|entry| entry.now.clone());
            Ok(found.map(|content| Stored { version: content.version(), bytes: content.bytes }))
        })
    }

    fn put_new<'a>(
        &'a self,
        name: &'a Name,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<PutNew, StoreError>> {
        Box::pin(async move {
            let version = self.write("create", name, bytes, |entry| entry.now.is_none()).await?;
            Ok(version.map_or(PutNew::Exists, PutNew::Created))
        })
    }

    fn swap<'a>(
        &'a self,
        name: &'a Name,
        expected: &'a Version,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<Swap, StoreError>> {
        Box::pin(async move {
            let same = |entry: &Entry| {
                entry.now.as_ref().is_some_and(|content| content.version() == *expected)
            };
            let version = self.write("replace", name, bytes, same).await?;
            Ok(version.map_or(Swap::Refused, Swap::Swapped))
        })
    }

    fn list<'a>(&'a self, folder: &'a Name) -> BoxFuture<'a, Result<Vec<Name>, StoreError>> {
        Box::pin(async move {
            self.call("list", folder).await?;
            Ok(Self::names_in(&self.lock().values, folder, |entry| entry.now.is_some()))
        })
    }

    fn remove<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.call("remove", name).await?;
            self.update(name, |entry| entry.now = None);
            Ok(())
        })
    }
}

#[derive(Debug)]
struct MemorySegment {
    disk: MemoryDisk,
    name: Name,
}

impl MemorySegment {
    fn change(&self, change: impl FnOnce(&mut Tail)) {
        if let Some(tail) = self.disk.lock().segments.get_mut(self.name.as_str()) {
            change(tail);
        }
    }
}

impl Segment for MemorySegment {
    fn append(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let written = self.disk.call("append to", &self.name).await;
            let some = if written.is_ok() { &bytes[..] } else { &bytes[..bytes.len() / 2] };
            self.change(|tail| tail.bytes.extend_from_slice(some));
            let reply = written?.and(self.disk.call("sync", &self.name).await?);
            self.change(|tail| tail.synced = tail.bytes.len());
            match reply {
                Reply::Arrives => Ok(()),
                Reply::IsLost => Err(self.disk.no_reply("append to", &self.name)),
            }
        })
    }
}

impl Segments for MemoryDisk {
    fn create<'a>(
        &'a self,
        name: &'a Name,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Segment>>, StoreError>> {
        Box::pin(async move {
            let mut reply = self.call("create", name).await?;
            let new = {
                let mut inner = self.lock();
                let new = !inner.segments.contains_key(name.as_str());
                inner.segments.entry(name.as_str().to_owned()).or_default();
                new
            };
            if !new {
                return Ok(None);
            }
            reply = reply.and(self.call("sync the folder of", name).await?);
            let segment = MemorySegment { disk: self.clone(), name: name.clone() };
            segment.change(|tail| tail.linked = true);
            match reply {
                Reply::Arrives => Ok(Some(Box::new(segment) as Box<dyn Segment>)),
                Reply::IsLost => Err(self.no_reply("create", name)),
            }
        })
    }

    fn settle<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let reply = self.call("sync", name).await?;
            if let Some(tail) = self.lock().segments.get_mut(name.as_str()) {
                (tail.synced, tail.linked) = (tail.bytes.len(), true);
            }
            match reply {
                Reply::Arrives => Ok(()),
                Reply::IsLost => Err(self.no_reply("sync", name)),
            }
        })
    }

    fn read<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        Box::pin(async move {
            self.call("read", name).await?;
            let inner = self.lock();
            let tail = inner.segments.get(name.as_str());
            Ok(tail.map(|tail| Bytes::copy_from_slice(&tail.bytes)))
        })
    }

    fn tail<'a>(
        &'a self,
        name: &'a Name,
        limit: usize,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        Box::pin(async move {
            let bytes = Segments::read(self, name).await?;
            Ok(bytes.map(|bytes| bytes.slice(bytes.len().saturating_sub(limit)..)))
        })
    }

    fn segments<'a>(&'a self, folder: &'a Name) -> BoxFuture<'a, Result<Vec<Name>, StoreError>> {
        Box::pin(async move {
            self.call("list", folder).await?;
            Ok(Self::names_in(&self.lock().segments, folder, |_| true))
        })
    }

    fn remove_segment<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.call("remove", name).await?;
            self.lock().segments.remove(name.as_str());
            Ok(())
        })
    }
}
