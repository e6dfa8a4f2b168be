//! Stage 4, state -> prior: reads live objects, grouped by scope and kind, all scopes at once.
//!
//! A dead region costs its own budget and no one else's: the groups run side by side, and the
//! session's guards give up on a location, never on the run. Nothing here decides what an
//! observation means for a plan.

pub mod compare;
pub mod contents;
pub mod data;
pub mod drift;
#[cfg(test)]
pub(crate) mod fake;
pub mod identity;
pub mod inventories;
pub mod record;
pub mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{
    Cause, Ctx, Down, Interrupt, Name, Observation, Purpose, Scope, Session, Target, Unreadable,
    Value,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::address::Address;
use crate::event::{Event, Events};
use crate::registry::Providers;

pub use contents::{Holder, seen_empty};
pub use data::{DataRequest, read_data};
pub use identity::{Identity, identify, proven};
pub use inventories::{Shelf, inventories};
pub use status::{ScopeStatus, scopes, status};

/// Why an object is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It is the current object of its address.
    Current,
    /// It is deposed under this key.
    Deposed(Name),
    /// An `import` block names it.
    Import,
    /// Its name may be taken already, or it is to be adopted.
    Adopt,
}

/// Which answer belongs to which request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestKey {
    /// The object's address.
    pub address: Address,
    /// Why it is read.
    pub part: Part,
}

impl RequestKey {
    /// The current object of an address.
    pub fn current(address: Address) -> Self {
        Self { address, part: Part::Current }
    }

    /// A deposed object.
    pub fn deposed(address: Address, key: impl Into<Name>) -> Self {
        Self { address, part: Part::Deposed(key.into()) }
    }
}

/// One object to read.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its address and why it is read.
    pub key: RequestKey,
    /// The provider instance: `aws`, `aws.dr`, `terraform`.
    pub provider: Name,
    /// The kind: `aws_s3_bucket`.
    pub kind: Name,
    /// Where it lives.
    pub scope: Scope,
    /// What its kind is told.
    pub target: Target,
}

/// Requests that one call of [`DynKind::read`] answers.
#[derive(Default)]
struct Group {
    keys: Vec<RequestKey>,
    targets: Vec<Target>,
}

type GroupId = (Name, Scope, Name);
type Answers = Vec<(RequestKey, Observation<Value>)>;

/// The guards of calls to these providers, each with its own limits.
pub fn session(
    providers: &Providers,
    purpose: Purpose,
    interrupt: watch::Receiver<Interrupt>,
    down: Vec<Down>,
) -> Session {
    let session = Session::interruptible(purpose, interrupt).assume_down(down);
    for instance in providers.0.values() {
        session.limit(&instance.name, instance.configured.limits());
    }
    session
}

/// Reads everything that is asked for: one observation per request, whatever happens.
pub async fn read(
    providers: &Providers,
    ctx: &Ctx,
    requests: Vec<Request>,
    events: &dyn Events,
) -> BTreeMap<RequestKey, Observation<Value>> {
    let mut groups: BTreeMap<GroupId, Group> = BTreeMap::new();
    let mut ids: BTreeMap<RequestKey, Option<Name>> = BTreeMap::new();
    for Request { key, provider, kind, scope, target } in requests {
        let (address, id) = (key.address.clone(), target.id.clone());
        // Whether a new name is taken is looked up silently.
        if key.part != Part::Adopt {
            events.event(Event::RefreshStart { address, id: id.clone() });
        }
        ids.insert(key.clone(), id);
        let group = groups.entry((provider, scope, kind)).or_default();
        group.keys.push(key);
        group.targets.push(target);
    }
    let mut running: JoinSet<Answers> = JoinSet::new();
    let mut found = BTreeMap::new();
    let mut members: BTreeMap<tokio::task::Id, (GroupId, Vec<RequestKey>)> = BTreeMap::new();
    for (id, group) in groups {
        match providers.kind(&id.0, &id.2) {
            Some(kind) => {
                let keys = group.keys.clone();
                let work = read_group(Arc::clone(kind), ctx.clone(), id.clone(), group);
                let task = running.spawn(work.in_current_span());
                members.insert(task.id(), (id, keys));
            }
            None => found.extend(unanswered(&id, group.keys, &unknown_kind(&id))),
        }
    }
    while let Some(joined) = running.join_next_with_id().await {
        let answers = match joined {
            Ok((task, answers)) => {
                members.remove(&task);
                answers
            }
            Err(failed) => match members.remove(&failed.id()) {
                Some((id, keys)) => unanswered(&id, keys, &ended(&id)),
                None => Vec::new(),
            },
        };
        for (key, observation) in answers {
            tell(events, &key, ids.get(&key).cloned().flatten(), &observation);
            found.insert(key, observation);
        }
    }
    found
}

/// Reads a group, and checks that each of its targets got exactly one answer.
async fn read_group(kind: Arc<dyn DynKind>, ctx: Ctx, id: GroupId, group: Group) -> Answers {
    let answers = kind.read(&ctx, &id.1, &group.targets).await;
    if answers.len() != group.keys.len() {
        let text = miscounted(&id, group.keys.len(), answers.len());
        return unanswered(&id, group.keys, &text);
    }
    let whole = |observation: Observation<Value>| match &observation {
        Observation::Present(present) if !present.object.is_wholly_known() => {
            Observation::Unreadable(blamed(&id, &half_known(&id)))
        }
        Observation::Present(_) | Observation::Absent(_) | Observation::Unreadable(_) => {
            observation
        }
    };
    group.keys.into_iter().zip(answers.into_iter().map(whole)).collect()
}

fn tell(events: &dyn Events, key: &RequestKey, id: Option<Name>, seen: &Observation<Value>) {
    if key.part == Part::Adopt && !matches!(seen, Observation::Unreadable(_)) {
        return;
    }
    let (id, readable) = match seen {
        Observation::Present(present) => (Some(present.id.clone()), true),
        Observation::Absent(_) => (id, true),
        Observation::Unreadable(_) => (id, false),
    };
    events.event(Event::RefreshComplete { address: key.address.clone(), id, readable });
}

fn blamed(id: &GroupId, message: &str) -> Unreadable {
    Unreadable { scope: id.1.clone(), cause: Cause::Other, message: message.to_owned() }
}

fn unanswered(id: &GroupId, keys: Vec<RequestKey>, message: &str) -> Answers {
    let unreadable = blamed(id, message);
    keys.into_iter().map(|key| (key, Observation::Unreadable(unreadable.clone()))).collect()
}

fn miscounted((provider, _, kind): &GroupId, asked: usize, answered: usize) -> String {
    format!(
        "the provider {provider} was asked for {asked} objects of {kind} and answered {answered}, \
         so no answer can be trusted; this is a defect of the provider, please report it"
    )
}

fn half_known((provider, _, kind): &GroupId) -> String {
    format!(
        "the provider {provider} answered a {kind} with values that are not known; this is a \
         defect of the provider, please report it"
    )
}

fn ended((provider, _, kind): &GroupId) -> String {
    format!(
        "reading {kind} ended without an answer; this is a defect of the provider {provider}, \
         please report it"
    )
}

fn unknown_kind((provider, _, kind): &GroupId) -> String {
    format!(
        "the provider {provider} has no kind {kind}: add its `provider` block back, or remove \
         the object from state with `lifeboat state rm`"
    )
}
