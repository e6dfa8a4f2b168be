//! Promotions of the examples: with the old primary well, gone from before the start, gone with the
//! global services at home in it, and dying before each change; then its return, and the way back.
//!
//! `cargo test` plays a few; with `LIFEBOAT_MATRIX=full` (`cargo xtask matrix cases`) it dies before
//! every change. The table goes to standard error past the harness.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use lifeboat_testbed::{Entry, Fault, Nth, Rule, RuleId};
use serde_json::Value as Json;

use super::acts::gated;
use super::folder::Folder;
use super::outage::full;
use super::outside::Outside;
use super::ran::{Ran, tell_table};
use super::stage::{APPLY, PLAN, Stage};
use super::web::{EAST, FILE};
use super::{service, web};
use crate::language::each;
use crate::weather::Weather;

/// How much longer a command may take because the old primary is lost. Where it dies between the start
/// and the claim of a graceful promotion two are needed, because nobody has attested anything by then: both
/// together may take that in the full matrix, whose machine does nothing else.
const EXTRA: Duration = Duration::from_secs(10);

/// An example, the region that takes over, and whether a gate moves its traffic where the global services are
/// lost, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Example {
    name: &'static str,
    to: &'static str,
    gate: bool,
}

const EXAMPLES: [Example; 3] = [
    Example { name: web::EXAMPLE, to: web::WEST, gate: true },
    Example { name: service::EXAMPLE, to: web::WEST, gate: true },
    Example { name: "three-regions", to: "eu-west-1", gate: true },
];

/// What a promotion came to.
#[derive(Clone, Debug, Default)]
struct Played {
    commands: usize,
    wall: Duration,
    /// That of the command that took longest.
    longest: Duration,
    calls: Vec<Entry>,
    /// The changes in the lost region, and through global services, of the command that ended it.
    through: usize,
    loss: String,
}

impl Played {
    fn add(&mut self, ran: Ran) {
        self.commands += 1;
        self.wall += ran.took;
        self.longest = self.longest.max(ran.took);
        self.calls.extend(ran.calls);
    }
}

struct Case {
    example: Example,
    weather: Weather,
    stage: Stage,
    outside: Option<Outside>,
    gone: Option<RuleId>,
}

impl Case {
    /// The example as applied, with the other region as the primary in its files.
    #[track_caller]
    fn new(example: Example, weather: Weather) -> Self {
        let stage = match example.name {
            service::EXAMPLE => service::stage(),
            name => Stage::new(Folder::example(name)),
        };
        stage.note(format_args!("{}: {weather}", example.name));
        let outside = (weather == Weather::GoneWithGlobal && example.gate).then(|| {
            let outside = Outside::start(stage.folder.path());
            gated(&stage, &outside, "");
            outside
        });
        let this = Self { example, weather, stage, outside, gone: None };
        this.expect(APPLY, 0);
        this.stage.folder.edit(FILE, &first(EAST), &first(example.to));
        this
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let trusted: Vec<_> = self.outside.iter().map(Outside::trusted).collect();
        self.stage.start_as(arguments, &trusted).finish()
    }

    #[track_caller]
    fn expect(&self, arguments: &[&str], code: i32) -> Ran {
        let ran = self.run(arguments);
        self.stage.same(ran.code, Some(code), "the exit code");
        ran
    }

    fn strikes(&mut self) {
        let hangs = Rule::new(Fault::BlackHole).region(EAST);
        let rule = match self.weather {
            Weather::Well => return,
            Weather::Gone => hangs.regional(),
            Weather::GoneWithGlobal => hangs,
            Weather::Dies(after) => hangs.regional().nth(Nth::After(after)),
        };
        self.gone = Some(self.stage.bed.proxy.inject(rule));
    }

    /// What an operator types until it is promoted.
    #[track_caller]
    fn promoted(&mut self) -> Played {
        let named = format!("-promote={}", self.example.to);
        let approved = ["apply", "-input=false", "-auto-approve", &named, "-from-epoch=1"];
        let attests = ["-attest=us-east-1", "-reason=the status page", "-accept-loss=unknown"];
        let attested = [&approved[..], &attests].concat();
        let without = [&["promote", "-ungraceful"][..], &attests].concat();
        self.strikes();
        let lost = matches!(self.weather, Weather::Gone | Weather::GoneWithGlobal);
        let mut played = Played::default();
        let mut ran = self.run(if lost { &attested } else { &approved });
        if ran.code != Some(0) {
            played.add(ran);
            // Before the claim it is planned anew without the region. After it nothing would be different,
            // and it is gone on with.
            ran = self.run(&without);
            if ran.code == Some(5) {
                played.add(ran);
                ran = self.run(APPLY);
            }
        }
        self.stage.same(ran.code, Some(0), "it ends promoted");
        // Of a command that began while the region was well, those that the fault met.
        let met = |call: &&Entry| played.commands > 0 || lost || call.fault.is_some();
        played.through = ran.calls.iter().filter(met).filter(|call| self.is_lost(call)).count();
        played.add(ran);
        let report = self.expect(&["report", "-json"], 0).stdout;
        let report: Json = serde_json::from_str(&report).unwrap();
        let promotion = &report["promotion"];
        self.stage.same(promotion["to"].as_str(), Some(self.example.to), "the new primary");
        let loss = &promotion["rpo"]["measured_seconds"];
        played.loss = loss.as_f64().map_or("unknown".to_owned(), |seconds| format!("{seconds} s"));
        played
    }

    /// A change that needs what is lost. Nothing waits for the bundles of other machines.
    fn is_lost(&self, call: &Entry) -> bool {
        let global = ["route53", "iam"].contains(&&*call.service);
        let bundle = call.operation == "PutObject" && !call.path.contains("role.json");
        call.mutating
            && !bundle
            && match self.weather {
                Weather::Well => false,
                Weather::Gone | Weather::Dies(_) => call.region == EAST && !global,
                Weather::GoneWithGlobal => call.region == EAST || global,
            }
    }

    /// While the region is gone all that is left is deferred or owed; when it returns nothing is.
    #[track_caller]
    fn ends(&mut self) {
        self.expect(APPLY, 0);
        if let Some(gone) = self.gone.take() {
            let plan = self.expect(PLAN, 2);
            self.stage.same(plan.changes("planned_change"), Vec::new(), "what can be done is done");
            self.stage.check(!plan.changes("deferred_change").is_empty(), "the rest waits");
            self.stage.bed.proxy.remove(gone);
            self.expect(APPLY, 0);
        }
        self.expect(PLAN, 0);
    }

    /// Back to where it was.
    #[track_caller]
    fn fails_back(&self) -> Duration {
        if self.example.name == "three-regions" {
            self.stage.folder.edit(FILE, "soak = \"1h\"", "soak = \"1s\"");
            self.expect(APPLY, 0);
        }
        let back = self.expect(&["failback", "-input=false", "-from-epoch=2"], 0);
        self.expect(APPLY, 0);
        self.expect(PLAN, 0);
        back.took
    }
}

/// The line that names the primary.
fn first(region: &str) -> String {
    format!("primary  = \"{region}\"")
}

/// How many calls there were in the old primary before each change of a promotion of this kind.
fn moments(well: &Played, which: impl Fn(&Entry) -> bool) -> BTreeSet<u64> {
    let regional =
        |call: &&Entry| call.region == EAST && !["route53", "iam"].contains(&&*call.service);
    let before = |at: usize| well.calls[..at].iter().filter(regional).count() as u64;
    let changes = well.calls.iter().enumerate().filter(|(_, call)| call.mutating && which(call));
    changes.map(|(at, _)| before(at)).collect()
}

/// Where a record has to be rewritten through a plane that is lost, nothing is begun.
#[track_caller]
fn refused(example: Example) {
    let mut case = Case::new(Example { gate: false, ..example }, Weather::GoneWithGlobal);
    case.strikes();
    let named = format!("-promote={}", example.to);
    let ran = case.expect(&["apply", "-input=false", &named, "-from-epoch=1"], 5);
    case.stage.check(ran.stderr.contains("promotion::unreachable"), "it says why");
    case.stage.check(ran.stderr.contains("switch = \"operator\""), "and what to write");
    case.stage.same(ran.mutating(), 0, "nothing is changed");
}

/// A case from its beginning to its end; the time that the way back took, where it was gone.
#[track_caller]
fn play(example: Example, weather: Weather) -> (Played, Option<Duration>) {
    let mut case = Case::new(example, weather);
    let played = case.promoted();
    case.stage.same(played.through, 0, "changes through what is lost");
    case.ends();
    let back = matches!(weather, Weather::Well | Weather::Gone).then(|| case.fails_back());
    (played, back)
}

/// The weathers to play: all, or the few that differ most.
fn weathers(well: &Played) -> Vec<Weather> {
    let all: Vec<u64> = moments(well, |_| true).into_iter().collect();
    let step = if full() { 1 } else { all.len().div_ceil(2).max(1) };
    // Of its record nobody knows then whether it was moved.
    let claims = moments(well, |call| call.region == EAST && call.path.contains("role.json"));
    let some = all.into_iter().skip(step / 2).step_by(step).chain(claims);
    let dies = some.collect::<BTreeSet<u64>>().into_iter().map(Weather::Dies);
    [Weather::Gone, Weather::GoneWithGlobal].into_iter().chain(dies).collect()
}

#[test]
fn the_examples_are_promoted_whatever_becomes_of_the_old_primary() {
    let examples = EXAMPLES.iter().filter(|one| full() || one.name != service::EXAMPLE);
    let examples: Vec<Example> = examples.copied().collect();
    let healthy = each(&examples, |example| {
        refused(*example);
        play(*example, Weather::Well)
    });
    let mut waiting = Vec::new();
    for (example, (well, _)) in examples.iter().zip(&healthy) {
        let all = weathers(well);
        waiting.extend(all.into_iter().map(|weather| (*example, weather, well.wall)));
    }
    let played = each(&waiting, |(example, weather, _)| {
        catch_unwind(AssertUnwindSafe(|| play(*example, *weather)))
    });
    let heads = [
        "example",
        "old primary",
        "commands",
        "changes",
        "wall",
        "loss",
        "through what is lost",
        "extra",
        "way back",
    ];
    let mut rows = vec![heads.map(str::to_owned)];
    for (example, (well, back)) in examples.iter().zip(&healthy) {
        rows.push(row(*example, Weather::Well, well, *back, well.wall));
    }
    let mut wrong = Vec::new();
    for ((example, weather, well), played) in waiting.iter().zip(&played) {
        match played {
            Ok((played, back)) => {
                let took = if full() { played.wall } else { played.longest };
                let extra = took.saturating_sub(*well);
                if extra > EXTRA {
                    wrong.push(format!("{} {weather}: {extra:.1?} more", example.name));
                }
                rows.push(row(*example, *weather, played, *back, *well));
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>();
                wrong.push(format!("{} {weather}: {text:?}", example.name));
            }
        }
    }
    tell_table(&rows);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), waiting.len(), wrong.join("\n\n"));
}

fn row(
    example: Example,
    weather: Weather,
    played: &Played,
    back: Option<Duration>,
    well: Duration,
) -> [String; 9] {
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    [
        example.name.to_owned(),
        weather.to_string(),
        played.commands.to_string(),
        played.calls.iter().filter(|call| call.mutating).count().to_string(),
        seconds(played.wall),
        played.loss.clone(),
        played.through.to_string(),
        seconds(played.wall.saturating_sub(well)),
        back.map(seconds).unwrap_or_default(),
    ]
}
