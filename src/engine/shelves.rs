//! `Shelves`: where the role records and region bundles of a topology lie, and how they are reached.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::context::IdentifiedSink;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{
    Ctx, Diagnostics, Failure, Interrupt, Kept, Limits, Location, Name, Over, Place, Purpose,
    RegionName, Scope, Session, Shelf,
};
use tokio::sync::watch;

use super::providers;
use crate::refresh::record::RoleRecord;
use crate::registry::{Catalogue, Instance, Providers};
use crate::topology::Topology;
use crate::topology::region::{BUNDLE, RECORD};

/// Where the record and the bundle of one region lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The region, as the topology names it.
    pub region: Name,
    /// Its AWS region.
    pub aws: Name,
    /// Its account, where that is known.
    pub account: Option<Name>,
    /// The bucket.
    pub bucket: Name,
    /// What keys begin with.
    pub prefix: Name,
}

impl Spot {
    /// The key of the role record.
    pub fn record_key(&self) -> String {
        format!("{}{RECORD}", self.prefix)
    }

    /// The key of the region bundle.
    pub fn bundle_key(&self) -> String {
        format!("{}{BUNDLE}", self.prefix)
    }
}

/// Why a record could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nobody answered, or the answer was an error.
    #[error("{0}")]
    Failed(Failure),
    /// The bucket holds none.
    #[error("there is no {key} in the bucket {bucket}")]
    Missing {
        /// The key.
        key: String,
        /// The bucket.
        bucket: Name,
    },
    /// It is none.
    #[error("{key} in the bucket {bucket} is no role record: {why}")]
    NoRecord {
        /// The key.
        key: String,
        /// The bucket.
        bucket: Name,
        /// What is wrong with it.
        why: String,
    },
}

/// The spots of a topology, and what reads and writes there.
#[derive(Clone)]
pub struct Shelves {
    /// By the order of the topology's regions.
    pub spots: Vec<Spot>,
    shelf: Arc<dyn Shelf>,
    provider: Name,
    limits: Limits,
}

impl fmt::Debug for Shelves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelves").field("spots", &self.spots).finish_non_exhaustive()
    }
}

/// Where the records of a topology lie that its files declare.
pub fn declared(topology: &Topology) -> Vec<Spot> {
    let spot = |region: &crate::topology::region::Region| {
        let (bucket, prefix) = match &region.record {
            Some(record) => (record.bucket.clone(), record.prefix.clone()),
            None => (topology.record_bucket(region)?.into(), "".into()),
        };
        let (aws, account) = (region.aws.clone(), region.account.clone());
        Some(Spot { region: region.name.clone(), aws, account, bucket, prefix })
    };
    topology.recording().filter_map(spot).collect()
}

impl Shelves {
    /// Over providers that are configured; `None` where none of them has a shelf.
    pub fn over(providers: &Providers, spots: Vec<Spot>) -> Option<Self> {
        let has = |instance: &Instance| {
            let shelf = instance.configured.shelf()?;
            let (provider, limits) = (instance.name.clone(), instance.configured.limits());
            Some((shelf, provider, limits))
        };
        // An instance without an alias: the topology's objects are in its account.
        let plain = providers.0.iter().filter(|(name, _)| !name.contains('.'));
        let (shelf, provider, limits) = plain.filter_map(|(_, instance)| has(instance)).next()?;
        Some(Self { spots, shelf, provider, limits })
    }

    /// Over providers without a block, from the environment alone.
    ///
    /// # Errors
    /// None of this build has a shelf, or it cannot be configured.
    pub fn bare(
        catalogue: &Catalogue,
        environment: &lifeboat_sdk::provider::Environment,
        spots: Vec<Spot>,
    ) -> Result<Option<Self>, Diagnostics> {
        let (providers, found) = providers::bare(catalogue, environment);
        match Self::over(&providers, spots) {
            None if found.has_errors() => Err(found),
            shelves => Ok(shelves),
        }
    }

    /// The same with other spots.
    #[must_use]
    pub fn with(&self, spots: Vec<Spot>) -> Self {
        Self { spots, ..self.clone() }
    }

    /// What only reads, with no call longer than this and no region asked for longer than twice.
    pub fn reading(&self, patience: Duration, interrupt: watch::Receiver<Interrupt>) -> Ctx {
        let attempt = self.limits.attempt.min(patience);
        let budget = self.limits.budget.min(patience * 2);
        let session = Session::interruptible(Purpose::Refresh, interrupt);
        session.limit(&self.provider, Limits { attempt, budget, ..self.limits.clone() });
        Ctx::read_only(Arc::new(session))
    }

    /// What writes, with no operation longer than this.
    pub fn writing(&self, patience: Duration, session: Session) -> Ctx {
        let operation = self.limits.operation.min(patience);
        session.limit(&self.provider, Limits { operation, ..self.limits.clone() });
        Ctx::writing(Arc::new(session), Arc::new(Unheard))
    }

    fn place(&self, spot: &Spot) -> Place {
        let scope = Scope {
            provider: self.provider.clone(),
            account: spot.account.clone().unwrap_or_else(|| "unverified".into()),
            location: Location::Region(RegionName(spot.aws.clone())),
            service: self.shelf.service().name.into(),
        };
        Place { scope, bucket: spot.bucket.clone() }
    }

    /// The role record of a region.
    ///
    /// # Errors
    /// It cannot be read, or there is none.
    pub async fn record(&self, ctx: &Ctx, spot: &Spot) -> Result<RoleRecord, Unreadable> {
        let (key, bucket) = (spot.record_key(), spot.bucket.clone());
        let kept = self.shelf.get(ctx, &self.place(spot), &key).await;
        let Some(kept) = kept.map_err(Unreadable::Failed)? else {
            return Err(Unreadable::Missing { key, bucket });
        };
        let parsed = match std::str::from_utf8(&kept.bytes) {
            Ok(text) => RoleRecord::parse(text),
            Err(error) => Err(error.to_string()),
        };
        parsed.map_err(|why| Unreadable::NoRecord { key, bucket, why })
    }

    /// The bytes of the region bundle, if there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn bundle(&self, ctx: &Ctx, spot: &Spot) -> Result<Option<Kept>, Failure> {
        self.shelf.get(ctx, &self.place(spot), &spot.bundle_key()).await
    }

    /// What lies under a key, if anything does.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) async fn fetch(
        &self,
        ctx: &Ctx,
        spot: &Spot,
        key: &str,
    ) -> Result<Option<Kept>, Failure> {
        self.shelf.get(ctx, &self.place(spot), key).await
    }

    /// Writes what lies under a key.
    ///
    /// # Errors
    /// It could not be written, or something else lies there than `over` names.
    pub(super) async fn store(
        &self,
        ctx: &Ctx,
        spot: &Spot,
        key: &str,
        bytes: Vec<u8>,
        over: Over<'_>,
    ) -> Result<(), Failure> {
        self.shelf.put(ctx, &self.place(spot), key, bytes, over).await.map(drop)
    }

    /// Writes a region bundle; gives its version.
    ///
    /// # Errors
    /// It could not be written, or another one lies there than `over` names.
    pub async fn keep(
        &self,
        ctx: &Ctx,
        spot: &Spot,
        bytes: &[u8],
        over: Over<'_>,
    ) -> Result<Name, Failure> {
        let place = self.place(spot);
        self.shelf.put(ctx, &place, &spot.bundle_key(), bytes.to_vec(), over).await
    }
}

/// Nobody is told the ids of what lies on a shelf: nothing manages it.
struct Unheard;

impl IdentifiedSink for Unheard {
    fn identified<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
