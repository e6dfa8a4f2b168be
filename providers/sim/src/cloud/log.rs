//! What databases hold: commits in their order, and how they come to replicas.

use std::collections::BTreeSet;
use std::time::Duration;

use lifeboat_sdk::Value;
use tokio::time::Instant;

use super::SimCloud;
use super::store::{Key, Stored};
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

/// How another writer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With all that the one before it had.
    Switchover,
    /// With what had arrived.
    Failover,
}

/// A cluster that became the writer of its global one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Which.
    pub to: Key,
    /// How.
    pub how: How,
}

/// How long a writer that was lost is heard again until Aurora makes it a secondary.
const REJOINS: Duration = Duration::from_secs(120);

/// The kind of what Aurora keeps of a writer that was lost.
const KEPT: &str = "aws_db_cluster_snapshot";

impl World {
    /// Lets arrive what had the time to: in each replica whose source can be heard.
    pub(crate) fn ship(&mut self) {
        self.rejoin();
        let (now, lag) = (Instant::now(), self.lag);
        let replicas = self.store.all().filter(|(key, _)| ahead::copies_late(&key.kind));
        let pairs: Vec<(Key, Key)> = replicas
            .filter_map(|(key, _)| Some((key.clone(), ahead::source(self, key)?)))
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
        self.spread(now);
    }

    /// Lets arrive what tables copy to each other.
    fn spread(&mut self, now: Instant) {
        let tables = self.store.all().filter(|(key, _)| ahead::copies_all_ways(&key.kind));
        let heard = tables.map(|(key, _)| key).filter(|key| {
            !self.blackouts.contains_key(&key.location) && ahead::table::is_active(self, key)
        });
        let heard: Vec<Key> = heard.cloned().collect();
        for to in &heard {
            let mut had = self.logs.get(to).cloned().unwrap_or_default();
            let mut known: BTreeSet<u64> = had.iter().map(|commit| commit.number).collect();
            let others = heard.iter().filter(|from| {
                from.id == to.id && from.account == to.account && from.location != to.location
            });
            for from in others {
                let written = self.logs.get(from).map(Vec::as_slice).unwrap_or_default();
                let due = written.iter().filter(|commit| commit.at + self.lag <= now);
                had.extend(due.filter(|commit| known.insert(commit.number)));
            }
            self.logs.insert(to.clone(), had);
        }
    }

    /// What a table lacks of what another holds.
    pub(crate) fn lacking(&mut self, source: &Key, replica: &Key) -> Behind {
        self.ship();
        let of = |key: &Key| self.logs.get(key).map(Vec::as_slice).unwrap_or_default();
        let known: BTreeSet<u64> = of(replica).iter().map(|commit| commit.number).collect();
        let lacks = of(source).iter().filter(|commit| !known.contains(&commit.number));
        let since = lacks.clone().map(|commit| commit.at).min();
        Behind { all: of(source).len(), missing: lacks.count(), since }
    }

    /// Makes writers that were lost secondaries once they can be heard: what they held is kept.
    fn rejoin(&mut self) {
        for (key, heard) in std::mem::take(&mut self.strays) {
            let dark = self.blackouts.contains_key(&key.location);
            match heard.filter(|_| !dark) {
                Some(since) if since.elapsed() >= REJOINS => self.follow_again(&key),
                since => {
                    let since = since.or_else(|| (!dark).then(Instant::now));
                    self.strays.insert(key, since);
                }
            }
        }
    }

    /// Keeps what a cluster held, and lets it go on with what the new writer has of it.
    fn follow_again(&mut self, key: &Key) {
        let Some(source) = ahead::source(self, key) else { return };
        let held = self.logs.remove(key).unwrap_or_default();
        let has = self.logs.get(&source).map(Vec::as_slice).unwrap_or_default();
        let common = held.iter().zip(has).take_while(|(one, other)| one == other);
        let common: Vec<Commit> = common.map(|(one, _)| *one).collect();
        let id = format!("rds:unplanned-global-failover-{}-{}", key.id, self.switches.len());
        let kept = Key { kind: KEPT.into(), id: id.as_str().into(), ..key.clone() };
        let document = Value::object([("id".into(), Value::string(id))]);
        self.store.put(kept.clone(), Stored::plain(document, None));
        self.logs.insert(kept, held);
        self.logs.insert(key.clone(), common);
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
        ahead::writes(self, key) && !fenced
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
        world.rejoin();
        if !world.takes_commits(key) {
            return None;
        }
        world.committed += 1;
        let commit = Commit { number: world.committed, at: Instant::now() };
        world.logs.entry(key.clone()).or_default().push(commit);
        Some(commit.number)
    }

    /// Puts a value into a secret, as people in its region do; whether it takes one.
    pub fn put_secret(&self, key: &Key, value: &str) -> bool {
        let mut world = self.lock();
        let takes = ahead::secret::stands_alone(&world, key);
        if takes {
            world.secrets.insert(key.clone(), value.to_owned());
        }
        takes
    }

    /// The value of a secret, as programs in its region read it, whether others can call that region or
    /// not.
    pub fn secret(&self, key: &Key) -> Option<String> {
        let mut world = self.lock();
        ahead::secret::share(&mut world);
        world.secrets.get(key).cloned()
    }

    /// The clusters that became writers of their global ones, in order.
    pub fn switches(&self) -> Vec<Switch> {
        self.lock().switches.clone()
    }

    /// The numbers of the transactions that a database holds.
    pub fn commits(&self, key: &Key) -> Vec<u64> {
        let mut world = self.lock();
        world.ship();
        let log = world.logs.get(key).map(Vec::as_slice).unwrap_or_default();
        log.iter().map(|commit| commit.number).collect()
    }
}
