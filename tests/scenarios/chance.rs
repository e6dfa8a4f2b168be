//! Calls that fail by chance: answers that are lost after the server did its work, and throttling,
//! one call in a hundred and one in ten. All runs converge, with nothing made twice.
//!
//! `cargo test` plays a seed of each; `LIFEBOAT_MATRIX=full` (`cargo xtask matrix`) 20.

use lifeboat_testbed::{Fault, Nth, Rule};

use super::ends::End;
use super::folder::Folder;
use super::outage::full;
use super::ran::tell_table;
use super::stage::{APPLY, Stage};
use super::web;
use crate::language::each;

/// Applies of one seed: each goes on where the one before stopped.
const APPLIES: usize = 10;

#[derive(Clone, Debug)]
struct Cell {
    fault: Fault,
    in_1000: u64,
    seed: u64,
}

/// What a cell came to.
#[derive(Clone, Copy, Debug, Default)]
struct Played {
    applies: usize,
    struck: u64,
    calls: usize,
}

impl Cell {
    /// Applies until all is there; then without faults nothing is left to do.
    #[track_caller]
    fn play(&self, should: &End) -> Played {
        let stage = Stage::new(Folder::example(web::EXAMPLE));
        let Self { in_1000, seed, ref fault } = *self;
        stage.note(format_args!("{self:?}"));
        let rule = Rule::new(fault.clone()).nth(Nth::Chance { in_1000, seed });
        let rule = stage.bed.proxy.inject(rule);
        let mut played = Played::default();
        loop {
            let ran = stage.run(APPLY);
            played.applies += 1;
            played.calls += ran.calls.len();
            match ran.code {
                Some(0) => break,
                Some(1 | 4) if played.applies < APPLIES => {}
                code => stage.fail(format_args!("exit code {code:?} in apply {}", played.applies)),
            }
        }
        played.struck = stage.bed.proxy.struck(rule);
        stage.bed.proxy.remove(rule);
        // What could not be read is deferred, and that is no failure.
        stage.expect(APPLY, 0);
        stage.expect_nothing();
        should.check(&stage);
        played
    }
}

#[test]
fn what_is_lost_or_throttled_by_chance_makes_nothing_twice() {
    let stage = Stage::new(Folder::example(web::EXAMPLE));
    let undisturbed = stage.expect(APPLY, 0).calls.len();
    let should = End::of(&stage);
    // With the fourth, the answer to the creation of a health check was lost before it had its
    // tags, and the check was taken for somebody else's.
    let seeds: Vec<u64> = if full() { (1..=20).collect() } else { vec![4] };
    let rows: Vec<(Fault, u64)> = [Fault::DropAnswer, Fault::Throttle]
        .into_iter()
        .flat_map(|fault| [10, 100].map(|in_1000| (fault.clone(), in_1000)))
        .collect();
    let cell = |(fault, in_1000): &(Fault, u64), seed| Cell {
        fault: fault.clone(),
        in_1000: *in_1000,
        seed,
    };
    let cells: Vec<Cell> =
        rows.iter().flat_map(|row| seeds.iter().map(move |seed| cell(row, *seed))).collect();
    let played = each(&cells, |cell| (cell.clone(), cell.play(&should)));
    let heads = ["fault", "chance", "seeds", "converged", "struck", "applies", "calls"];
    let mut table = vec![heads.map(str::to_owned)];
    for (fault, in_1000) in rows {
        let of_row = |(cell, _): &&(Cell, Played)| cell.fault == fault && cell.in_1000 == in_1000;
        let mine: Vec<Played> = played.iter().filter(of_row).map(|(_, played)| *played).collect();
        let most = mine.iter().map(|played| played.applies).max().unwrap_or_default();
        let calls = mine.iter().map(|played| played.calls).sum::<usize>() / mine.len();
        let struck = mine.iter().map(|played| played.struck).sum::<u64>();
        table.push([
            format!("{fault:?}"),
            format!("{} %", in_1000 / 10),
            seeds.len().to_string(),
            mine.len().to_string(),
            struck.to_string(),
            format!("at most {most}"),
            format!("{calls} ({undisturbed})"),
        ]);
        assert!(struck > 0 || in_1000 < 100, "{fault:?} never struck");
    }
    tell_table(&table);
}
