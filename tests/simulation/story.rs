//! A seed's story: files change, commands run in bad weather and die, faults stop, all is as the
//! files say; in the end everything is destroyed.

use std::collections::BTreeSet;
use std::time::Duration;

use lifeboat_sdk::Value;
use lifeboat_sim::Strictness;
use tokio::runtime::Builder;
use tokio::time::Instant;

use super::chance::Chance;
use super::checkers::{Checkers, Known};
use super::convergence::differences;
use super::faults::{Keep, Weather};
use super::process::{Ended, Fatality, Verb};
use super::program::{Kind, Program, Wanted};
use super::world::World;

/// What a story came to.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) seed: u64,
    /// What was seen, in order.
    pub(super) trace: Vec<String>,
    /// What must not be.
    pub(super) violations: Vec<String>,
    pub(super) counts: Counts,
}

/// What happened how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) commands: usize,
    pub(super) deaths: usize,
    pub(super) calls: usize,
    pub(super) failed: usize,
    pub(super) changes: usize,
    /// How often faults stopped.
    pub(super) rounds: usize,
    /// How often all was then as the files say after one command.
    pub(super) resumed: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.commands += other.commands;
        self.deaths += other.deaths;
        self.calls += other.calls;
        self.failed += other.failed;
        self.changes += other.changes;
        self.rounds += other.rounds;
        self.resumed += other.resumed;
    }
}

impl Played {
    /// The same for two runs that saw the same.
    pub(super) fn digest(&self) -> String {
        blake3::hash(self.trace.join("\n").as_bytes()).to_hex().to_string()
    }
}

/// Plays the story of a seed.
pub(super) fn play(seed: u64) -> Played {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).event_interval(1).build().unwrap();
    let mut played = runtime.block_on(async {
        let mut story = Story::new(seed);
        story.play().await;
        story.played
    });
    let left = runtime.metrics().num_alive_tasks();
    if left > 0 {
        played.violations.push(format!("tasks: {left} outlive their command"));
    }
    played
}

struct Story {
    world: World,
    checkers: Checkers,
    program: Program,
    files: Chance,
    weather: Chance,
    begun: Instant,
    played: Played,
}

impl Story {
    fn new(seed: u64) -> Self {
        let world = World::new(seed);
        let mut files = Chance::new(seed, "files");
        let mut weather = Chance::new(seed, "weather");
        let stale = Duration::from_millis(*weather.pick(&[0, 0, 1000]));
        world.cloud.set_strictness(Strictness { stale, ..Strictness::default() });
        Self {
            checkers: Checkers::new(&world.cloud),
            world,
            program: Program::new(&mut files),
            files,
            weather,
            begun: Instant::now(),
            played: Played { seed, ..Played::default() },
        }
    }

    fn say(&mut self, line: impl Into<String>) {
        let at = self.begun.elapsed().as_millis();
        self.played.trace.push(format!("{at:>9} {}", line.into()));
    }

    async fn play(&mut self) {
        let mut given_up = Vec::new();
        for round in 0..=1 + self.files.below(3) {
            if round > 0 {
                given_up = self.program.wanted();
                self.program.change(&mut self.files);
            }
            self.stay(&given_up);
            self.round(Verb::Apply).await;
            if !self.played.violations.is_empty() {
                return;
            }
        }
        self.checkers.must_stay(BTreeSet::new());
        self.round(Verb::Destroy).await;
    }

    /// What the files want now and wanted before must not be touched by a removal.
    fn stay(&self, before: &[Wanted]) {
        let names = |all: &[Wanted]| -> BTreeSet<Known> {
            let part = |w: &&Wanted| w.kind != Kind::Data && w.kind != Kind::Replica;
            let name =
                |w: &Wanted| (w.kind.name().to_owned(), w.label.clone(), w.region.to_owned());
            all.iter().filter(part).map(name).collect()
        };
        let (before, now) = (names(before), names(&self.program.wanted()));
        self.checkers.must_stay(before.intersection(&now).cloned().collect());
    }

    /// Commands in bad weather, then one in good weather, after which all must be as the files
    /// say.
    async fn round(&mut self, verb: Verb) {
        self.say(format!("---- {verb:?} of\n{}", self.program.text()));
        for _ in 0..self.weather.below(4) {
            let weather = Weather::new(&mut self.weather);
            let verb = if self.weather.percent(15) { Verb::Plan } else { verb };
            self.say(format!("{verb:?} in {weather:?}"));
            weather.begin(&self.world.cloud, &self.world.disk);
            self.command(verb, weather.fatality, weather.keep).await;
            weather.end(&self.world.cloud, &self.world.disk);
            if self.weather.percent(20) {
                self.meddle();
            }
            let mut pause = Duration::from_millis(*self.weather.pick(&[0, 500, 5000]));
            if weather.fatality.interrupted.is_some() {
                // People ended the wait until what was made can be seen everywhere.
                pause = pause.max(Duration::from_secs(1));
            }
            tokio::time::sleep(pause).await;
            if !self.played.violations.is_empty() {
                return;
            }
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        self.converge(verb).await;
    }

    async fn command(&mut self, verb: Verb, fatality: Fatality, keep: Keep) -> Option<Ended> {
        self.checkers.begin(&self.world.disk, verb != Verb::Plan);
        let text = self.program.text();
        let ended = self.world.process(verb, &text, fatality).await;
        if ended.is_none() {
            self.played.counts.deaths += 1;
            let chance = &mut self.weather;
            self.world.reboot(|units| match keep {
                Keep::All => units,
                Keep::Nothing => 0,
                Keep::Some => chance.below(units + 1),
            });
        }
        self.played.counts.commands += 1;
        for call in self.world.cloud.take_ledger() {
            self.played.counts.calls += 1;
            self.played.counts.changes += usize::from(call.had_effect());
            let id = call.id.as_deref().unwrap_or_default();
            let sent: Vec<String> = call.sent.iter().map(|s| s.address.to_string()).collect();
            let (at, operation, kind) = (call.at.as_millis(), call.operation, &call.kind);
            let line = format!(
                "  {at:>9} {operation} {kind} {id} in {}: {:?} {}",
                call.location,
                call.outcome,
                sent.join(", ")
            );
            let failed = !matches!(call.outcome, lifeboat_sim::Outcome::Done);
            self.played.counts.failed += usize::from(failed);
            self.played.trace.push(line);
        }
        match &ended {
            None => self.say("died"),
            Some(ended) => self.say(format!("{ended:#?}")),
        }
        self.checkers.end(&self.world.disk);
        let names = self.world.disk.names().join(" ");
        self.say(format!("on disk: {names}"));
        self.played.violations.extend(self.checkers.found());
        let told = ended.iter().flat_map(|ended| &ended.told);
        let wrong = told.filter(|t| t.starts_with("HUNG") || t.starts_with("INVALID"));
        self.played.violations.extend(wrong.cloned());
        ended
    }

    /// Somebody changes or removes an object behind our back. Not what state does not know yet:
    /// where tags cannot tell whose it is, it counts as theirs once it is otherwise than planned.
    fn meddle(&mut self) {
        let mut objects = self.world.cloud.objects();
        let known = super::disk::newest(&self.world.disk);
        objects.retain(|object| known.contains(&format!("\"{}\"", object.key.id)));
        if objects.is_empty() {
            return;
        }
        let object = self.weather.pick(&objects);
        let key = object.key.clone();
        let what = format!("{} {}", key.kind, key.id);
        if self.weather.percent(30) {
            self.world.cloud.remove(&key);
            return self.say(format!("somebody removes {what}"));
        }
        let (name, value) = match &*key.kind {
            "sim_store" => ("size", Value::int(77)),
            "sim_secret" => ("value", Value::string("theirs")),
            "sim_record" => ("ttl", Value::int(77)),
            "sim_replica" => ("streams", Value::int(77)),
            _ => ("delay", Value::int(1)),
        };
        self.world.cloud.edit(&key, |document| document.with(name, value));
        self.say(format!("somebody changes {what}"));
    }

    /// In good weather one command does it all, and the next has nothing to do. Where somebody
    /// changed what was in doubt, the first only shows that.
    async fn converge(&mut self, verb: Verb) {
        self.world.cloud.set_latency(Duration::ZERO);
        self.played.counts.rounds += 1;
        let calm = Fatality::default();
        let Some(mut done) = self.command(verb, calm, Keep::All).await else { return };
        let shown = ["apply::conflict", "apply::batch"];
        if done.told.iter().any(|told| shown.iter().any(|code| told.contains(code))) {
            let Some(second) = self.command(verb, calm, Keep::All).await else { return };
            done = second;
        }
        if !done.is_done() {
            let text = format!("convergence: {verb:?} came to {done:#?}");
            self.played.violations.push(text);
        }
        if verb == Verb::Apply {
            let Some(again) = self.command(Verb::Plan, calm, Keep::All).await else { return };
            if again.changes.as_ref().is_none_or(|changes| !changes.is_empty()) {
                self.played.violations.push(format!("convergence: planned again: {again:#?}"));
            }
        }
        let wanted = if verb == Verb::Destroy { Vec::new() } else { self.program.wanted() };
        let differences = differences(&self.world, &wanted).await;
        self.played.violations.extend(differences);
        self.played.counts.resumed += usize::from(self.played.violations.is_empty());
    }
}
