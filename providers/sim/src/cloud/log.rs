//! What databases hold: commits in their order, and how they come to replicas.

use std::time::Duration;

use lifeboat_sdk::Value;
use tokio::time::Instant;

use super::SimCloud;
use super::store::Key;
use super::world::World;
use crate::ahead;

/// A transaction that a session of a database was told to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its number, of all databases.
    number: u64,
    at: Instant,
}

/// How a replica compares with its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    /// How many commits the source has.
    pub(crate) all: usize,
    /// How many of them the replica has not.
    pub(crate) missing: usize,
    /// When the first of those was committed.
    pub(crate) since: Option<Instant>,
}

impl World {
    /// Lets arrive what had the time to: in each replica whose source can be heard.
    pub(crate) fn ship(&mut self) {
        let (now, lag) = (Instant::now(), self.lag);
        let replicas = self.store.all().filter(|(key, _)| ahead::copies_late(&key.kind));
        let pairs: Vec<(Key, Key)> = replicas
            .filter_map(|(key, stored)| {
                let source = stored.document.get("replicate_source_db")?.as_str()?;
                Some((key.clone(), self.instance(source)?.clone()))
            })
            .collect();
        for (replica, source) in pairs {
            if [&replica, &source].iter().any(|key| self.blackouts.contains_key(&key.location)) {
                continue;
            }
            let written = self.logs.get(&source).cloned().unwrap_or_default();
            let had = self.logs.entry(replica).or_default();
            let new = written.into_iter().skip(had.len());
            had.extend(new.take_while(|commit| commit.at + lag <= now));
        }
    }

    /// The database of an ARN.
    pub(crate) fn instance(&self, arn: &str) -> Option<&Key> {
        let mut all = self.store.all().filter(|(key, _)| ahead::copies_late(&key.kind));
        let is = |document: &Value| document.get("arn").and_then(Value::as_str) == Some(arn);
        all.find(|(_, stored)| is(&stored.document)).map(|(key, _)| key)
    }

    /// What a replica lacks of what its source holds.
    pub(crate) fn behind(&mut self, source: &Key, replica: &Key) -> Behind {
        self.ship();
        let of = |key: &Key| self.logs.get(key).map(Vec::as_slice).unwrap_or_default();
        let (source, replica) = (of(source), of(replica));
        // A replica has the beginning of what its source has.
        let same = source.iter().zip(replica).take_while(|(one, other)| one == other).count();
        let since = source.get(same).map(|commit| commit.at);
        Behind { all: source.len(), missing: source.len() - same, since }
    }

    /// Whether a session of a database can commit.
    fn takes_commits(&self, key: &Key) -> bool {
        let Some(stored) = self.store.get(key) else { return false };
        let is = |name: &str| stored.document.get(name).filter(|value| !value.is_null());
        let fenced = is("fenced").and_then(Value::as_bool) == Some(true);
        ahead::copies_late(&key.kind) && is("replicate_source_db").is_none() && !fenced
    }
}

impl SimCloud {
    /// Sets how long it takes until a replica has what its source has committed.
    pub fn set_replication_lag(&self, lag: Duration) {
        self.lock().lag = lag;
    }

    /// Commits a transaction, as a client of the database in its region does: its number, or nothing
    /// where the database takes none. Whether others can call that region does not matter to it.
    pub fn commit(&self, key: &Key) -> Option<u64> {
        let mut world = self.lock();
        if !world.takes_commits(key) {
            return None;
        }
        world.committed += 1;
        let commit = Commit { number: world.committed, at: Instant::now() };
        world.logs.entry(key.clone()).or_default().push(commit);
        Some(commit.number)
    }

    /// The numbers of the transactions that a database holds.
    pub fn commits(&self, key: &Key) -> Vec<u64> {
        let mut world = self.lock();
        world.ship();
        let log = world.logs.get(key).map(Vec::as_slice).unwrap_or_default();
        log.iter().map(|commit| commit.number).collect()
    }
}
