//! A cloud in memory for the tests of refresh and apply: two regions, four kinds, faults.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{DynData, DynKind, erase, erase_data};
use lifeboat_sdk::provider::Configured;
use lifeboat_sdk::{Class, Ctx, Failure, Limits, Name, Owner, Scope, Value};
use tokio::sync::Notify;

use crate::registry::{Instance, Providers};

pub(crate) use kinds::{DATA, PART, ROW, THING, Things, proof};

/// An object of the cloud.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Live {
    pub(crate) document: Value,
    pub(crate) owner: Option<Owner>,
}

/// What goes wrong with one call.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is answered with this class and has no effect.
    Answer(Class),
    /// It has its effect, and no answer comes.
    LostReply,
    /// An update is answered as done and has no effect.
    Vain,
    /// Create only: it is made, its id is told, and then it fails.
    HalfMade,
    /// It is made with another size than was asked for.
    Inconsistent,
    /// It has its effect, and answers only when told.
    Wait(Arc<Notify>),
    /// Its id is told, and then it waits for its readiness for an hour.
    SlowReady,
}

#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) objects: BTreeMap<(&'static str, String), Live>,
    /// Every call with an effect that reached the cloud: `create thing.a s1`.
    pub(crate) ledger: Vec<String>,
    pub(crate) faults: BTreeMap<String, Vec<Fault>>,
    pub(crate) dead: BTreeSet<String>,
    pub(crate) reads: BTreeMap<String, usize>,
    /// Answers of a read that are left out.
    pub(crate) swallow: usize,
    next: u64,
    /// Objects by the token that they were made with.
    tokens: BTreeMap<Name, String>,
    accounts: BTreeMap<String, String>,
}

/// The cloud.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cloud(Arc<Mutex<Inner>>);

impl Cloud {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// The next call of this kind for this address goes wrong: `create a_thing.x`.
    pub(crate) fn fail(&self, call: &str, fault: Fault) {
        self.lock().faults.entry(call.to_owned()).or_default().push(fault);
    }

    pub(crate) fn kill(&self, region: &str) {
        self.lock().dead.insert(region.to_owned());
    }

    pub(crate) fn revive(&self, region: &str) {
        self.lock().dead.remove(region);
    }

    pub(crate) fn account(&self, region: &str, account: &str) {
        self.lock().accounts.insert(region.to_owned(), account.to_owned());
    }

    pub(crate) fn live(&self, kind: &'static str, id: &str) -> Option<Live> {
        self.lock().objects.get(&(kind, id.to_owned())).cloned()
    }

    /// The documents of all objects of a kind, in the order of ids.
    pub(crate) fn all(&self, kind: &str) -> Vec<Value> {
        let inner = self.lock();
        let of_kind = inner.objects.iter().filter(|((k, _), _)| *k == kind);
        of_kind.map(|(_, live)| live.document.clone()).collect()
    }

    pub(crate) fn ledger(&self) -> Vec<String> {
        self.lock().ledger.clone()
    }

    fn fault(&self, call: &str) -> Option<Fault> {
        let mut inner = self.lock();
        let queue = inner.faults.get_mut(call)?;
        if queue.is_empty() { None } else { Some(queue.remove(0)) }
    }

    /// The providers of a run against this cloud: `fake`.
    pub(crate) fn providers(&self) -> Providers {
        let configured: Arc<dyn Configured> = Arc::new(self.clone());
        let mut instance = Instance::new("fake".into(), "test/fake", configured);
        instance.account = Some("1".into());
        Providers([(Name::from("fake"), instance)].into())
    }
}

/// Fails where the region is dead, after the time that a dead one takes.
async fn alive(cloud: &Cloud, scope: &Scope) -> Result<(), Failure> {
    let dead = cloud.lock().dead.contains(&*scope.location.region().0);
    if dead {
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    Ok(())
}

impl Configured for Cloud {
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        vec![
            erase(Things(self.clone())),
            erase(kinds::Parts(self.clone())),
            erase(kinds::Rows(self.clone())),
        ]
    }

    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        vec![erase_data(kinds::Now(self.clone()))]
    }

    fn default_region(&self) -> Option<Name> {
        Some("east".into())
    }

    fn default_tags(&self) -> Vec<(Name, Name)> {
        Vec::new()
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }

    fn allowed_accounts(&self) -> Vec<Name> {
        self.lock().accounts.get("allowed").map(|a| Name::from(a.as_str())).into_iter().collect()
    }

    fn identity<'a>(
        &'a self,
        ctx: &'a Ctx,
        region: &'a str,
    ) -> BoxFuture<'a, Result<Name, Failure>> {
        Box::pin(async move {
            let scope = scope(region);
            ctx.call(&kinds::WHO, &scope, || async {
                alive(self, &scope).await?;
                match self.lock().accounts.get(region) {
                    Some(account) => Ok(Name::from(account.as_str())),
                    None => Err(Failure::new(Class::Credentials, "the token has expired")),
                }
            })
            .await
        })
    }
}

/// The scope of a region of the cloud.
pub(crate) fn scope(region: &str) -> Scope {
    Scope {
        provider: "fake".into(),
        account: "1".into(),
        location: lifeboat_sdk::Location::Region(region.into()),
        service: "fake".into(),
    }
}
