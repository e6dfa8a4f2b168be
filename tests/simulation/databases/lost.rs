//! What is lost with a region that does not come back, against what was told to whoever accepted it.

use std::time::Duration;

use jiff::Timestamp;
use lifeboat_state::backend::StateBackend as _;
use tokio::time::{Instant, sleep};

use super::{EAST, Sample, Told as World, WEST, attests, trouble};
use crate::simulation::chance::Chance;
use crate::simulation::disk::Journals;
use crate::simulation::process::{Verb, at, backend};

/// What came of a story.
pub(super) struct Told {
    /// How many seconds of writes were said to be lost at most; nothing where that was unknown.
    pub(super) bound: Option<u64>,
    /// How many commits were lost.
    pub(super) lost: usize,
}

/// Clients go on for a while, a commit every two seconds.
pub(super) async fn works(world: &World, seconds: u64) {
    for _ in 0..seconds / 2 {
        sleep(Duration::from_secs(2)).await;
        let number = world.cloud.commit(&world.at(EAST));
        let mut seen = world.seen.lock().unwrap();
        seen.committed[0].extend(number);
        seen.when.extend(number.map(|number| (number, Instant::now())));
    }
}

/// What the journal of the promotion holds: up to when the replica was said to have all, and when that
/// was planned.
pub(super) fn said(world: &World) -> Result<(Option<Timestamp>, Timestamp), String> {
    let runs = Journals::default().runs(&world.disk);
    let plans = runs.iter().map(|run| &run.plan).filter(|plan| !plan["promotion"].is_null());
    // The last, where one was given up.
    let plan = plans.max_by_key(|plan| plan["created"].as_str());
    let plan = plan.ok_or("there is no promotion")?;
    let time = |text: &serde_json::Value| text.as_str().and_then(|text| text.parse().ok());
    let of = plan["promotion"]["losses"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [one] = of else { return Err(format!("it tells of {} components", of.len())) };
    if one["about"] != "database.orders" || one["copied"] != true {
        return Err(format!("it tells of {one}"));
    }
    Ok((time(&one["proven"]["until"]), time(&plan["created"]).ok_or("it has no time")?))
}

/// Preflights now and then, with calls that fail; then the region is lost, and its clients go on.
pub(super) fn bounded(sample: Sample, seed: u64) -> Result<Told, String> {
    super::play(async {
        let mut chance = Chance::new(seed, "losses");
        let lag = Duration::from_secs(*chance.pick(&[1, 60, 300, 900]));
        let mut world = World::of(sample, seed, lag);
        world.approve = attests;
        world.does(Verb::Apply, EAST).await;
        for _ in 0..chance.below(4) {
            works(&world, 2 * u64::try_from(chance.below(400)).unwrap()).await;
            if chance.percent(30) {
                trouble(&world.cloud, seed);
            }
            world.types(Verb::Preflight, WEST).await;
            world.cloud.clear_rules();
        }
        works(&world, 2 * u64::try_from(chance.below(300)).unwrap()).await;
        world.lose(EAST);
        works(&world, 2 * u64::try_from(chance.below(100)).unwrap()).await;
        for _ in 0..4 {
            world.types(Verb::Promote, WEST).await;
        }
        let state = backend(&world.disk).await?.load().await.map_err(|e| format!("{e}"))?;
        let primary = state.and_then(|newest| newest.state.primary);
        if primary.as_deref() != Some(WEST) {
            return Err(format!("the primary is {primary:?}"));
        }
        judge(&world)
    })
}

/// What was written up to the time that was told is there, and what is lost was written within the
/// bound before the promotion was planned; what was written after that somebody attested away.
fn judge(world: &World) -> Result<Told, String> {
    let (until, planned) = said(world)?;
    let held = world.cloud.commits(&world.at(WEST));
    let seen = world.seen.lock().unwrap();
    let lost = seen.committed[0].iter().filter(|number| !held.contains(number));
    let when = |number: &u64| at(seen.when[number].duration_since(world.begun));
    let mut lost: Vec<Timestamp> = lost.map(when).collect();
    lost.sort();
    let bound = until.map(|until| planned.duration_since(until).as_secs().unsigned_abs());
    if let (Some(until), Some(oldest)) = (until, lost.first()) {
        if *oldest < until {
            return Err(format!("all until {until} was said to be there, and {oldest} is lost"));
        }
        let before = planned.duration_since(*oldest).as_secs();
        if bound.is_some_and(|bound| before > 0 && before.unsigned_abs() > bound) {
            return Err(format!("{before} s are lost, and {bound:?} were told"));
        }
    }
    Ok(Told { bound, lost: lost.len() })
}
