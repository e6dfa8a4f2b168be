//! The engine on a simulated cloud and disk, under the virtual clock, with faults and deaths by
//! lot.
//!
//! A seed decides everything: the files and how they change ([`program`]), what goes wrong
//! ([`faults`]), and when a process dies ([`world`]). The judges ([`checkers`], [`convergence`])
//! see the cloud's ledger and the disk only. `LIFEBOAT_SEED=N` plays one seed and prints all that
//! was seen. What seeds found is kept as small stories ([`told`]).
#![allow(
    clippy::disallowed_methods,
    reason = "which seeds are played is asked of the environment, as of every full matrix"
)]

mod chance;
mod checkers;
mod convergence;
mod databases;
mod disk;
mod faults;
mod looked;
mod process;
mod program;
#[cfg(feature = "aws")]
mod promotion;
mod rates;
mod simulate;
mod storage;
mod story;
mod told;
mod world;

use std::env;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use lifeboat_state::store::memory::Fault;
use rates::Cost;
use story::{Counts, Played, play};

/// Expressions may nest deeply, as in the program's own threads.
const STACK: usize = 16 << 20;

/// What comes of each seed, on all processors, in the order of seeds.
fn each<T: Send>(seeds: Range<u64>, of: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut all = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return all;
            }
            all.push((seed, of(seed)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut all: Vec<(u64, T)> = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let workers: Vec<_> = (0..threads).map(|i| spawn(i).unwrap()).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    all.sort_by_key(|(seed, _)| *seed);
    all.into_iter().map(|(_, one)| one).collect()
}

/// How many seeds are played: a sample, or all with `LIFEBOAT_MATRIX=full`, or `LIFEBOAT_SEEDS`.
fn seeds(sample: u64, all: u64) -> u64 {
    if let Some(asked) = env::var("LIFEBOAT_SEEDS").ok().and_then(|seeds| seeds.parse().ok()) {
        return asked;
    }
    if full() { all } else { sample }
}

fn full() -> bool {
    env::var("LIFEBOAT_MATRIX").is_ok_and(|asked| asked == "full")
}

/// A build without SDKs is that of the loop while writing: it plays a few only.
const SAMPLE: u64 = if cfg!(feature = "aws") { 200 } else { 10 };

#[test]
fn whatever_goes_wrong_everything_is_in_the_end_as_the_files_say() {
    if let Some(seed) = env::var("LIFEBOAT_SEED").ok().and_then(|seed| seed.parse().ok()) {
        let played = play(seed);
        println!("{}\n{:#?}", played.trace.join("\n"), played.counts);
        assert!(played.violations.is_empty(), "seed {seed}: {}", played.violations.join("\n"));
        return;
    }
    let seeds = seeds(SAMPLE, 10_000);
    let told = each(0..seeds, |seed| {
        let Played { violations, counts, .. } = play(seed);
        (seed, counts, violations)
    });
    let mut all = Counts::default();
    told.iter().for_each(|(_, counts, _)| all += *counts);
    let of = |checker: &str| {
        let found = told.iter().flat_map(|(.., found)| found);
        found.filter(|violation| violation.starts_with(checker)).count()
    };
    let Counts { commands, deaths, calls, failed, changes, rounds, resumed } = all;
    println!(
        "| seeds | commands | deaths | calls | of them failed | changes | rounds | resumed | \
         duplicates | orphans | violations |\n| --- | --- | --- | --- | --- | --- | --- | --- | \
         --- | --- | --- |\n| {seeds} | {commands} | {deaths} | {calls} | {failed} | {changes} | \
         {rounds} | {resumed} | {} | {} | {} |",
        of("nothing twice"),
        of("orphans"),
        of("")
    );
    let wrong = told.iter().filter_map(|(seed, _, found)| Some((seed, found.first()?)));
    let wrong: Vec<String> = wrong.map(|(seed, first)| format!("seed {seed}: {first}")).collect();
    assert!(wrong.is_empty(), "LIFEBOAT_SEED=N plays one of them:\n{}", wrong.join("\n"));
}

#[test]
fn a_seed_reproduces_its_run_exactly() {
    for (one, two) in each(0..8, |seed| (play(seed), play(seed))) {
        assert!(one.trace.len() > 20, "seed {} tells nothing", one.seed);
        assert_eq!(one.digest(), two.digest(), "seed {}", one.seed);
    }
}

/// The time is virtual. What a lost reply costs is decided by pauses and deadlines, so that the
/// bounds hold for many seeds together, not for each.
#[test]
fn applies_converge_while_calls_are_lost_and_throttled() {
    let seeds = seeds(SAMPLE / 10, 500);
    let calm = each(0..seeds, |seed| rates::apply(seed, 0));
    for (percent, limit) in [(1, 1.3), (10, 3.0)] {
        let told = each(0..seeds, |seed| rates::apply(seed, percent));
        let mut all = (Cost::default(), Cost::default());
        for (seed, ((calm, _), (cost, found))) in calm.iter().zip(&told).enumerate() {
            assert!(found.is_empty(), "seed {seed} at {percent} %: {found:#?}");
            all.0 += *calm;
            all.1 += *cost;
        }
        let (calm, cost) = all;
        let ratio = cost.time.as_secs_f64() / calm.time.as_secs_f64();
        println!("{seeds} seeds at {percent} %: {ratio:.2} times {calm:?}: {cost:?}");
        assert!(ratio <= limit, "{ratio:.2} times as long at {percent} %");
    }
}

#[test]
fn nothing_is_done_after_a_journal_write_that_failed_and_all_is_recovered() {
    let faults = [Fault::NoSpace, Fault::Io, Fault::LostReply];
    let rows: Vec<_> = faults.into_iter().flat_map(|f| [(f, false), (f, true)]).collect();
    let every = match full() {
        true => 1,
        false if cfg!(feature = "aws") => 11,
        false => 17,
    };
    let told = each(0..rows.len() as u64, |row| {
        let (fault, lasting) = rows[usize::try_from(row).unwrap()];
        storage::sweep(fault, lasting, every)
    });
    for swept in told {
        let storage::Swept { fault, lasting, injected, survived, violations } = swept;
        let wrong = violations.len();
        println!(
            "{fault:?}, lasting {lasting}: {injected} injected, {survived} runs came to their end \
             all the same, {wrong} violations"
        );
        assert!(violations.is_empty(), "{fault:?} {lasting}: {violations:#?}");
        assert!(injected > 10, "it goes through whole runs");
    }
}
