//! Databases in promotions: at most one takes commits, what was committed is there or told as lost, and
//! the one that was left is kept under another name and built anew as a replica, or follows as a member
//! of its global cluster.
//!
//! The kinds are those that the provider `aws` will have; their cloud is the simulated one. Clients in each
//! region commit whenever a call is made, whether we can call that region or not.

mod by_hand;
mod cases;
mod global;
mod lost;
mod retired;
mod table;
mod third;
mod told;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lifeboat::plan::Promotion;
use lifeboat_sdk::provider::Provider as _;
use lifeboat_sdk::{Location, Value};
use lifeboat_sim::{Blackout, Entry, Fault, How, Key, Nth, Rule, SimCloud, SimProvider};
use lifeboat_state::backend::StateBackend as _;
use lifeboat_state::store::MemoryDisk;
use tokio::time::Instant;

use super::each;
use super::process::{Approve, Command, Ended, Fatality, Verb, backend};
use super::simulate::{EAST, WEST};

/// What databases are played with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sample {
    /// An instance of RDS, and its replica.
    Pair,
    /// The same in three regions, and allowed to be destroyed.
    Trio,
    /// A global database of Aurora.
    Global,
    /// The same in three regions, and allowed to be destroyed.
    Wide,
    /// A global table of DynamoDB.
    Table,
}

impl Sample {
    /// The example with another primary, and without the hook, which would run a program.
    fn files(self, primary: &str) -> String {
        let example = match self {
            Self::Pair | Self::Trio => {
                include_str!("../../../examples/warm-standby-postgres/main.dr.hcl")
            }
            Self::Global | Self::Wide => {
                include_str!("../../../examples/global-database/main.dr.hcl")
            }
            Self::Table => include_str!("../../../examples/global-table/main.dr.hcl"),
        };
        let text = example.split("# The pools of connections").next().unwrap_or_default();
        let text =
            text.replace(&format!("primary  = \"{EAST}\""), &format!("primary  = \"{primary}\""));
        if !matches!(self, Self::Trio | Self::Wide) {
            return text;
        }
        let fence = "us-west-2 = [\"sg-0000000000000000b\"]";
        text.replace(&format!("\"{WEST}\"]\n"), &format!("\"{WEST}\", \"{THIRD}\"]\n"))
            .replace(fence, &format!("{fence}\n    {THIRD} = [\"sg-0000000000000000c\"]"))
            .replace(CONSUMER, &format!("{CONSUMER}\n    {THIRD} = [\"{}\"]", CONSUMERS[2]))
            .replace(SCHEDULE, &format!("{SCHEDULE}\n    {THIRD} = [\"orders/nightly-report\"]"))
            .replace("prevent_destroy = true", "prevent_destroy = false")
            + "\nregion \"eu-west-1\" {}\n"
    }

    fn regions(self) -> &'static [&'static str] {
        match self {
            Self::Trio | Self::Wide => &[EAST, WEST, THIRD],
            Self::Pair | Self::Global | Self::Table => &[EAST, WEST],
        }
    }

    /// The database of a region.
    fn database(self, region: &str) -> Key {
        match self {
            Self::Pair | Self::Trio => database(region),
            Self::Global | Self::Wide => {
                Key::regional(ACCOUNT, region, "aws_rds_cluster", "orders-orders")
            }
            Self::Table => table::table(region),
        }
    }
}

/// The consumers of the example, in the east, in the west, and in a third region.
const CONSUMERS: [&str; 3] = [
    "14e0db71-5d35-4eb5-b481-8945cf9d10c2",
    "91eaeb7e-c976-1234-9451-8709db01f137",
    "5c7f1f9e-0a63-4e2b-8a54-2f4f4f1b6c3d",
];

/// What the example says of the west, behind which a third region has its own.
const CONSUMER: &str = "us-west-2 = [\"91eaeb7e-c976-1234-9451-8709db01f137\"]";
const SCHEDULE: &str = "us-west-2 = [\"orders/nightly-report\"]";

/// What takes no part in promotions between the east and the west.
const THIRD: &str = "eu-west-1";

const ACCOUNT: &str = "123456789012";

fn database(region: &str) -> Key {
    named(region, "orders-orders")
}

fn named(region: &str, id: &str) -> Key {
    Key::regional(ACCOUNT, region, "aws_db_instance", id)
}

/// What clients saw.
#[derive(Debug, Default)]
struct Seen {
    /// What each region was told to be committed.
    committed: [BTreeSet<u64>; 2],
    /// At how many calls both regions took commits.
    both: usize,
    /// When each commit was.
    when: BTreeMap<u64, Instant>,
}

/// A cloud with clients in both regions.
struct Told {
    sample: Sample,
    cloud: SimCloud,
    disk: MemoryDisk,
    seen: Arc<Mutex<Seen>>,
    commands: u64,
    seed: u64,
    approve: Approve,
    begun: Instant,
}

/// A person who attests what must be, whatever is lost.
fn attests(promotion: &Promotion) -> Option<Value> {
    let by = Value::object([("by".into(), Value::string("simulation"))]);
    if !promotion.needs_attestation() {
        return Some(by);
    }
    let attested = by.with("attested", Value::string(&*promotion.from));
    let reason = attested.with("reason", Value::string("the status page"));
    Some(reason.with("accepted_loss", Value::string("unknown")))
}

/// A person who does not: nothing may be lost.
fn waits(promotion: &Promotion) -> Option<Value> {
    attests(promotion).filter(|_| !promotion.needs_attestation())
}

impl Told {
    /// Nothing yet; commits take so long to a replica.
    fn new(seed: u64, lag: Duration) -> Self {
        Self::of(Sample::Pair, seed, lag)
    }

    fn of(sample: Sample, seed: u64, lag: Duration) -> Self {
        let cloud = SimCloud::new(seed);
        cloud.set_latency(Duration::from_millis(100));
        cloud.set_replication_lag(lag);
        cloud.has_what_others_make();
        // A promotion takes minutes, and so does a reboot.
        cloud.set_times(|change| {
            let seconds = match change.kind {
                "aws_db_instance" | "aws_rds_cluster" => 240,
                "aws_rds_global_cluster" => 60,
                _ => return None,
            };
            Some(Duration::from_secs(seconds))
        });
        let seen = Arc::new(Mutex::new(Seen::default()));
        let disk = MemoryDisk::new();
        let begun = Instant::now();
        let told = Self { sample, cloud, disk, seen, commands: 0, seed, approve: attests, begun };
        told.serve();
        told
    }

    /// Lets clients commit before and after each call has its effect.
    fn serve(&self) {
        let works = || {
            let (cloud, seen) = (self.cloud.clone(), Arc::clone(&self.seen));
            let sample = self.sample;
            move |_: &Entry| {
                let done = [EAST, WEST].map(|region| cloud.commit(&sample.database(region)));
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.both += usize::from(done.iter().all(Option::is_some));
                let now = Instant::now();
                seen.when.extend(done.into_iter().flatten().map(|number| (number, now)));
                for (all, number) in seen.committed.iter_mut().zip(done) {
                    all.extend(number);
                }
            }
        };
        self.cloud.watch(works());
        self.cloud.watch_answers(works());
    }

    async fn dies(&mut self, verb: Verb, primary: &str, fatality: Fatality) -> Option<Ended> {
        self.commands += 1;
        let provider = SimProvider::ahead(&self.cloud);
        assert_eq!(provider.name(), "aws", "as it will be when the provider has them");
        let command = Command {
            cloud: &self.cloud,
            disk: &self.disk,
            provider: Arc::new(provider),
            seed: self.seed,
            number: self.commands,
            begun: Some(self.begun),
            verb,
            text: &self.sample.files(primary),
            approve: self.approve,
            rehearsal: None,
        };
        command.process(fatality).await
    }

    async fn types(&mut self, verb: Verb, primary: &str) -> Ended {
        self.dies(verb, primary, Fatality::default()).await.unwrap()
    }

    async fn does(&mut self, verb: Verb, primary: &str) -> Ended {
        let ended = self.types(verb, primary).await;
        assert!(ended.is_done(), "{ended:#?}");
        ended
    }

    /// Applies until nothing is left to do: how often something was done.
    async fn settles(&mut self, primary: &str) -> usize {
        for times in 0..6 {
            let planned = self.types(Verb::Plan, primary).await;
            if planned.changes == Some(Vec::new()) {
                return times;
            }
            self.types(Verb::Apply, primary).await;
        }
        panic!("it does not come to its end: {:#?}", self.types(Verb::Plan, primary).await)
    }

    /// Promotes to an end while calls fail, where the first command may die at one: whether it did, and
    /// whether one was done.
    async fn promotes_in_trouble(&mut self, to: &str, dies: u64) -> [bool; 2] {
        trouble(&self.cloud, self.seed);
        let fatality = Fatality { dies: Some(dies), ..Fatality::default() };
        let died = self.dies(Verb::Promote, to, fatality).await.is_none();
        self.cloud.clear_rules();
        let mut promoted = false;
        for _ in 0..6 {
            promoted |= self.types(Verb::Promote, to).await.is_done();
        }
        self.settles(to).await;
        self.is_well(to);
        [died, promoted]
    }

    /// Promotes while the region that is left is lost at some call, looks, and goes on when it returned.
    async fn promotes_while_lost<T>(&mut self, at: u64, look: impl FnOnce(&Self) -> T) -> T {
        let (cloud, calls) = (self.cloud.clone(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&calls);
        self.cloud.watch(move |_| {
            if counted.fetch_add(1, Ordering::Relaxed) == at {
                cloud.blackout(Location::Region(EAST.into()), Blackout::Hang);
            }
        });
        for _ in 0..3 {
            self.types(Verb::Promote, WEST).await;
        }
        let seen = look(self);
        // It may never have come to that call.
        calls.store(1000, Ordering::Relaxed);
        self.restore(EAST);
        for _ in 0..4 {
            self.types(Verb::Promote, WEST).await;
        }
        self.settles(WEST).await;
        self.is_well(WEST);
        seen
    }

    fn seen<T>(&self, of: impl FnOnce(&Seen) -> T) -> T {
        of(&self.seen.lock().unwrap())
    }

    /// What the clients of a region were told to be committed and the database does not hold.
    fn lost(&self, region: &str, holder: &Key) -> usize {
        let held: BTreeSet<u64> = self.cloud.commits(holder).into_iter().collect();
        let at = usize::from(region == WEST);
        self.seen(|seen| seen.committed[at].difference(&held).count())
    }

    fn attribute(&self, key: &Key, name: &str) -> Value {
        let object = self.cloud.get(key).unwrap_or_else(|| panic!("there is no {key:?}"));
        object.document.get(name).cloned().unwrap()
    }

    /// The database of a region.
    fn at(&self, region: &str) -> Key {
        self.sample.database(region)
    }

    /// The one that is writable, as programs look it up in a region.
    fn endpoint(&self, region: &str) -> Value {
        let key = Key::regional(ACCOUNT, region, "aws_ssm_parameter", "/orders/writer");
        self.attribute(&key, "value")
    }

    /// Whether the consumer and the schedule of a region are on.
    fn started(&self, region: &str) -> [bool; 2] {
        let uuid = if region == EAST { CONSUMERS[0] } else { CONSUMERS[1] };
        let of = |kind: &str, id: &str| Key::regional(ACCOUNT, region, kind, id);
        let consumer = of("aws_lambda_event_source_mapping", uuid);
        let schedule = of("aws_scheduler_schedule", "orders/nightly-report");
        [
            self.attribute(&consumer, "enabled") == Value::Bool(true),
            self.attribute(&schedule, "state").as_str() == Some("ENABLED"),
        ]
    }

    /// One writable database with all that it should hold, one replica of it, and nothing to do.
    #[track_caller]
    fn is_well(&self, primary: &str) {
        let standby = if primary == EAST { WEST } else { EAST };
        let (writer, replica) = (self.at(primary), self.at(standby));
        if matches!(self.sample, Sample::Pair | Sample::Trio | Sample::Table) {
            assert_eq!((self.started(primary), self.started(standby)), ([true; 2], [false; 2]));
        }
        let host = match self.sample {
            Sample::Table => {
                let all = [writer, replica].map(|key| self.cloud.commit(&key).is_some());
                return assert_eq!(all, [true; 2], "all replicas write");
            }
            Sample::Pair | Sample::Trio => {
                assert!(self.attribute(&writer, "replicate_source_db").is_null());
                let arn = self.attribute(&writer, "arn");
                assert_eq!(self.attribute(&replica, "replicate_source_db"), arn);
                self.attribute(&writer, "address")
            }
            Sample::Global | Sample::Wide => {
                assert_eq!(self.attribute(&global::whole(), "writer"), Value::string(primary));
                let [own, copy] = [primary, standby].map(global::secret);
                assert!(self.attribute(&own, "replica_of").is_null());
                assert_eq!(self.attribute(&copy, "replica_of"), self.attribute(&own, "arn"));
                self.attribute(&writer, "endpoint")
            }
        };
        for region in self.sample.regions() {
            assert_eq!(self.endpoint(region), host, "{region}");
            assert_eq!(self.attribute(&self.at(region), "fenced"), Value::Bool(false));
        }
        if self.sample == Sample::Trio {
            let third = self.at(THIRD);
            let arn = self.attribute(&writer, "arn");
            assert_eq!(self.attribute(&third, "replicate_source_db"), arn);
            assert!(self.cloud.commit(&third).is_none(), "it takes no writes");
        }
        assert!(self.cloud.commit(&writer).is_some() && self.cloud.commit(&replica).is_none());
    }

    /// The databases that were left, by region and name.
    fn kept(&self) -> Vec<String> {
        let objects = self.cloud.objects();
        let kept = objects.iter().filter(|o| {
            o.key.id.contains("-retired-") || *o.key.kind == *"aws_db_cluster_snapshot"
        });
        kept.map(|o| format!("{} {}", o.key.location, o.key.id)).collect()
    }

    fn lose(&self, region: &str) {
        self.cloud.blackout(Location::Region(region.into()), Blackout::Hang);
    }

    fn restore(&self, region: &str) {
        self.cloud.restore(&Location::Region(region.into()));
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.cloud.unwatch();
    }
}

/// Under the virtual clock.
fn play<T>(story: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap().block_on(story)
}

/// Longer than a fence takes, so that the proof has something to wait for.
const LAG: Duration = Duration::from_secs(300);

/// What goes wrong by a number: answers that are lost, calls that are refused, a region that is slow.
fn trouble(cloud: &SimCloud, number: u64) {
    let fault = match number % 4 {
        0 => Fault::DropAnswer,
        1 => Fault::Status503,
        2 => Fault::Slow(Duration::from_secs(3)),
        _ => Fault::Throttle,
    };
    let region = if number.is_multiple_of(2) { EAST } else { WEST };
    cloud.inject(Rule::new(fault).region(region).nth(Nth::Chance(20)));
}

/// A graceful promotion and the way back, of which each command may die, with calls that fail.
fn whatever(sample: Sample, seed: u64) -> Result<usize, String> {
    play(async {
        let mut told = Told::of(sample, seed, LAG);
        told.approve = waits;
        told.does(Verb::Apply, EAST).await;
        let mut deaths = 0;
        for (from, to) in [(EAST, WEST), (WEST, EAST)] {
            let [died, promoted] = told.promotes_in_trouble(to, 20 + seed * 13 % 400).await;
            deaths += usize::from(died);
            let lost = told.lost(from, &told.at(to));
            if !promoted || lost > 0 {
                return Err(format!(
                    "{from} -> {to}: promoted {promoted}, {lost} commits are lost"
                ));
            }
        }
        let both = told.seen(|seen| seen.both);
        let kept = told.kept();
        let keeps = if matches!(sample, Sample::Pair | Sample::Trio) { 2 } else { 0 };
        if both > 0 || kept.len() != keeps {
            return Err(format!("two writers at {both} calls, kept: {kept:?}"));
        }
        Ok(deaths)
    })
}

/// A promotion during which the region that is left is lost at some call, and returns later.
fn lost_midway(sample: Sample, seed: u64) -> Result<bool, String> {
    play(async {
        let mut told = Told::of(sample, seed, LAG);
        told.does(Verb::Apply, EAST).await;
        told.promotes_while_lost(seed % 60, |_| ()).await;
        let state = backend(&told.disk).await?.load().await.map_err(|e| format!("{e}"))?;
        let last = state.and_then(|newest| newest.state.promotions.last);
        let last = last.ok_or("there was no promotion")?;
        let attested = last.approval.contains_key("attested");
        let (lost, both) = (told.lost(EAST, &told.at(WEST)), told.seen(|seen| seen.both));
        if !attested && (lost > 0 || both > 0) {
            return Err(format!("nobody attested it: {lost} commits lost, {both} calls of two"));
        }
        let kept = match (sample, told.cloud.switches().last().map(|switch| switch.how)) {
            (Sample::Pair | Sample::Trio, _) => named(EAST, "orders-orders-retired-e2"),
            (Sample::Global, Some(How::Failover)) => global::kept(EAST, 1),
            (Sample::Global | Sample::Wide | Sample::Table, _) => told.at(WEST),
        };
        match told.lost(EAST, &kept) {
            0 => Ok(attested),
            lost => Err(format!("{lost} commits are not in what is kept")),
        }
    })
}

/// What comes of a seed; an assertion that fails is a violation, too.
fn judged<T>(seed: u64, of: impl FnOnce(u64) -> Result<T, String>) -> Result<T, String> {
    let text = |why: Box<dyn Any + Send>| match why.downcast::<String>() {
        Ok(text) => *text,
        Err(_) => "it panics".to_owned(),
    };
    catch_unwind(AssertUnwindSafe(|| of(seed))).unwrap_or_else(|why| Err(text(why)))
}

/// The violations of all seeds.
fn violations<T>(all: &[Result<T, String>]) -> Vec<String> {
    let wrong =
        all.iter().enumerate().filter_map(|(seed, found)| Some((seed, found.as_ref().err()?)));
    wrong.map(|(seed, why)| format!("seed {seed}: {why}")).collect()
}

#[test]
fn whatever_call_a_region_is_lost_at_only_what_was_attested_is_lost_and_all_it_held_is_kept() {
    for sample in [Sample::Pair, Sample::Trio, Sample::Global] {
        let all = each(0..60, |seed| judged(seed, |seed| lost_midway(sample, seed)));
        let wrong = violations(&all);
        assert!(wrong.is_empty(), "{sample:?}, {} regions lost:\n{}", all.len(), wrong.join("\n"));
        let attested = all.into_iter().flatten().filter(|attested| *attested).count();
        assert!((1..60).contains(&attested), "{sample:?}: {attested} of 60 were attested");
    }
}

#[test]
fn whatever_fails_and_whenever_it_dies_one_database_takes_commits_and_none_is_lost() {
    let seeds = super::seeds(super::SAMPLE / 5 + 10, 400);
    for sample in [Sample::Pair, Sample::Trio, Sample::Global] {
        let all = each(0..seeds, |seed| judged(seed, |seed| whatever(sample, seed)));
        let wrong = violations(&all);
        assert!(wrong.is_empty(), "{sample:?}, of {seeds} seeds:\n{}", wrong.join("\n"));
        let deaths: usize = all.into_iter().flatten().sum();
        println!("{sample:?}: {seeds} seeds, {deaths} deaths, 0 violations");
        assert!(deaths > 0, "some die");
    }
}

#[test]
fn whatever_is_lost_is_no_older_than_was_told_and_no_more_than_the_bound() {
    let seeds = super::seeds(super::SAMPLE / 5 + 10, 400);
    for sample in [Sample::Pair, Sample::Global, Sample::Table] {
        let all = each(0..seeds, |seed| judged(seed, |seed| lost::bounded(sample, seed)));
        let wrong = violations(&all);
        assert!(wrong.is_empty(), "{sample:?}, of {seeds} seeds:\n{}", wrong.join("\n"));
        let told: Vec<lost::Told> = all.into_iter().flatten().collect();
        let count = |is: fn(&lost::Told) -> bool| told.iter().filter(|told| is(told)).count();
        let (known, lost) = (count(|told| told.bound.is_some()), count(|told| told.lost > 0));
        let tight = count(|told| told.bound.is_some_and(|bound| told.lost > 0 && bound < 1200));
        println!(
            "{sample:?}: {seeds} seeds, {known} bounds, {lost} with losses, {tight} below 20 minutes"
        );
        assert!(known > 0 && lost > 0 && tight > 0, "some are known, and some lose");
        assert!(known < told.len(), "of some nothing is known");
    }
}
