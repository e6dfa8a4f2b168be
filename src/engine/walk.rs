//! The walk over the blocks: resolved as far as it goes, with what it needs read on the way.

use lifeboat_sdk::{Ctx, KnownDoc};

use super::load::Loaded;
use crate::event::Events;
use crate::plan::ScopeStatus;
use crate::plan::resolve::{Answer, Input, Need, Resolved, Resolver};
use crate::refresh::{self, DataRequest};
use crate::registry::Providers;

/// Walks the blocks in their order, and reads what that needs on the way.
pub(super) async fn walk(
    input: Input<'_>,
    loaded: &Loaded,
    ctx: &Ctx,
    events: &dyn Events,
    statuses: &mut Vec<ScopeStatus>,
) -> Resolved {
    let providers = input.providers;
    let mut resolver = Resolver::new(input);
    loop {
        let needs = resolver.advance();
        if needs.is_empty() {
            return resolver.finish();
        }
        answer(&mut resolver, needs, providers, loaded, ctx, events, statuses).await;
    }
}

/// Reads what the walk needs and tells it.
async fn answer(
    resolver: &mut Resolver<'_>,
    needs: Vec<Need>,
    providers: &Providers,
    loaded: &Loaded,
    ctx: &Ctx,
    events: &dyn Events,
    statuses: &mut Vec<ScopeStatus>,
) {
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
        resolver.answer(key.address, Answer::Object(observation));
    }
    for (address, result) in results {
        resolver.answer(address, Answer::Data(result));
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
