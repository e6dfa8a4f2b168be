//! Processes that die at any point: the next command finds everything, and makes nothing twice.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use lifeboat_state::store::MemoryDisk;
use tokio::runtime::{Builder, Runtime};

use super::world::*;
use crate::apply::RunEnding;
use crate::refresh::fake::{PART, ROW, THING};

/// A future that is dropped after so many polls. `None`: it died.
struct Dies<F> {
    inner: Pin<Box<F>>,
    polls: usize,
    /// Whether it is polled all the time, between any two polls of its tasks.
    eager: bool,
}

impl<F: Future> Future for Dies<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        match self.inner.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => {
                if self.eager {
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    }
}

fn dies<F: Future>(inner: F, polls: usize, eager: bool) -> Dies<F> {
    Dies { inner: Box::pin(inner), polls, eager }
}

/// A runtime that looks at the process after each poll of a task.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).event_interval(1).build().unwrap()
}

/// What is left of the disk.
#[derive(Clone, Copy, Debug)]
enum Left {
    /// The process was killed: all that was written.
    Everything,
    /// The power failed: what was synced.
    Synced,
    /// A bit of the journal's last frame flipped as well.
    Flipped,
}

const LEFT: [Left; 3] = [Left::Everything, Left::Synced, Left::Flipped];

fn after(world: &World, left: Left) -> World {
    let disk = match left {
        Left::Everything => world.disk.crash(|u| u.units),
        Left::Synced => world.disk.crash(|_| 0),
        Left::Flipped => {
            let disk = world.disk.crash(|u| u.units);
            flip(&disk);
            disk
        }
    };
    world.reborn(disk)
}

/// Damages the last frame of the newest journal.
fn flip(disk: &MemoryDisk) {
    let journals = disk.names().into_iter().filter(|name| name.starts_with("journal/"));
    let Some(newest) = journals.max_by_key(|name| {
        let number = name.trim_start_matches("journal/run-plan-");
        let (run, part) = number.split_once('+').unwrap_or((number, "1"));
        (run.parse::<u32>().unwrap(), part.parse::<u32>().unwrap())
    }) else {
        return;
    };
    let mut bytes = disk.peek(&newest).unwrap().to_vec();
    if let Some(last) = bytes.len().checked_sub(3) {
        bytes[last] ^= 1;
        disk.tamper(&newest, Some(&bytes));
    }
}

fn before() -> Vec<Want> {
    vec![
        want(THING, "kept", 1),
        want(THING, "grows", 1),
        want(THING, "renamed", 1),
        want(THING, "moved", 1),
        want(ROW, "row", 1),
        want(THING, "goes", 1),
        want(PART, "goes_too", 1).needs(&["goes"]),
    ]
}

fn wanted() -> Vec<Want> {
    vec![
        want(THING, "kept", 1),
        want(THING, "grows", 2),
        want(THING, "renamed", 1).label("other").first_create(),
        want(THING, "moved", 1).region("west"),
        want(THING, "new", 1),
        want(PART, "newer", 2).needs(&["new"]),
        want(ROW, "row", 2),
        want(ROW, "row_too", 3),
    ]
}

/// A world in which `before` is made.
fn begun(rt: &Runtime) -> World {
    let world = World::default();
    assert_eq!(rt.block_on(world.command(&before())).ending, RunEnding::Done);
    world
}

/// No change was made more than once.
fn once(world: &World) {
    let mut ledger = world.cloud.ledger();
    let all = ledger.len();
    ledger.sort();
    ledger.dedup();
    let replaced = |l: &String| l.ends_with("renamed") || l.ends_with("moved");
    let twice = world.cloud.ledger().iter().filter(|l| replaced(l)).count();
    // Both are made, removed and made again.
    assert!(all - ledger.len() <= 2 && twice <= 6, "{:?}", world.cloud.ledger());
}

#[test]
fn a_process_that_dies_at_any_point_leaves_what_the_next_command_finishes() {
    for left in LEFT {
        let mut polls = 0;
        loop {
            let rt = runtime();
            let world = begun(&rt);
            polls += if matches!(left, Left::Everything) { 1 } else { 2 };
            let outcome = rt.block_on(dies(world.command(&wanted()), polls, true));
            let next = after(&world, left);
            rt.block_on(async {
                let outcome = next.command(&wanted()).await;
                assert_eq!(outcome.ending, RunEnding::Done, "{left:?} {polls} {outcome:?}");
                converged(&next, &wanted()).await;
            });
            once(&next);
            if outcome.is_some() {
                break;
            }
        }
        assert!(polls > 100, "it went through the whole run: {polls}");
    }
}

#[test]
fn a_process_that_dies_while_it_recovers_from_a_death_changes_nothing() {
    // Every 17th point of the run, every seventh of the recovery.
    for left in LEFT {
        let mut first = 1;
        loop {
            first += 17;
            let mut second = 0;
            let over = loop {
                second += 7;
                let rt = runtime();
                let world = begun(&rt);
                let outcome = rt.block_on(dies(world.command(&wanted()), first, true));
                let next = after(&world, left);
                let recovered = rt.block_on(dies(next.recover(), second, false));
                let last = after(&next, left);
                rt.block_on(async {
                    let outcome = last.command(&wanted()).await;
                    assert_eq!(outcome.ending, RunEnding::Done, "{left:?} {first} {second}");
                    converged(&last, &wanted()).await;
                });
                once(&last);
                if recovered.is_some() {
                    break outcome.is_some();
                }
            };
            if over {
                break;
            }
        }
    }
}

/// What readers without the lock see is what recovery makes of it, as far as nothing is in doubt.
#[test]
fn readers_without_the_lock_know_what_recovery_will_commit() {
    let mut polls = 0;
    loop {
        let rt = runtime();
        let world = begun(&rt);
        polls += 3;
        let outcome = rt.block_on(dies(world.command(&wanted()), polls, true));
        let next = after(&world, Left::Everything);
        rt.block_on(async {
            let calls = next.disk.names();
            let known = next.known().await;
            assert_eq!(next.disk.names(), calls, "nothing is written");
            let recovered = next.recover().await;
            assert!(recovered.in_doubt.is_empty());
            let state = recovered.loaded.expect("a state").state;
            let seen = known.state.expect("a state");
            for (address, record) in &seen.objects {
                let doubt = known.in_doubt.keys().any(|a| a.to_string() == *address);
                assert!(doubt || state.objects.get(address) == Some(record), "{address}");
            }
        });
        if outcome.is_some() {
            break;
        }
    }
}

/// The members of intents in the journals of the disk: of those that would survive a power cut,
/// and of those that would not.
fn intents(disk: &MemoryDisk) -> (Vec<String>, Vec<String>) {
    let members = |mut bytes: &[u8]| {
        let mut members = Vec::new();
        while let Ok((line, length)) = lifeboat_state::line::parse(bytes) {
            let json: serde_json::Value = serde_json::from_str(line.json).unwrap();
            let named = json["frame"]["intent"]["members"].as_array();
            let named = named.into_iter().flatten().filter_map(|member| member.as_str());
            // A deposed object is named by its address and its key.
            members.extend(named.map(|name| name.split(' ').next().unwrap().to_owned()));
            bytes = &bytes[length..];
        }
        members
    };
    let (mut durable, mut written) = (Vec::new(), Vec::new());
    for name in disk.names().iter().filter(|name| name.starts_with("journal/")) {
        let (all, kept) = (disk.peek(name).unwrap(), disk.durable(name).unwrap_or_default());
        durable.extend(members(&kept));
        written.extend(members(&all[kept.len()..]));
    }
    (durable, written)
}

#[test]
fn an_intent_that_was_written_and_not_synced_at_death_had_no_effect() {
    let mut polls = 0;
    let mut points = BTreeSet::new();
    loop {
        let rt = runtime();
        let world = begun(&rt);
        polls += 1;
        let outcome = rt.block_on(dies(world.command(&wanted()), polls, true));
        let (durable, written) = intents(&world.disk);
        let calls = world.cloud.ledger();
        let object = |call: &String| call.split_once(' ').unwrap().1.to_owned();
        for at in calls.iter().map(object).collect::<BTreeSet<_>>() {
            let called = calls.iter().filter(|call| object(call) == at).count();
            let announced = durable.iter().filter(|name| **name == at).count();
            assert!(called <= announced, "{polls}: {at}: {called} calls, {announced} intents");
        }
        if !written.is_empty() {
            let next = after(&world, Left::Synced);
            rt.block_on(async {
                assert_eq!(next.command(&wanted()).await.ending, RunEnding::Done, "{polls}");
                converged(&next, &wanted()).await;
            });
            once(&next);
            points.insert(written);
        }
        if outcome.is_some() {
            break;
        }
    }
    assert!(points.len() >= 3, "the first wave and those that follow it: {points:?}");
}
