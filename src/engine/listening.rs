//! `-assume-down` of the region that a promotion leaves: nothing needs it, and what answers there is fenced
//! all the same. Who says that a region is down may be wrong, and two regions would take writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Ctx, Limits, Name, Observation, Purpose, Session, Value};

use crate::event::Events;
use crate::plan::promotion::{Parts, region_of};
use crate::refresh::{self, Request, RequestKey};
use crate::registry::Providers;

use super::asked::Asked;
use super::load::Loaded;
use super::roles::Course;

/// How long a region that is said to be down is waited for. Nobody counts on it, and what else is read takes
/// its time meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

/// The region that is left where the operator says that it is down.
pub(super) fn left<'c>(loaded: &Loaded, asked: &Asked, course: &'c Course) -> Option<&'c Name> {
    let Course::Promotion { from } = course else { return None };
    let region = loaded.topology.as_ref()?.region(from)?;
    asked.listens.iter().any(|down| **down == *region.aws).then_some(from)
}

/// Reads everything; the fences of the region that is left through a session that calls it.
pub(super) async fn read(
    (providers, parts): (&Providers, &Parts),
    left: Option<&Name>,
    ctx: &Ctx,
    requests: Vec<Request>,
    events: &dyn Events,
) -> BTreeMap<RequestKey, Observation<Value>> {
    let fence = |request: &Request| {
        let at = &request.key.address;
        left.is_some_and(|left| region_of(at) == Some(&**left))
            && parts.get(at).is_some_and(|part| part.fences())
    };
    let (fences, others): (Vec<_>, Vec<_>) = requests.into_iter().partition(fence);
    let session = Session::interruptible(Purpose::Refresh, ctx.session().interrupt());
    for instance in providers.0.values() {
        let Limits { attempt, budget, .. } = instance.configured.limits();
        let (attempt, budget) = (attempt.min(PATIENCE), budget.min(PATIENCE));
        let limits = Limits { attempt, budget, ..instance.configured.limits() };
        session.limit(&instance.name, limits);
    }
    let listening = Ctx::read_only(Arc::new(session));
    let (mut all, fences) = tokio::join!(
        refresh::read(providers, ctx, others, events),
        refresh::read(providers, &listening, fences, events),
    );
    all.extend(fences);
    all
}
