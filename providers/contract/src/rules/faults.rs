//! Rules under faults: a failure at every call of a create, a read and a delete.

use lifeboat_sdk::session::Purpose;
use lifeboat_sdk::{Class, Name, Observation, Ownership, Scope, Value};

use crate::bench::{Bench, Stop, Tried, fail, skip};
use crate::planner::Plan;
use crate::server::{Fault, Faults, On};

/// More calls than any kind makes for one object.
const CALLS: u64 = 16;

/// The calls at which the fault of this number strikes in turn: each, or where the server is not
/// to be tried thoroughly the first and every other one, so that each call meets every other fault.
fn positions(bench: &Bench<'_>, number: u64) -> impl Iterator<Item = u64> + use<> {
    let thorough = bench.server.thorough();
    (1..=CALLS).filter(move |n| thorough || *n == 1 || (n + number).is_multiple_of(2))
}

fn faults<'b>(bench: &'b Bench<'_>) -> Tried<&'b dyn Faults> {
    match bench.server.faults() {
        Some(faults) => Ok(faults),
        None => skip("the server makes no faults"),
    }
}

/// The reply to each call of a create in turn is lost; what exists is found, and made once.
pub(super) async fn lost_reply(bench: &Bench<'_>) -> Tried<()> {
    let faults = faults(bench)?;
    if bench.kind().ownership() == Ownership::StateOnly {
        return skip("nothing outside state knows it");
    }
    for config in bench.prepare().await? {
        let plan = bench.fresh(&config)?;
        let scope = bench.scope(&plan.after);
        for n in 1..=CALLS {
            let token = bench.token();
            faults.inject(Fault::DropAnswer, On::Nth(n));
            let ctx = bench.ctx(Purpose::Apply);
            let tried = bench.try_create(&ctx, &scope, &plan, &token).await;
            let struck = faults.clear();
            let at = |text: String| format!("reply {n} lost: {text}");
            let id = match tried? {
                Ok(Some(made)) => Some(made.id),
                Ok(None) => return fail(at("a create answered that there is nothing".into())),
                Err(e) if e.failure.in_doubt() || e.half_made.is_some() => {
                    e.half_made.map(|made| made.id)
                }
                Err(e) => return fail(at(format!("the failure is not in doubt: {}", e.failure))),
            };
            recover(bench, &scope, &plan, &token, id).await.map_err(|stop| match stop {
                Stop::Failed(text) => Stop::Failed(at(text)),
                other @ Stop::NotApplicable(_) => other,
            })?;
            if struck == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// Settles a create in doubt: finds the object or makes it, sees that there is one, removes it.
async fn recover(
    bench: &Bench<'_>,
    scope: &Scope,
    plan: &Plan,
    token: &Name,
    id: Option<Name>,
) -> Tried<()> {
    let ctx = bench.ctx(Purpose::Apply);
    let found = match bench.read(&ctx, scope, id.as_ref(), &plan.after).await? {
        Observation::Present(found) => Some(found.id),
        Observation::Absent(_) => None,
        Observation::Unreadable(u) => return fail(format!("it cannot be read: {}", u.message)),
    };
    if let (Some(told), None) = (&id, &found) {
        return fail(format!("{told} was told, but is absent"));
    }
    match bench.try_create(&ctx, scope, plan, token).await? {
        Ok(Some(made)) if found.as_ref().is_none_or(|found| *found == made.id) => {}
        Ok(Some(made)) => return fail(format!("{} was made beside {found:?}", made.id)),
        Err(e) if e.failure.class == Class::Exists && found.is_some() => {}
        Ok(None) => return fail("a create answered that there is nothing"),
        Err(e) => return fail(format!("the second create failed: {}", e.failure)),
    }
    let now = bench.present(scope, None, &plan.after).await?;
    if found.as_ref().is_some_and(|found| *found != now.id) {
        return fail(format!("another object {} is found now", now.id));
    }
    let object = now.object.clone();
    bench.keep(scope, now);
    bench.tidy_own().await?;
    bench.deleted(scope, None, &plan.after, &object).await
}

/// A fault at each call of a create and of a delete maps to its class; what had no effect left
/// nothing behind.
pub(super) async fn classes(bench: &Bench<'_>) -> Tried<()> {
    let faults = faults(bench)?;
    if bench.kind().ownership() == Ownership::StateOnly {
        return skip("nothing outside state knows it");
    }
    let steps = bench.prepare().await?;
    let Some(config) = steps.first() else { return skip("the case has no steps") };
    let plan = bench.fresh(config)?;
    let scope = bench.scope(&plan.after);
    for (number, fault) in (0..).zip(Fault::ALL) {
        for n in positions(bench, number) {
            faults.inject(fault, On::From(n));
            let ctx = bench.ctx(Purpose::Apply);
            let tried = bench.try_create(&ctx, &scope, &plan, &bench.token()).await;
            let struck = faults.clear();
            let failed = tried?.err();
            if let Some(e) = &failed
                && !fault.tells(e.failure.class)
            {
                return fail(format!("{fault:?} at call {n} is told as {:?}", e.failure.class));
            }
            let nothing = failed.is_some() && n == 1 && fault.without_effect() && !bench.operated();
            match bench.read(&bench.ctx(Purpose::Refresh), &scope, None, &plan.after).await? {
                Observation::Present(_) if nothing => {
                    return fail(format!("{fault:?} at the first call left something behind"));
                }
                Observation::Present(found) => bench.keep(&scope, found),
                Observation::Absent(_) if failed.is_none() => {
                    return fail(format!("{fault:?} at call {n}: made, but absent"));
                }
                Observation::Absent(_) => {}
                Observation::Unreadable(u) => return fail(format!("unreadable: {}", u.message)),
            }
            bench.tidy_own().await?;
            if struck == 0 {
                break;
            }
        }
        deleted(bench, faults, (number, fault), config).await?;
    }
    Ok(())
}

/// A fault at each call of a delete; afterwards the delete succeeds.
async fn deleted(
    bench: &Bench<'_>,
    faults: &dyn Faults,
    (number, fault): (u64, Fault),
    config: &Value,
) -> Tried<()> {
    for n in positions(bench, number) {
        let (_, made) = bench.create(config).await?;
        faults.inject(fault, On::From(n));
        let tried = bench.try_delete(&bench.ctx(Purpose::Apply), &made).await;
        let struck = faults.clear();
        if let Err(e) = tried?
            && !fault.tells(e.failure.class)
        {
            let class = e.failure.class;
            return fail(format!("{fault:?} at call {n} of a delete is told as {class:?}"));
        }
        bench.tidy_own().await?;
        let object = &made.present.object;
        bench.deleted(&made.scope, Some(&made.present.id), object, object).await?;
        if struck == 0 {
            break;
        }
    }
    Ok(())
}

/// A read that fails at any of its calls is unreadable with its cause: never absent, never half
/// an object; so is the read of what does not exist.
pub(super) async fn unreadable(bench: &Bench<'_>) -> Tried<()> {
    let faults = faults(bench)?;
    let steps = bench.prepare().await?;
    let Some(config) = steps.first() else { return skip("the case has no steps") };
    let (_, made) = bench.create(config).await?;
    let (scope, id, document) = (&made.scope, &made.present.id, &made.present.object);
    let mut struck = 0;
    for fault in Fault::ALL {
        struck += unread(bench, faults, fault, (scope, id, document)).await?;
    }
    if struck == 0 {
        return skip("reading makes no calls");
    }
    bench.delete(&made).await?;
    for fault in Fault::ALL {
        unread(bench, faults, fault, (scope, id, document)).await?;
    }
    Ok(())
}

/// How many calls a fault struck.
async fn unread(
    bench: &Bench<'_>,
    faults: &dyn Faults,
    fault: Fault,
    (scope, id, document): (&Scope, &Name, &Value),
) -> Tried<u64> {
    let mut all = 0;
    for n in 1..=CALLS {
        faults.inject(fault, On::From(n));
        let ctx = bench.ctx(Purpose::Refresh);
        let read = bench.read(&ctx, scope, Some(id), document).await;
        let struck = faults.clear();
        all += struck;
        let read = read?;
        if struck == 0 {
            break;
        }
        match read {
            Observation::Unreadable(u) if fault.causes(&u.cause) => {}
            Observation::Unreadable(u) => {
                return fail(format!("{fault:?} at call {n} is read as {:?}", u.cause));
            }
            Observation::Absent(proof) => {
                return fail(format!("{fault:?} at call {n} reads as absent: {proof}"));
            }
            Observation::Present(_) => {
                return fail(format!("{fault:?} at call {n} reads as present"));
            }
        }
    }
    Ok(all)
}
