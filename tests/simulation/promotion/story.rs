//! A seed's story: a topology is applied, then promotions are typed, go on, fail and die while
//! regions come and go; faults stop, and all is as the newest role record says.

use std::sync::Arc;
use std::time::Duration;

use lifeboat::plan::Promotion;
use lifeboat_aws::Aws;
use lifeboat_sdk::Value;
use lifeboat_sim::{Fault, Nth, Outcome, Rule, SimCloud, SimProvider, Strictness};
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::store::MemoryDisk;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

use super::clients::{lets_in, runs};
use super::judge::{Exposed, Judge};
use super::sky::Sky;
use super::topology::Files;
use super::{MENDED, others};
use crate::simulation::chance::Chance;
use crate::simulation::checkers::Checkers;
use crate::simulation::faults::{Keep, Weather};
use crate::simulation::process::{Approve, Command, Ended, Fatality, Verb, backend};

/// After faults stop, nothing is left to do after this many commands.
const COMMANDS: usize = 6;

/// What a story came to.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) seed: u64,
    pub(super) trace: Vec<String>,
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
    pub(super) losses: usize,
    /// Runs that went through phases, to their end.
    pub(super) promotions: usize,
    /// How often two operators were at work at once.
    pub(super) pairs: usize,
    /// Claims that somebody else's refused.
    pub(super) refused: usize,
    pub(super) time: Duration,
    pub(super) exposed: Exposed,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.commands += other.commands;
        self.deaths += other.deaths;
        self.calls += other.calls;
        self.failed += other.failed;
        self.losses += other.losses;
        self.promotions += other.promotions;
        self.pairs += other.pairs;
        self.refused += other.refused;
        self.time += other.time;
        self.exposed.tries += other.exposed.tries;
        self.exposed.refused += other.exposed.refused;
        self.exposed.time += other.exposed.time;
        self.exposed.times += other.exposed.times;
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
        story.end()
    });
    let left = runtime.metrics().num_alive_tasks();
    if left > 0 {
        played.violations.push(format!("tasks: {left} outlive their command"));
    }
    played
}

/// What a person says who attests what nobody can measure.
pub(super) fn attests(promotion: &Promotion) -> Option<Value> {
    let by = Value::object([("by".into(), Value::string("operator@simulation"))]);
    if !promotion.needs_attestation() {
        return Some(by);
    }
    let attested = by.with("attested", Value::string(promotion.attest.join(", ")));
    let reason = attested.with("reason", Value::string("the status page"));
    Some(reason.with("accepted_loss", Value::string("unknown")))
}

/// What a person says who does not.
fn waits(promotion: &Promotion) -> Option<Value> {
    attests(promotion).filter(|_| !promotion.needs_attestation())
}

/// An operator: a copy of the files and of the state.
struct Operator {
    primary: String,
    disk: MemoryDisk,
}

/// Whether a run on this disk is not over. A copy of it would have two owners.
async fn open(disk: &MemoryDisk) -> bool {
    let Ok(backend) = backend(disk).await else { return true };
    backend.open_runs().await.is_ok_and(|runs| !runs.is_empty())
}

/// The primary that the state on a disk names.
async fn primary(disk: &MemoryDisk) -> Option<String> {
    let backend = backend(disk).await.ok()?;
    backend.load().await.ok()??.state.primary
}

/// What is typed, and when who typed it dies.
struct Typed {
    verb: Verb,
    text: String,
    approve: Approve,
    fatality: Fatality,
}

struct Story {
    cloud: SimCloud,
    provider: Arc<SimProvider>,
    checkers: Checkers,
    judge: Judge,
    sky: Sky,
    files: Files,
    operator: Operator,
    /// Somebody with a copy of the state of before.
    other: Option<MemoryDisk>,
    commands: u64,
    chance: Chance,
    weather: Chance,
    /// What is written in vain.
    vain: Chance,
    begun: Instant,
    played: Played,
}

impl Story {
    fn new(seed: u64) -> Self {
        let cloud = SimCloud::new(seed);
        let chance = Chance::new(seed, "promotions");
        let mut files = Files::new(&mut Chance::new(seed, "topology"));
        // Seeds that are kept stay as they were.
        files.service = !MENDED.contains(&seed) && Chance::new(seed, "service").percent(35);
        if files.service {
            others::service(&cloud, &files.regions);
        }
        // A read shows for a moment what was there before.
        let stale = !MENDED.contains(&seed) && Chance::new(seed, "stale").percent(35);
        let stale = Duration::from_millis(if stale { 1000 } else { 0 });
        cloud.set_strictness(Strictness { stale, ..Strictness::default() });
        let checkers = Checkers::new(&cloud);
        let judge = Judge::new(&cloud, &files.regions);
        let primary = files.regions[0].to_owned();
        Self {
            provider: Arc::new(SimProvider::over(&cloud, Arc::new(Aws))),
            checkers,
            sky: Sky::new(&cloud, &judge),
            judge,
            cloud,
            files,
            operator: Operator { primary, disk: MemoryDisk::new() },
            other: None,
            commands: 0,
            chance,
            weather: Chance::new(seed, "weather"),
            vain: Chance::new(seed, "vain"),
            begun: Instant::now(),
            played: Played { seed, ..Played::default() },
        }
    }

    fn say(&mut self, line: impl Into<String>) {
        let at = self.begun.elapsed().as_millis();
        self.played.trace.push(format!("{at:>9} {}", line.into()));
    }

    fn wrong(&self) -> bool {
        !self.played.violations.is_empty()
    }

    fn end(mut self) -> Played {
        // What watches the cloud holds it.
        self.cloud.unwatch();
        self.played.counts.time = self.begun.elapsed();
        self.played.counts.refused = self.judge.refused();
        self.played.counts.exposed = self.judge.exposed();
        self.played.counts.losses = self.sky.losses();
        self.played
    }

    async fn play(&mut self) {
        let text = self.files.text(&self.operator.primary);
        self.say(text);
        self.converge().await;
        if self.wrong() {
            return;
        }
        self.judge.arm();
        for _ in 0..=self.chance.below(2) {
            for _ in 0..=self.chance.below(4) {
                self.commands_in_bad_weather().await;
                if self.wrong() {
                    return;
                }
            }
            self.sky.clear(|| true);
            sleep(Duration::from_secs(5)).await;
            self.converge().await;
            if self.wrong() {
                return;
            }
        }
    }

    async fn commands_in_bad_weather(&mut self) {
        let weather = Weather::new(&mut self.weather);
        let sky = self.sky.draw(&self.files.regions, &mut self.weather);
        let pair = self.chance.percent(30);
        let first = self.draw(weather.fatality);
        self.say(format!("{weather:?} under {sky}"));
        if pair {
            self.pair(&weather, first).await;
        } else {
            weather.begin(&self.cloud, &self.operator.disk);
            self.may_write_in_vain();
            self.one(first, weather.keep).await;
            weather.end(&self.cloud, &self.operator.disk);
        }
        let chance = &mut self.weather;
        self.sky.clear(|| chance.percent(60));
        let pause = *self.weather.pick(&[0, 500, 5000]);
        sleep(Duration::from_millis(pause)).await;
    }

    /// In one story of ten a policy is answered as set, and is not: whoever does not look again takes it
    /// for a fence. None of those that are kept is among them, so that they stay as they were.
    fn may_write_in_vain(&mut self) {
        if self.played.seed % 10 == 3 && self.vain.percent(70) {
            let rule = Rule::new(Fault::Vain).kind("aws_s3_bucket_policy").operation("Update");
            self.cloud.inject(rule.nth(Nth::First(1)));
        }
    }

    /// What somebody types next.
    fn draw(&mut self, fatality: Fatality) -> Typed {
        let mut primary = self.operator.primary.clone();
        let verb = match self.chance.below(10) {
            0 => Verb::Plan,
            1..7 => {
                let others = self.files.others(&primary);
                (*self.chance.pick(&others)).clone_into(&mut primary);
                Verb::Promote
            }
            _ => Verb::Apply,
        };
        let approve = if self.chance.percent(70) { attests } else { waits };
        let text = self.files.text(&primary);
        if verb == Verb::Promote && self.chance.percent(70) {
            // The line that names the primary is written when it is approved; not committed by all.
            self.operator.primary = primary;
        }
        Typed { verb, text, approve, fatality }
    }

    /// Somebody promotes another region than this.
    fn leaves(&mut self, primary: &str) -> Typed {
        let others = self.files.others(primary);
        let target = *self.chance.pick(&others);
        let text = self.files.text(target);
        Typed { verb: Verb::Promote, text, approve: attests, fatality: Fatality::default() }
    }

    fn command<'a>(&'a self, typed: &'a Typed, disk: &'a MemoryDisk, number: u64) -> Command<'a> {
        Command {
            cloud: &self.cloud,
            disk,
            provider: Arc::clone(&self.provider) as Arc<_>,
            seed: self.played.seed,
            number,
            begun: None,
            verb: typed.verb,
            text: &typed.text,
            approve: typed.approve,
            rehearsal: None,
        }
    }

    async fn one(&mut self, typed: Typed, keep: Keep) -> Option<Ended> {
        self.commands += 1;
        let Typed { verb, .. } = typed;
        let disk = self.operator.disk.clone();
        self.checkers.begin(&disk, verb != Verb::Plan);
        self.judge.begin(std::slice::from_ref(&disk));
        let process = self.command(&typed, &disk, self.commands).process(typed.fatality);
        let ended = process.await;
        if ended.is_none() {
            let chance = &mut self.weather;
            self.operator.disk = disk.crash(|unsynced| match keep {
                Keep::All => unsynced.units,
                Keep::Nothing => 0,
                Keep::Some => chance.below(unsynced.units + 1),
            });
        }
        self.checkers.end(&self.operator.disk);
        self.ended(verb, ended.as_ref());
        ended
    }

    /// Two operators at once: with one state, or the second with a copy of an earlier one.
    async fn pair(&mut self, weather: &Weather, first: Typed) {
        let disk = self.operator.disk.clone();
        let stale = self.chance.percent(70) && (self.other.is_some() || !open(&disk).await);
        let theirs = match &self.other {
            Some(other) if stale => other.clone(),
            None if stale => disk.crash(|unsynced| unsynced.units),
            _ => disk.clone(),
        };
        let second = match primary(&theirs).await {
            // An ordinary apply with it would be another story.
            Some(primary) if stale => self.leaves(&primary),
            _ => self.draw(Fatality::default()),
        };
        let after = Duration::from_millis(*self.chance.pick(&[0, 5, 50, 1000]));
        self.played.counts.pairs += 1;
        self.checkers.begin_all(&[disk.clone(), theirs.clone()], true);
        self.judge.begin(&[disk.clone(), theirs.clone()]);
        weather.begin(&self.cloud, &MemoryDisk::new());
        let number = self.commands;
        self.commands += 2;
        let (one, two) = {
            let one = self.command(&first, &disk, number + 1).process(first.fatality);
            let two = self.command(&second, &theirs, number + 2).process(second.fatality);
            let two = async {
                sleep(after).await;
                two.await
            };
            tokio::join!(one, two)
        };
        weather.end(&self.cloud, &MemoryDisk::new());
        self.say(format!("two operators, the second with a state of its own: {stale}"));
        self.ended(first.verb, one.as_ref());
        self.ended(second.verb, two.as_ref());
        if stale {
            self.other = Some(theirs);
        }
    }

    /// Counts and keeps what was seen of a command.
    fn ended(&mut self, verb: Verb, ended: Option<&Ended>) {
        let counts = &mut self.played.counts;
        counts.commands += 1;
        counts.deaths += usize::from(ended.is_none());
        let done = |ended: &&Ended| ended.promotion && ended.is_done();
        counts.promotions += usize::from(ended.filter(done).is_some());
        for call in self.cloud.take_ledger() {
            counts.calls += 1;
            counts.failed += usize::from(!matches!(call.outcome, Outcome::Done));
            let id = call.id.as_deref().unwrap_or_default();
            let sent: Vec<String> = call.sent.iter().map(|s| s.address.to_string()).collect();
            self.played.trace.push(format!(
                "  {:>9} {} {} {id} in {}: {:?} {}",
                call.at.as_millis(),
                call.operation,
                call.kind,
                call.location,
                call.outcome,
                sent.join(", ")
            ));
        }
        match ended {
            None => self.say(format!("{verb:?} died")),
            Some(ended) => self.say(format!("{verb:?} {ended:#?}")),
        }
        let (open, roles) = self.judge.standing();
        self.say(format!("clients can write to {open:?}, the records say {roles:?}"));
        self.played.violations.extend(self.checkers.found());
        self.played.violations.extend(self.judge.found());
        let told = ended.iter().flat_map(|ended| &ended.told);
        let wrong = told.filter(|t| t.starts_with("HUNG") || t.starts_with("INVALID"));
        self.played.violations.extend(wrong.cloned());
    }

    /// In good weather a few commands do all that is left, with the state of the one whose claim
    /// won.
    async fn converge(&mut self) {
        // Even then a call may be throttled: what comes after the fence has to wait for it.
        let throttled = Rule::new(Fault::Throttle).kind("aws_s3_bucket_policy");
        self.cloud.inject(throttled.operation("Update").nth(Nth::First(1)));
        let other = self.other.take();
        let mut done = self.applies().await;
        if let Some(other) = other.filter(|_| !done && !self.wrong()) {
            self.say("the other's state goes on");
            self.operator.disk = other;
            self.checkers.forget();
            done = self.applies().await;
        }
        self.cloud.clear_rules();
        if done {
            self.agree();
        } else if !self.wrong() {
            self.played.violations.push(format!("converges: not after {COMMANDS} commands"));
        }
    }

    async fn applies(&mut self) -> bool {
        let mut verb = Verb::Apply;
        for _ in 0..COMMANDS {
            if let Some(primary) = self.judge.primary() {
                // Everybody takes the commit that names it.
                self.operator.primary = primary;
            }
            let text = self.files.text(&self.operator.primary);
            let fatality = Fatality::default();
            let typed = Typed { verb, text, approve: attests, fatality };
            let Some(ended) = self.one(typed, Keep::All).await else { return false };
            if self.wrong() {
                return false;
            }
            if ended.changes == Some(Vec::new()) && ended.ending.is_none() {
                return true;
            }
            let told = |what: &str| ended.told.iter().any(|told| told.contains(what));
            if told("promotion::behind")
                || told("Another promotion came after the one that is open")
            {
                return false;
            }
            // What copies is gone, or a record was moved meanwhile: it is given up and planned anew.
            let stuck = told("apply::sync") || told("A role record is not as it was planned from");
            verb = if stuck { Verb::Abort } else { Verb::Apply };
        }
        false
    }

    /// All records say the same, and the primary takes writes alone.
    fn agree(&mut self) {
        let (open, roles) = self.judge.standing();
        let primary = roles.first().map(|(_, primary)| primary.clone()).unwrap_or_default();
        if roles.len() != 1 || open.len() != 1 || !open.contains(&*primary) {
            let text = format!("agree: clients can write to {open:?}, the records say {roles:?}");
            self.played.violations.push(text);
        }
        for region in self.files.regions.iter().filter(|_| self.files.service) {
            let (runs, lets_in) = (runs(&self.cloud, region), lets_in(&self.cloud, region));
            if [runs, lets_in] != [*region == primary; 2] {
                let text = format!(
                    "agree: {primary} is the primary; in {region} the machine runs: {runs}, the group lets in: {lets_in}"
                );
                self.played.violations.push(text);
            }
        }
    }
}
