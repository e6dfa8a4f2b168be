//! Rules about reads: they give what create gave, list what is tagged, and may run at the same time.

use lifeboat_sdk::session::Purpose;
use lifeboat_sdk::{Observation, Owner, Ownership, Target};

use crate::bench::{Bench, Made, Tried, fail, skip};

/// A read gives exactly what create gave, the owner too.
pub(super) async fn same_as_made(bench: &Bench<'_>) -> Tried<()> {
    for config in bench.prepare().await? {
        let (plan, made) = bench.create(&config).await?;
        let by_id = bench.present(&made.scope, Some(&made.present.id), &plan.after).await?;
        if by_id.id != made.present.id {
            return fail(format!("the id is {}, not {}", by_id.id, made.present.id));
        }
        if by_id.object != made.present.object {
            let (read, given) = (&by_id.object, &made.present.object);
            let names = bench.kind().schema().attributes.iter().map(|a| a.name);
            let names: Vec<&str> = names.filter(|n| read.get(n) != given.get(n)).collect();
            return fail(format!("what is read differs in {}", names.join(", ")));
        }
        if by_id.owner != bench.owner() {
            return fail(format!("the owner is read as {:?}", by_id.owner));
        }
        if bench.kind().ownership() != Ownership::StateOnly {
            let found = bench.present(&made.scope, None, &plan.after).await?;
            if found.id != made.present.id {
                return fail(format!("without its id it is read as {}", found.id));
            }
        }
        bench.delete(&made).await?;
    }
    Ok(())
}

/// Two reads at the same time give the same, as does one read of two targets.
pub(super) async fn two_at_once(bench: &Bench<'_>) -> Tried<()> {
    let steps = bench.prepare().await?;
    let Some(config) = steps.first() else { return skip("the case has no steps") };
    let (plan, made) = bench.create(config).await?;
    let id = Some(&made.present.id);
    let ctx = bench.ctx(Purpose::Refresh);
    let (a, b) = tokio::join!(
        bench.read(&ctx, &made.scope, id, &plan.after),
        bench.read(&ctx, &made.scope, id, &plan.after),
    );
    let (a, b) = (a?, b?);
    if !matches!(a, Observation::Present(_)) || a != b {
        return fail("two reads at the same time differ");
    }
    let target = Target { address: bench.address(), id: id.cloned(), hint: plan.after.clone() };
    let missing =
        Target { id: Some(format!("{}-missing", made.present.id).into()), ..target.clone() };
    let both = bench.kind().read(&ctx, &made.scope, &[target, missing]).await;
    match &both[..] {
        [first, second] if *first == a => {
            if matches!(second, Observation::Present(_)) {
                return fail("a target that is not there was read as another");
            }
        }
        _ => return fail("one read of two targets does not answer them in their order"),
    }
    bench.delete(&made).await
}

/// The kind's inventory has what carries tags, with its owner, and no longer what is gone.
pub(super) async fn listed(bench: &Bench<'_>) -> Tried<()> {
    if bench.kind().ownership() != Ownership::Tags {
        return skip("it has no tags");
    }
    for config in bench.prepare().await? {
        let (_, made) = bench.create(&config).await?;
        let Some(found) = tagged(bench, &made).await? else {
            return skip("the kind cannot be listed by its tags");
        };
        match &found[..] {
            [owner] if Some(owner) == bench.owner().as_ref() => {}
            [] => return fail(format!("{} is not listed", made.present.id)),
            found => return fail(format!("{} is listed as {found:?}", made.present.id)),
        }
        bench.delete(&made).await?;
        if tagged(bench, &made).await?.is_some_and(|found| !found.is_empty()) {
            return fail(format!("{} is gone, but listed", made.present.id));
        }
    }
    Ok(())
}

/// The owners that the inventory gives the object.
async fn tagged(bench: &Bench<'_>, made: &Made) -> Tried<Option<Vec<Owner>>> {
    let listed = bench.kind().inventory(&bench.ctx(Purpose::Refresh), &made.scope).await;
    let listed = listed.or_else(|failure| fail(format!("it cannot be listed: {failure}")))?;
    let Some(listed) = listed else { return Ok(None) };
    if let Some((id, failure)) = listed.unread.first() {
        return fail(format!("the tags of {id} cannot be read: {failure}"));
    }
    let same = listed.tagged.into_iter().filter(|tagged| tagged.id == made.present.id);
    Ok(Some(same.map(|tagged| tagged.owner).collect()))
}
