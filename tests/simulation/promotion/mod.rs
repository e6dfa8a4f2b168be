//! Promotions of real topologies on the simulated cloud, with faults, deaths, regions that are lost
//! and return at any call, and two operators.
//!
//! A seed decides the topology ([`topology`]), what is typed and what goes wrong ([`story`],
//! [`sky`]). [`clients`] say where data can be written, by the live policies alone; [`judge`] sees
//! what must never be. What seeds found is kept as small stories ([`told`]).

mod clients;
mod judge;
mod others;
mod simulated;
mod sky;
mod story;
mod told;
mod topology;
mod traffic;
mod writers;

use std::env;

use judge::Exposed;
use story::{Counts, Played, play};

use super::{each, seeds};

/// How many seeds each run of the tests plays.
const SAMPLE: u64 = 500;

#[test]
fn whatever_goes_wrong_one_region_takes_writes_and_the_promotion_comes_to_an_end() {
    if let Some(seed) = env::var("LIFEBOAT_SEED").ok().and_then(|seed| seed.parse().ok()) {
        let played = play(seed);
        println!("{}\n{:#?}", played.trace.join("\n"), played.counts);
        assert!(played.violations.is_empty(), "seed {seed}: {}", played.violations.join("\n"));
        return;
    }
    let seeds = seeds(SAMPLE, 20_000);
    let begun = std::time::Instant::now();
    let told = each(0..seeds, |seed| {
        let Played { violations, counts, .. } = play(seed);
        (seed, counts, violations)
    });
    let took = begun.elapsed();
    let mut all = Counts::default();
    told.iter().for_each(|(_, counts, _)| all += *counts);
    let Counts { commands, deaths, calls, failed, losses, promotions, pairs, refused, .. } = all;
    let Exposed { tries, refused: kept_out, time, times } = all.exposed;
    let violations: usize = told.iter().map(|(.., found)| found.len()).sum();
    let pace = all.time.as_secs_f64() / 3600.0 / took.as_secs_f64();
    println!(
        "| seeds | commands | deaths | calls | of them failed | places lost | promotions | \
         two operators | claims refused | tries of clients | of them refused | two writers by \
         attestation | for | violations | virtual hours per second |\n\
         | {seeds} | {commands} | {deaths} | {calls} | {failed} | {losses} | {promotions} | {pairs} | \
         {refused} | {tries} | {kept_out} | {times} | {time:.0?} | {violations} | {pace:.3} |"
    );
    let wrong = told.iter().filter_map(|(seed, _, found)| Some((seed, found.first()?)));
    let wrong: Vec<String> = wrong.map(|(seed, first)| format!("seed {seed}: {first}")).collect();
    assert!(wrong.is_empty(), "LIFEBOAT_SEED=N plays one of them:\n{}", wrong.join("\n"));
}

/// Seeds that went wrong once: two claims at once (99), a fence taken away by an old copy of the state
/// (1349) or by who goes on while another claims (2021), a claim while another region than the attested
/// one was silent (2668), the end of a run that was read and never synced (788); a fence that an apply took
/// away while another claimed (6081), one of an old copy of the state that nobody took away (1139, 6936), a
/// record that a run of an earlier epoch moved before the claim did (10500), a fence that alone did not
/// answer (2164, 7862), a further region that was promoted while it was out of reach (2596, 5288, 10531); a
/// promotion gone on with whose attestation was not recorded (the others).
const MENDED: [u64; 31] = [
    99, 788, 956, 1090, 1139, 1346, 1349, 1595, 1710, 1915, 2021, 2164, 2354, 2366, 2596, 2668,
    2841, 3352, 3377, 3456, 5288, 6081, 6936, 7862, 10500, 10531, 11255, 12121, 12816, 16694,
    18768,
];

/// The same of stories with a service and with stale reads: a batch that happened in part (240), a run gone on
/// with whose owed fence could be placed by then (1215), an opening of before that was settled and taken for an
/// owed fence (1989), a security group that an old copy of the state opened (16024). In 18560 and 1215 the judge
/// asked for too much, too.
const FOUND: [u64; 5] = [240, 1215, 1989, 16024, 18560];

#[test]
fn seeds_that_went_wrong_once_go_well() {
    let seeds: Vec<u64> = MENDED.into_iter().chain(FOUND).collect();
    let of = |at: u64| seeds[usize::try_from(at).unwrap()];
    for Played { seed, violations, .. } in each(0..seeds.len() as u64, |at| play(of(at))) {
        assert!(violations.is_empty(), "seed {seed}: {}", violations.join("\n"));
    }
}

#[test]
fn a_seed_reproduces_its_promotions_exactly() {
    for (one, two) in each(0..6, |seed| (play(seed), play(seed))) {
        assert!(one.trace.len() > 20, "seed {} tells nothing", one.seed);
        assert_eq!(one.digest(), two.digest(), "seed {}", one.seed);
    }
}
