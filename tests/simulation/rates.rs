//! Calls that fail at a given rate, and nothing else: what it costs until all is done.

use std::time::Duration;

use lifeboat_sim::{Fault, Nth, Rule};
use tokio::runtime::Builder;
use tokio::time::Instant;

use super::chance::Chance;
use super::checkers::Checkers;
use super::convergence::differences;
use super::process::{Fatality, Verb};
use super::program::Program;
use super::world::World;

/// How many blocks the files have: about forty objects.
const BLOCKS: usize = 20;
/// How long a call takes.
const LATENCY: Duration = Duration::from_millis(200);
/// More commands than this are not typed.
const COMMANDS: usize = 10;

/// What bringing one seed's files about took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) time: Duration,
    pub(super) commands: usize,
    pub(super) calls: usize,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.time += other.time;
        self.commands += other.commands;
        self.calls += other.calls;
    }
}

/// Applies the files of a seed while so many of a hundred calls lose their reply and as many are
/// throttled, until all is done; and what must not be.
pub(super) fn apply(seed: u64, percent: u8) -> (Cost, Vec<String>) {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(seed);
        let checkers = Checkers::new(&world.cloud);
        let program = Program::of(BLOCKS, &mut Chance::new(seed, "files"));
        let text = program.text();
        world.cloud.set_latency(LATENCY);
        for fault in [Fault::DropAnswer, Fault::Throttle] {
            world.cloud.inject(Rule::new(fault).nth(Nth::Chance(percent)));
        }
        let begun = Instant::now();
        let mut cost = Cost::default();
        let mut found = Vec::new();
        loop {
            checkers.begin(&world.disk, true);
            let ended = world.process(Verb::Apply, &text, Fatality::default()).await;
            cost.commands += 1;
            found.extend(checkers.found());
            let done = ended.as_ref().is_some_and(|ended| ended.is_done() && !ended.put_off());
            if done || cost.commands >= COMMANDS {
                break;
            }
        }
        cost.time = begun.elapsed();
        cost.calls = world.cloud.ledger().len();
        world.cloud.clear_rules();
        found.extend(differences(&world, &program.wanted()).await);
        (cost, found)
    })
}
