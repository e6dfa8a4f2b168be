//! Data sources on the simulated cloud: what exists, else a guess.

use std::sync::Arc;

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::DynData;
use lifeboat_sdk::{Ctx, Failure, KnownDoc, Name, Schema, Scope, Service, Value};

use super::Place;
use crate::calls::Calls;
use crate::cloud::store::Key;
use crate::cloud::{SimCloud, Site};
use crate::hints::{Hints, hash};

/// A data source over the cloud.
#[derive(Clone)]
pub(crate) struct OverData {
    template: Arc<dyn DynData>,
    cloud: SimCloud,
    calls: &'static Calls,
    /// Whether a query that finds nothing is a failure, rather than guessed.
    strict: bool,
    account: Option<Name>,
}

impl OverData {
    pub(crate) fn new(template: Arc<dyn DynData>, cloud: &SimCloud, strict: bool) -> Self {
        let calls = Calls::of(template.service().name);
        Self { template, cloud: cloud.clone(), calls, strict, account: None }
    }

    /// The same with the credentials of an account.
    pub(crate) fn of_account(&self, account: Option<Name>) -> Self {
        Self { account, ..self.clone() }
    }

    /// The object of the same name that has all that the query says.
    fn answer(&self, scope: &Scope, query: &Value, found: Option<&Value>) -> Value {
        let attributes = self.template.schema().attributes;
        let text = format!("{query:?}");
        let id = format!("{:08x}", hash(&[self.template.name(), &text]) >> 32);
        let hints = Hints { kind: self.template.name(), scope, id: &id, revision: 1 };
        hints.complete(attributes, query, found)
    }
}

fn fits(object: &Value, query: &Value) -> bool {
    let asked = query.entries().unwrap_or_default().iter().filter(|(_, v)| !v.is_null());
    let mut asked = asked.filter(|(_, v)| v.items().is_none_or(|items| !items.is_empty()));
    asked.all(|(name, value)| object.get(name).is_none_or(|has| has == value))
}

impl DynData for OverData {
    fn name(&self) -> &'static str {
        self.template.name()
    }
    fn schema(&self) -> &'static Schema {
        self.template.schema()
    }
    fn service(&self) -> Service {
        self.template.service()
    }
    fn read<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        document: KnownDoc,
    ) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move {
            let name = self.template.name();
            let query = document.value();
            let place = Place::new(scope, self.account.as_ref());
            let here = &place.here;
            let site =
                Site { scope: here, call: &self.calls.list, kind: name, id: None, sent: &[] };
            let make = || {
                self.cloud.request(site, |world| {
                    let mut all = world.store.of_kind(&here.account, &here.location, name);
                    let found = all.find(|(_, stored)| fits(&stored.document, query));
                    match found {
                        None if self.strict => {
                            Err(crate::cloud::world::missing(&Key::of(here, name, "")))
                        }
                        found => Ok(self.answer(here, query, found.map(|(_, s)| &s.document))),
                    }
                })
            };
            ctx.call(&self.calls.list, scope, make).await
        })
    }
}
