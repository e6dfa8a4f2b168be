//! A shelf on the simulated cloud: whole objects under names, in any bucket that is asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::shelf::{Kept, Over, Place, Shelf};
use lifeboat_sdk::{Class, Ctx, Failure, Location, Name, Service};

use crate::calls::Calls;
use crate::cloud::{SimCloud, Site};

/// Whole objects by location, bucket and key.
type Objects = BTreeMap<(Location, Name, Name), Kept>;

/// A shelf that lasts as long as its provider.
pub(crate) struct SimShelf {
    cloud: SimCloud,
    real: Arc<dyn Shelf>,
    objects: Mutex<Objects>,
}

impl SimShelf {
    /// In the place of a real one.
    pub(crate) fn over(cloud: &SimCloud, real: Arc<dyn Shelf>) -> Self {
        Self { cloud: cloud.clone(), real, objects: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(place: &Place, key: &str) -> (Location, Name, Name) {
    (place.scope.location.clone(), place.bucket.clone(), key.into())
}

impl Shelf for SimShelf {
    fn service(&self) -> Service {
        self.real.service()
    }

    fn get<'a>(
        &'a self,
        ctx: &'a Ctx,
        place: &'a Place,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Kept>, Failure>> {
        Box::pin(async move {
            let call = &Calls::of(self.service().name).read;
            let site = Site { scope: &place.scope, call, kind: "", id: Some(name), sent: &[] };
            let found = || Ok(self.held().get(&key(place, name)).cloned());
            ctx.call(call, &place.scope, || self.cloud.request(site, |_| found())).await
        })
    }

    fn put<'a>(
        &'a self,
        ctx: &'a Ctx,
        place: &'a Place,
        name: &'a str,
        bytes: Vec<u8>,
        over: Over<'a>,
    ) -> BoxFuture<'a, Result<Name, Failure>> {
        Box::pin(async move {
            let call = &Calls::of(self.service().name).update;
            let site = Site { scope: &place.scope, call, kind: "", id: Some(name), sent: &[] };
            let write = || {
                let (mut objects, key) = (self.held(), key(place, name));
                let there = objects.get(&key);
                let fits = match (there, over) {
                    (None, Over::Nothing) => true,
                    (Some(kept), Over::This(version)) => *kept.version == *version,
                    (None, Over::This(_)) | (Some(_), Over::Nothing) => false,
                };
                // Perhaps by an earlier attempt of our own.
                if let Some(kept) = there.filter(|kept| !fits && kept.bytes == bytes) {
                    return Ok(kept.version.clone());
                }
                if !fits {
                    return Err(Failure::new(Class::Conflict, "something else lies there"));
                }
                let last = there.and_then(|kept| kept.version.parse::<u64>().ok());
                let version = Name::from((last.unwrap_or_default() + 1).to_string());
                objects.insert(key, Kept { bytes: bytes.clone(), version: version.clone() });
                Ok(version)
            };
            ctx.call(call, &place.scope, || self.cloud.request(site, |_| write())).await
        })
    }
}
