//! A disk that fails at its n-th call while the engine applies, n growing until nothing fails.

use lifeboat_state::store::memory::Fault;
use tokio::runtime::Builder;

use super::chance::Chance;
use super::checkers::Checkers;
use super::convergence::differences;
use super::process::{Fatality, Verb};
use super::program::Program;
use super::world::World;

/// What the faults of one kind came to.
#[derive(Debug)]
pub(super) struct Swept {
    pub(super) fault: Fault,
    pub(super) lasting: bool,
    /// How many calls of the disk were made to fail, one run each.
    pub(super) injected: u64,
    /// Runs that came to their end all the same: the call was not needed.
    pub(super) survived: u64,
    /// What must not be.
    pub(super) violations: Vec<String>,
}

/// Fails each call of the disk in turn: of a first apply, of one that changes everything, and of
/// the recovery from a death in the middle of that.
pub(super) fn sweep(fault: Fault, lasting: bool, every: u64) -> Swept {
    let mut swept = Swept { fault, lasting, injected: 0, survived: 0, violations: Vec::new() };
    for story in [Story::First, Story::Change, Story::Recovery] {
        let mut nth = 1;
        loop {
            let mut builder = Builder::new_current_thread();
            let runtime = builder.enable_all().start_paused(true).build().unwrap();
            let ran = runtime.block_on(one(story, fault, nth, lasting));
            let at = |found| format!("{story:?}, call {nth}: {found}");
            swept.violations.extend(ran.found.into_iter().map(at));
            if !ran.struck {
                break;
            }
            swept.injected += 1;
            swept.survived += u64::from(ran.done);
            nth += every;
        }
    }
    swept
}

#[derive(Clone, Copy, Debug)]
enum Story {
    First,
    Change,
    Recovery,
}

struct Ran {
    struck: bool,
    done: bool,
    found: Vec<String>,
}

async fn one(story: Story, fault: Fault, nth: u64, lasting: bool) -> Ran {
    let mut world = World::new(7);
    let checkers = Checkers::new(&world.cloud);
    let mut files = Chance::new(7, "files");
    let mut program = Program::of(6, &mut files);
    let calm = Fatality::default();
    checkers.begin(&world.disk, true);
    if !matches!(story, Story::First) {
        world.process(Verb::Apply, &program.text(), calm).await;
        (0..4).for_each(|_| program.change(&mut files));
    }
    let text = program.text();
    if matches!(story, Story::Recovery) {
        let dies = Fatality { dies: Some(60), ..calm };
        let died = world.process(Verb::Apply, &text, dies).await.is_none();
        assert!(died && !world.cloud.ledger().is_empty(), "it dies in the middle");
        world.reboot(|_| 0);
        checkers.begin(&world.disk, true);
    }
    world.disk.fail(nth, fault, lasting);
    let ended = world.process(Verb::Apply, &text, calm).await;
    let struck = world.disk.struck() > 0;
    let done = ended.is_some_and(|ended| ended.is_done());
    world.disk.heal();
    // The power fails too: what was not synced is lost.
    world.reboot(|_| 0);
    checkers.begin(&world.disk, true);
    let again = world.process(Verb::Apply, &text, calm).await;
    let mut found = checkers.found();
    if !again.as_ref().is_some_and(|ended| ended.is_done()) {
        found.push(format!("not recovered: {again:#?}"));
    }
    found.extend(differences(&world, &program.wanted()).await);
    Ran { struck, done, found }
}
