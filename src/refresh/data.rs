//! Data sources: each query is one call, all at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat_sdk::{Class, Ctx, Failure, KnownDoc, Name, Scope, Value};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::address::Address;
use crate::event::{Event, Events};
use crate::registry::Providers;

/// One query.
#[derive(Clone, Debug)]
pub struct DataRequest {
    /// The address of the `data` block's instance.
    pub address: Address,
    /// The provider instance.
    pub provider: Name,
    /// The data source: `aws_region`.
    pub kind: Name,
    /// Where it is asked.
    pub scope: Scope,
    /// The arguments, everything computed null.
    pub document: KnownDoc,
}

/// Answers all queries: one result per request, whatever happens.
pub async fn read_data(
    providers: &Providers,
    ctx: &Ctx,
    requests: Vec<DataRequest>,
    events: &dyn Events,
) -> BTreeMap<Address, Result<Value, Failure>> {
    let mut running: JoinSet<Result<Value, Failure>> = JoinSet::new();
    let mut asked: BTreeMap<tokio::task::Id, (Address, Name)> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for request in requests {
        let (address, provider) = (request.address.clone(), request.provider.clone());
        events.event(Event::RefreshStart { address: address.clone(), id: None });
        match providers.data(&request.provider, &request.kind) {
            Some(source) => {
                let (source, ctx) = (Arc::clone(source), ctx.clone());
                let work = async move { source.read(&ctx, &request.scope, request.document).await };
                let task = running.spawn(work.in_current_span());
                asked.insert(task.id(), (address, provider));
            }
            None => {
                let text = format!(
                    "the provider {provider} has no data source {}: check its name and the \
                     version of lifeboat",
                    request.kind
                );
                found.insert(address, Err(Failure::new(Class::Invalid, text)));
            }
        }
    }
    while let Some(joined) = running.join_next_with_id().await {
        let (task, result) = match joined {
            Ok((task, result)) => (task, Some(result)),
            Err(failed) => (failed.id(), None),
        };
        let Some((address, provider)) = asked.remove(&task) else { continue };
        let result = match result {
            None => Err(ended(&address, &provider)),
            Some(Ok(value)) if !value.is_wholly_known() => Err(half_known(&address, &provider)),
            Some(result) => result,
        };
        let readable = result.is_ok();
        events.event(Event::RefreshComplete { address: address.clone(), id: None, readable });
        found.insert(address, result);
    }
    found
}

fn ended(address: &Address, provider: &Name) -> Failure {
    let text = format!(
        "reading {address} ended without an answer; this is a defect of the provider {provider}, \
         please report it"
    );
    Failure::new(Class::Other, text)
}

fn half_known(address: &Address, provider: &Name) -> Failure {
    let text = format!(
        "the provider {provider} answered {address} with values that are not known; this is a \
         defect of the provider, please report it"
    );
    Failure::new(Class::Garbled, text)
}
