//! The walk over the blocks: resolved as far as it goes, with what it needs read on the way.

use std::collections::BTreeMap;

use lifeboat_sdk::{Ctx, KnownDoc, Value};

use super::load::Loaded;
use crate::address::Address;
use crate::event::Events;
use crate::plan::ScopeStatus;
use crate::plan::resolve::{Answer, Input, Need, Resolved, Resolver};
use crate::refresh::{self, DataRequest, RequestKey};
use crate::registry::Providers;

/// What walks of one plan have read on their way: nothing is read twice.
#[derive(Default)]
pub(super) struct Read {
    objects: BTreeMap<RequestKey, Answer>,
    data: BTreeMap<Address, (Value, Answer)>,
}

impl Read {
    /// What is known of it already; data by what is asked.
    fn known(&self, need: &Need) -> Option<(Address, Answer)> {
        let (address, answer) = match need {
            Need::Object(request) => (&request.key.address, self.objects.get(&request.key)?),
            Need::Data { address, document, .. } => {
                let (asked, answer) = self.data.get(address)?;
                (address, Some(answer).filter(|_| asked == document)?)
            }
        };
        Some((address.clone(), answer.clone()))
    }
}

/// Walks the blocks in their order, and reads what that needs on the way.
pub(super) async fn walk(
    input: Input<'_>,
    loaded: &Loaded,
    ctx: &Ctx,
    events: &dyn Events,
    statuses: &mut Vec<ScopeStatus>,
    read: &mut Read,
) -> Resolved {
    let providers = input.providers;
    let mut resolver = Resolver::new(input);
    loop {
        let needs = resolver.advance();
        if needs.is_empty() {
            return resolver.finish();
        }
        let mut rest = Vec::new();
        for need in needs {
            match read.known(&need) {
                Some((address, answer)) => resolver.answer(address, answer),
                None => rest.push(need),
            }
        }
        if rest.is_empty() {
            continue;
        }
        let places = Places { providers, loaded, ctx, events };
        answer(&mut resolver, rest, &places, statuses, read).await;
    }
}

/// Where is read, and how.
struct Places<'a> {
    providers: &'a Providers,
    loaded: &'a Loaded,
    ctx: &'a Ctx,
    events: &'a dyn Events,
}

/// Reads what the walk needs and tells it.
async fn answer(
    resolver: &mut Resolver<'_>,
    needs: Vec<Need>,
    places: &Places<'_>,
    statuses: &mut Vec<ScopeStatus>,
    read: &mut Read,
) {
    let Places { providers, loaded, ctx, events } = *places;
    let mut asked: BTreeMap<Address, Value> = BTreeMap::new();
    let mut objects = Vec::new();
    let mut data = Vec::new();
    for need in needs {
        match need {
            Need::Object(request) => objects.push(*request),
            Need::Data { address, provider, document } => {
                let source = loaded.catalogue.data.get(&*address.kind);
                let instance = providers.0.get(&provider);
                let (Some((_, source)), Some(instance)) = (source, instance) else { continue };
                let scope = instance.scope(source.service(), &document);
                asked.insert(address.clone(), document.clone());
                let (Some(scope), Ok(document)) = (scope, KnownDoc::new(&document)) else {
                    let text = "the data source has no region: name one in the provider block";
                    let failure = lifeboat_sdk::Failure::new(lifeboat_sdk::Class::Invalid, text);
                    resolver.answer(address, Answer::Data(Err(failure)));
                    continue;
                };
                let kind = address.kind.clone();
                data.push(DataRequest { address, provider, kind, scope, document });
            }
        }
    }
    let places = refresh::scopes(&objects);
    let (seen, results) = tokio::join!(
        refresh::read(providers, ctx, objects, events),
        refresh::read_data(providers, ctx, data, events)
    );
    merge_status(statuses, refresh::status(&places, &seen));
    for (key, observation) in seen {
        let answer = Answer::Object(observation);
        read.objects.insert(key.clone(), answer.clone());
        resolver.answer(key.address, answer);
    }
    for (address, result) in results {
        let answer = Answer::Data(result);
        if let Some(document) = asked.remove(&address) {
            read.data.insert(address.clone(), (document, answer.clone()));
        }
        resolver.answer(address, answer);
    }
}

fn merge_status(all: &mut Vec<ScopeStatus>, more: Vec<ScopeStatus>) {
    for status in more {
        match all.iter_mut().find(|s| s.scope == status.scope) {
            Some(known) => {
                known.objects += status.objects;
                known.unread += status.unread;
                known.trouble = known.trouble.take().or(status.trouble);
            }
            None => all.push(status),
        }
    }
    all.sort_by(|a, b| a.scope.cmp(&b.scope));
}
