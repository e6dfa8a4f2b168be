//! Promotions of the example of a pair: with the old primary well, gone from before the start, gone with the
//! global services at home in it, and dying before each change; then its return, and the way back. What
//! stands between lifeboat and the cloud here, and fails on demand, is the simulated cloud itself
//! (`scenarios/cases.rs` does the same to examples on servers, through a proxy). Times are virtual.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lifeboat_sdk::{Access, Location};
use lifeboat_sim::{Blackout, Entry};
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::model::State;
use tokio::time::{Instant, sleep};

use super::lost::{said, works};
use super::{EAST, LAG, Sample, Told, WEST, play};
use crate::language::each;
use crate::simulation::process::{Verb, backend};
use crate::weather::Weather;

/// How much longer it may take because the old primary is lost.
const EXTRA: Duration = Duration::from_secs(10);

/// What a promotion came to.
#[derive(Debug)]
struct Played {
    weather: Weather,
    commands: usize,
    changes: usize,
    /// From the first command until it is promoted, in virtual time.
    wall: Duration,
    /// What was told to be lost at most; nothing where nobody had to accept any loss.
    bound: Option<Duration>,
    /// How many commits were.
    lost: usize,
    /// Changes through what is lost, of commands that began after it was.
    through: usize,
    /// Whether a change in the region was left for later.
    left_behind: bool,
    back: Duration,
    calls: Vec<Entry>,
}

/// The example, and where it is lost.
struct Case {
    told: Told,
    weather: Weather,
    gone: Arc<OnceLock<Instant>>,
}

impl Case {
    async fn new(weather: Weather) -> Self {
        let mut told = Told::of(Sample::Pair, 7, LAG);
        told.does(Verb::Apply, EAST).await;
        // As CI does every day: from there on it is known how far the replica is.
        works(&told, 400).await;
        told.types(Verb::Preflight, WEST).await;
        works(&told, 60).await;
        told.cloud.take_ledger();
        Self { told, weather, gone: Arc::default() }
    }

    fn strikes(&self) {
        let (cloud, gone) = (self.told.cloud.clone(), Arc::clone(&self.gone));
        let lose = move |all: bool| {
            gone.get_or_init(Instant::now);
            cloud.blackout(Location::Region(EAST.into()), Blackout::Hang);
            if all {
                cloud.blackout(Location::Global { home: EAST.into() }, Blackout::Hang);
            }
        };
        match self.weather {
            Weather::Well => {}
            Weather::Gone => lose(false),
            Weather::GoneWithGlobal => lose(true),
            Weather::Dies(at) => {
                let calls = AtomicU64::new(0);
                self.told.cloud.watch(move |_| {
                    if calls.fetch_add(1, Ordering::Relaxed) == at {
                        lose(false);
                    }
                });
            }
        }
    }

    async fn state(&self) -> State {
        backend(&self.told.disk).await.unwrap().load().await.unwrap().unwrap().state
    }

    /// What an operator types until it is promoted: where it is graceful and cannot go on, it is given up, and
    /// planned anew without the region (`promote -ungraceful`).
    async fn promoted(mut self) -> (Self, Played) {
        self.strikes();
        let begun = Instant::now();
        let (mut commands, mut through, mut calls) = (0, 0, Vec::new());
        let mut left_behind = false;
        loop {
            assert!(commands < 4, "{} does not come to its end", self.weather);
            commands += 1;
            let lost_before = self.gone.get().is_some();
            let ended = self.told.types(Verb::Promote, WEST).await;
            let made = self.told.cloud.take_ledger();
            let there = |call: &&Entry| {
                call.location == Location::Region(EAST.into()) && call.access == Access::Write
            };
            through += made.iter().filter(there).filter(|_| lost_before).count();
            calls.extend(made);
            left_behind |= ended.told.iter().any(|line| line.contains("apply::left_behind"));
            if ended.is_done() {
                break;
            }
            // After the claim that is refused, and nothing but going on is left.
            self.told.types(Verb::Abort, EAST).await;
        }
        assert_eq!(self.state().await.primary.as_deref(), Some(WEST), "{}", self.weather);
        let wall = begun.elapsed();
        let state = self.state().await;
        let passage = state.promotions.last.as_ref().unwrap();
        let attested = passage.approval.contains_key("attested");
        let bound = attested.then(|| said(&self.told).unwrap());
        let bound = bound.map(|(until, planned)| {
            Duration::try_from(planned.duration_since(until.unwrap())).unwrap()
        });
        let lost = self.told.lost(EAST, &self.told.at(WEST));
        let changes = calls.iter().filter(|c| c.had_effect() && c.access == Access::Write).count();
        let (weather, back) = (self.weather, Duration::ZERO);
        let played = Played {
            weather,
            commands,
            changes,
            wall,
            bound,
            lost,
            through,
            left_behind,
            back,
            calls,
        };
        (self, played)
    }

    /// While the region is gone all that is left is deferred or owed; when it returns nothing is; and back.
    async fn ends(mut self) -> Duration {
        if self.gone.get().is_some() {
            self.told.types(Verb::Apply, WEST).await;
            let planned = self.told.types(Verb::Plan, WEST).await;
            assert!(planned.put_off(), "{planned:#?}");
            let waits = |it: &String| ["deferred", "unread"].iter().any(|why| it.starts_with(why));
            let lines = planned.changes.unwrap();
            assert!(lines.iter().all(waits), "{lines:#?}");
            self.told.cloud.restore(&Location::Global { home: EAST.into() });
            self.told.restore(EAST);
        }
        self.told.settles(WEST).await;
        self.told.is_well(WEST);
        let both = self.told.seen(|seen| seen.both);
        // The replica that is new has all before long.
        sleep(LAG).await;
        let begun = Instant::now();
        self.told.does(Verb::Promote, EAST).await;
        let back = begun.elapsed();
        self.told.settles(EAST).await;
        self.told.is_well(EAST);
        assert_eq!(self.told.seen(|seen| seen.both), both, "never two at once on the way back");
        back
    }
}

fn plays(weather: Weather) -> Played {
    play(async {
        let (case, played) = Case::new(weather).await.promoted().await;
        let back = case.ends().await;
        Played { back, ..played }
    })
}

/// A row of docs/reliability.md.
fn row(one: &Played, well: Duration) -> String {
    let Played { weather, commands, changes, wall, bound, lost, through, back, .. } = one;
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let bound = bound.map_or_else(|| "0 s".to_owned(), seconds);
    format!(
        "{weather} | {commands} commands | {changes} changes | {} | loss {bound} ({lost} commits) | {through} \
         through | extra {} | back {}",
        seconds(*wall),
        seconds(wall.saturating_sub(well)),
        seconds(*back),
    )
}

#[test]
fn the_example_of_a_pair_is_promoted_whatever_becomes_of_the_old_primary() {
    let well = plays(Weather::Well);
    let changes = well.calls.iter().enumerate().filter(|(_, call)| call.access == Access::Write);
    let dies = changes.map(|(at, _)| Weather::Dies(at as u64));
    let all: Vec<_> = [Weather::Gone, Weather::GoneWithGlobal].into_iter().chain(dies).collect();
    let played = each(&all, |weather| plays(*weather));
    println!("{}", row(&well, well.wall));
    for one in &played {
        println!("{}", row(one, well.wall));
        let Played { weather, wall, bound, lost, through, .. } = one;
        assert_eq!(*through, 0, "{weather}: changes through what is lost");
        assert!(*wall <= well.wall + EXTRA, "{weather}: {wall:?}");
        assert!(bound.is_some() || *lost == 0, "{weather}: {lost} commits, and nobody accepted it");
    }
    assert!(played.len() > 8, "{} moments", played.len());
    assert!(played.iter().any(|one| one.left_behind), "the other end is told later in some");
    assert!(played.iter().any(|one| one.commands > 1), "some are given up and planned anew");
}
