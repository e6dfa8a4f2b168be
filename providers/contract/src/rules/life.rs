//! Rules about the life of an object: made once, removed for good.

use lifeboat_sdk::session::Purpose;
use lifeboat_sdk::{Class, Observation, Ownership};

use crate::bench::{Bench, Tried, fail, skip};

/// An id that the API makes up is told while the object is made.
pub(super) async fn id_is_told(bench: &Bench<'_>) -> Tried<()> {
    let mut tried = false;
    for config in bench.prepare().await? {
        let plan = bench.fresh(&config)?;
        if bench.kind().id_of(&plan.after).is_some() {
            continue;
        }
        tried = true;
        bench.told();
        let (_, made) = bench.create(&config).await?;
        if !bench.told().iter().any(|id| **id == *made.present.id) {
            return fail(format!("the id {} was not told", made.present.id));
        }
        bench.delete(&made).await?;
    }
    if tried { Ok(()) } else { skip("the configuration decides the id") }
}

/// Deleting what is gone succeeds, and a read says that it is absent; what is operated stays.
pub(super) async fn delete_twice(bench: &Bench<'_>) -> Tried<()> {
    for config in bench.prepare().await? {
        let (plan, made) = bench.create(&config).await?;
        let (id, object) = (&made.present.id, &made.present.object);
        bench.delete(&made).await?;
        bench.deleted(&made.scope, Some(id), object, object).await?;
        bench.delete(&made).await?;
        if bench.kind().ownership() != Ownership::StateOnly {
            bench.deleted(&made.scope, None, &plan.after, object).await?;
        }
    }
    Ok(())
}

/// What another client removed reads as absent, as does what was in a parent that is gone.
pub(super) async fn removed_elsewhere(bench: &Bench<'_>) -> Tried<()> {
    if bench.operated() {
        return skip("what is operated is never removed by the kind");
    }
    let mut last = None;
    for config in bench.prepare().await? {
        let (_, made) = bench.create(&config).await?;
        let here = bench.ctx(Purpose::Apply);
        let (id, hint) = (Some(&made.present.id), &made.present.object);
        bench.read(&here, &made.scope, id, hint).await?;
        // Another client: other guards, other caches.
        bench.delete(&made).await?;
        if !matches!(bench.read(&here, &made.scope, id, hint).await?, Observation::Absent(_)) {
            return fail("it is gone, but the first client does not read it as absent");
        }
        last = Some(made);
    }
    let Some(made) = last else { return skip("the case has no steps") };
    bench.tidy().await?;
    bench.absent(&made.scope, Some(&made.present.id), &made.present.object).await?;
    Ok(())
}

/// Two creates with one token leave one object.
pub(super) async fn one_token(bench: &Bench<'_>) -> Tried<()> {
    if bench.kind().ownership() == Ownership::StateOnly {
        return skip("nothing outside state knows it");
    }
    for config in bench.prepare().await? {
        let plan = bench.fresh(&config)?;
        let (scope, token) = (bench.scope(&plan.after), bench.token());
        let ctx = bench.ctx(Purpose::Apply);
        let first = match bench.try_create(&ctx, &scope, &plan, &token).await? {
            Ok(Some(first)) => first,
            Ok(None) => return fail("a create answered that there is nothing"),
            Err(e) => return fail(format!("a create failed: {}", e.failure)),
        };
        match bench.try_create(&ctx, &scope, &plan, &token).await? {
            Ok(Some(second)) if second.id == first.id => {}
            Ok(Some(second)) => {
                return fail(format!("one token made {} and {}", first.id, second.id));
            }
            Ok(None) => return fail("a create answered that there is nothing"),
            Err(e) if e.failure.class == Class::Exists => {}
            Err(e) => return fail(format!("the second create failed: {}", e.failure)),
        }
        let found = bench.present(&scope, None, &plan.after).await?;
        if found.id != first.id {
            return fail(format!("{} was made, {} is found", first.id, found.id));
        }
        bench.tidy_own().await?;
        bench.deleted(&scope, None, &plan.after, &found.object).await?;
    }
    Ok(())
}
