//! `-assume-down` of the region that a promotion leaves: nothing needs it, and what answers there is fenced
//! all the same. Who says that a region is down may be wrong, and two regions would take writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::{Ctx, Down, Limits, Name, Observation, Purpose, Value};

use super::asked::Asked;
use super::load::Loaded;
use super::roles::Course;
use crate::event::Events;
use crate::plan::Plan;
use crate::plan::promotion::{Mode, Parts, region_of};
use crate::refresh::{self, Request, RequestKey};
use crate::registry::Providers;

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
    let Some(left) = left else { return refresh::read(providers, ctx, requests, events).await };
    let fence = |request: &Request| {
        let at = &request.key.address;
        region_of(at) == Some(&**left) && parts.get(at).is_some_and(|part| part.fences())
    };
    let (fences, others): (Vec<_>, Vec<_>) = requests.into_iter().partition(fence);
    let interrupt = ctx.session().interrupt();
    let session = refresh::session(providers, Purpose::Refresh, interrupt, Vec::new());
    for instance in providers.0.values() {
        let limits = instance.configured.limits();
        let (attempt, budget) = (limits.attempt.min(PATIENCE), limits.budget.min(PATIENCE));
        session.limit(&instance.name, Limits { attempt, budget, ..limits });
    }
    let listening = Ctx::read_only(Arc::new(session));
    let (mut all, fences) = tokio::join!(
        refresh::read(providers, ctx, others, events),
        refresh::read(providers, &listening, fences, events),
    );
    all.extend(fences);
    all
}

/// What counts as down while a plan is carried out. A fence answered that an ungraceful one places in the
/// region that is left; who goes on with a graceful one without that region had its fence before.
pub(super) fn down(plan: &Plan, left: Option<&str>, down: &[Down]) -> Vec<Down> {
    let promotion = plan.promotion.as_ref().filter(|it| it.mode() == Mode::Ungraceful);
    let places = promotion.is_some_and(|it| it.fences(&plan.steps, &plan.changes).next().is_some());
    let called = |down: &&Down| places && Some(&*down.region) == left;
    down.iter().filter(|down| !called(down)).cloned().collect()
}
