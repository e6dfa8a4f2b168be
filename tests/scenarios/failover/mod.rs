//! A promotion as the clients of a name see it: they resolve it at a real name server, which answers
//! what Route 53 would (`lifeboat_testbed::dns`), and make a request every 100 ms to what answers.
//!
//! What is judged is the order and the end, not how long it takes: `cargo test` hurries the checks and
//! keeps TTLs short. With `LIFEBOAT_MATRIX=full` (`cargo xtask bench failover`) the seconds are Route
//! 53's, and the table goes to standard error. Left out where there is no name server for the machine.

mod client;
mod crowd;
mod endpoint;
mod figures;
mod keeper;
mod resolvers;
mod three;
mod weights;

use std::thread;
use std::time::{Duration, Instant};

use lifeboat_testbed::dns::Bridge;
use lifeboat_testbed::{Fault, Rule};

use super::folder::Folder;
use super::outside::Outside;
use super::promotion::{APPROVED, ATTESTED, EAST_FIRST, WEST_FIRST};
use super::ran::Ran;
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, FILE, WEST};
use client::{Client, Outcome, Request};
use endpoint::Endpoint;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// How many requests in a row make an opinion.
const SETTLED: usize = 10;

/// Who moves the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Switch {
    Operator,
    Record,
    Health,
}

/// Whether the old primary takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Graceful,
    Ungraceful,
}

impl Switch {
    fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Record => "record",
            Self::Health => "health",
        }
    }
}

fn measured() -> bool {
    std::env::var("LIFEBOAT_MATRIX").is_ok_and(|asked| asked == "full")
}

/// How fast time passes.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// The TTL of the name, in seconds.
    ttl: u64,
    /// The TTL while the traffic moves, where it is declared.
    during: Option<u64>,
    /// By what the seconds of checks are divided.
    hurry: u32,
}

/// Plays it once in a hurry, or as measured with a TTL that hides how long checks take, and with one
/// that does not.
fn played(switch: Switch, story: impl Fn(&Site)) {
    let pace = |ttl, hurry| Pace { ttl, during: None, hurry };
    let paces = if measured() { vec![pace(60, 1), pace(10, 1)] } else { vec![pace(1, 20)] };
    for pace in paces {
        // Nothing where there is no name server.
        if let Some(site) = Site::start(switch, pace) {
            story(&site);
        }
    }
}

/// Regions, a zone, and addresses of what answers in them.
fn ground(strategy: &str, regions: &[&str]) -> String {
    let accounts =
        regions.iter().map(|it| format!("region {it:?} {{ account = \"123456789012\" }}\n"));
    let addresses = regions.iter().zip(2..).map(|(it, at)| format!("{it} = \"127.0.0.{at}\""));
    format!(
        r#"topology "web" {{
  strategy = "{strategy}"
  regions  = {regions:?}
  primary  = "us-east-1"
}}

{}
resource "aws_route53_zone" "main" {{
  name          = "example.com"
  force_destroy = true
}}

# Known late, so that nobody says that Route 53 refuses to check such addresses.
resource "terraform_data" "here" {{
  for_each = {{ {} }}
  input    = each.value
}}
"#,
        accounts.collect::<String>(),
        addresses.collect::<Vec<_>>().join(", ")
    )
}

/// Buckets of which one region takes the writes, copied to all others.
fn data(names: &str) -> String {
    format!(
        r#"
bucket "exports" {{
  name = {{ {names} }}
}}

replication "exports" {{
  bucket       = bucket.exports
  time_control = "15m"
}}
"#
    )
}

/// A name over two regions. Data has one writer, unless Route 53 moves the traffic, which it may not
/// do then.
fn files(switch: Switch, pace: Pace, port: u16, outside: &Outside) -> String {
    let mut text = ground("warm_standby", &[EAST, WEST]);
    if switch != Switch::Health {
        text += &data(&format!("{EAST} = {BUCKET:?}, {WEST} = {COPY:?}"));
    }
    let moved = match switch {
        Switch::Operator => format!(
            r#"gate {{
    https             = "{}/switch"
    interval          = "10s"
    failure_threshold = 3
  }}"#,
            outside.host()
        ),
        Switch::Record | Switch::Health => format!(
            r#"health_check {{
    type              = "HTTP"
    port              = {port}
    path              = "/health"
    interval          = "10s"
    failure_threshold = 3
  }}"#
        ),
    };
    let Pace { ttl, during, .. } = pace;
    let during = during.map(|ttl| format!("\n  ttl_during = \"{ttl}s\"")).unwrap_or_default();
    text += &format!(
        r#"
dns_failover "web" {{
  zone   = aws_route53_zone.main.zone_id
  name   = "www.example.com"
  type   = "A"
  ttl    = "{ttl}s"{during}
  switch = "{}"

  {moved}

  endpoint "us-east-1" {{ address = terraform_data.here["us-east-1"].output }}
  endpoint "us-west-2" {{ address = terraform_data.here["us-west-2"].output }}
}}
"#,
        switch.name()
    );
    text
}

/// Regions that answer requests, a name over them, and somebody who makes requests. Dropped in this
/// order.
struct Site {
    client: Client,
    bridge: Bridge,
    endpoints: [Endpoint; 2],
    outside: Outside,
    stage: Stage,
    switch: Switch,
    pace: Pace,
}

/// What is made of the files of a stage, behind a name server, and somebody who asks it; nothing without one.
#[track_caller]
fn begin(stage: &Stage, outside: &Outside, port: u16, hurry: u32) -> Option<(Client, Bridge)> {
    let made = stage.start_as(APPLY, &[outside.trusted()]).finish();
    stage.same(made.code, Some(0), "the first apply");
    let bridge = Bridge::start(stage.bed.aws(), "example.com", hurry).unwrap()?;
    Some((Client::start(bridge.addr(), "www.example.com.", port), bridge))
}

/// Waits until requests are answered by this region, one after the other.
#[track_caller]
fn until_answered_by(stage: &Stage, (client, bridge): (&Client, &Bridge), region: &str) {
    let begun = Instant::now();
    let settled = |seen: &[Request]| {
        let last = seen.len().checked_sub(SETTLED).map(|first| &seen[first..]);
        last.is_some_and(|last| last.iter().all(|r| r.outcome.is_answer_of(region)))
    };
    while !settled(&client.seen()) {
        if begun.elapsed() > PATIENCE {
            let last = client.seen().split_off(client.seen().len().saturating_sub(3));
            let failed = bridge.failed();
            stage.fail(format_args!("not answered by {region}: {last:?} {failed:?}"));
        }
        // A look every few milliseconds until then.
        thread::park_timeout(Duration::from_millis(20));
    }
}

impl Site {
    /// A site whose clients are answered by the first region; nothing without a name server.
    #[track_caller]
    fn start(switch: Switch, pace: Pace) -> Option<Self> {
        let stage = Stage::new(Folder::new());
        let outside = Outside::start(stage.folder.path());
        let endpoints = Endpoint::pair(&stage, switch != Switch::Health);
        let port = endpoints[0].port();
        stage.folder.write(FILE, &files(switch, pace, port, &outside));
        let (client, bridge) = begin(&stage, &outside, port, pace.hurry)?;
        let site = Self { client, bridge, endpoints, outside, stage, switch, pace };
        site.until_answered_by(EAST);
        Some(site)
    }

    #[track_caller]
    fn until_answered_by(&self, region: &str) {
        until_answered_by(&self.stage, (&self.client, &self.bridge), region);
    }

    /// Promotes the second region, and waits for the clients.
    #[track_caller]
    fn promote(&self, mode: Mode) -> Promoted {
        self.stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
        let mut arguments = APPROVED.to_vec();
        let from = self.client.now();
        let gone = match mode {
            Mode::Graceful => None,
            Mode::Ungraceful => {
                arguments.extend(ATTESTED);
                self.endpoints[0].stop();
                let gone = Rule::new(Fault::BlackHole).region(EAST);
                // The gate needs nothing of Route 53's control plane, which is at home there.
                let gone = if self.switch == Switch::Operator { gone } else { gone.regional() };
                Some(self.stage.bed.proxy.inject(gone))
            }
        };
        let ran = self.apply(&arguments, "the promotion");
        self.until_answered_by(WEST);
        Promoted { from, ran, gone }
    }

    #[track_caller]
    fn apply(&self, arguments: &[&str], what: &str) -> Ran {
        let ran = self.stage.start_as(arguments, &[self.outside.trusted()]).finish();
        self.stage.same(ran.code, Some(0), what);
        ran
    }

    /// What the clients saw from then on. However it was moved: no answer of the old primary comes
    /// after one of the new one, and the new one takes what comes to it from the first request on.
    #[track_caller]
    fn judged(&self, from: Duration) -> Vec<Request> {
        let seen: Vec<Request> =
            self.client.seen().into_iter().filter(|request| request.at >= from).collect();
        let first = seen.iter().position(|request| request.outcome.is_answer_of(WEST));
        let first = first.unwrap_or(seen.len());
        let (before, after) = seen.split_at(first);
        let well = |request: &&Request| !request.outcome.is_answer_of(WEST);
        let late: Vec<&Request> = after.iter().filter(well).collect();
        self.stage.same(late, Vec::new(), "what came after the first answer of the new primary");
        let early =
            before.iter().filter(|r| matches!(&r.outcome, Outcome::Refused(by) if by == WEST));
        let early: Vec<&Request> = early.collect();
        self.stage.same(early, Vec::new(), "what the new primary refused");
        self.stage.same(self.bridge.failed(), None, "what failed between Route 53 and the names");
        seen
    }
}

/// A promotion that is over: when it began, its command, and what is wrong with the proxy.
struct Promoted {
    from: Duration,
    ran: Ran,
    gone: Option<lifeboat_testbed::RuleId>,
}

/// With the old primary alive nothing fails but what it refuses after its fence.
#[track_caller]
fn gracefully(site: &Site) -> Promoted {
    let promoted = site.promote(Mode::Graceful);
    let seen = site.judged(promoted.from);
    let fenced = Outcome::Refused(EAST.to_owned());
    let lost = |r: &&Request| !matches!(r.outcome, Outcome::Answered(_)) && r.outcome != fenced;
    let lost: Vec<&Request> = seen.iter().filter(lost).collect();
    site.stage.same(lost, Vec::new(), "what was neither answered nor refused by the fence");
    let one_writer = site.switch != Switch::Health;
    let refused = seen.iter().any(|request| request.outcome == fenced);
    site.stage.same(refused, one_writer, "whether writes stopped");
    figures::show(site, Mode::Graceful, &seen, &promoted);
    promoted
}

/// Without it there is an end to what fails.
#[track_caller]
fn ungracefully(site: &Site) -> Promoted {
    let promoted = site.promote(Mode::Ungraceful);
    figures::show(site, Mode::Ungraceful, &site.judged(promoted.from), &promoted);
    promoted
}

#[test]
fn clients_follow_records_that_are_rewritten() {
    played(Switch::Record, |site| drop(gracefully(site)));
}

#[test]
fn clients_follow_a_gate_and_the_records_that_are_rewritten_behind_it() {
    played(Switch::Operator, |site| drop(gracefully(site)));
}

#[test]
fn clients_lose_nothing_where_both_regions_may_answer() {
    played(Switch::Health, |site| drop(gracefully(site)));
}

/// So that what the old primary refuses is over soon.
#[test]
fn resolvers_are_told_a_lower_ttl_before_writes_stop_and_the_declared_one_with_the_switch() {
    let pace = match measured() {
        true => Pace { ttl: 60, during: Some(5), hurry: 1 },
        false => Pace { ttl: 3, during: Some(1), hurry: 20 },
    };
    let Some(site) = Site::start(Switch::Record, pace) else { return };
    let Promoted { ran, .. } = gracefully(&site);
    let of = |operation: &str| {
        let calls = ran.calls.iter().enumerate().filter(|(_, call)| call.operation == operation);
        calls.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (records, fences) = (of("ChangeResourceRecordSets"), of("PutBucketPolicy"));
    site.stage.same((records.len(), fences.len()), (2, 2), "changes of records and policies");
    let order = records[0] < fences[0] && fences[1] < records[1];
    site.stage.check(order, format_args!("records at {records:?}, policies at {fences:?}"));
    let told = super::web::ttls(&site.stage.bed.aws());
    site.stage.same(told, vec![pace.ttl.to_string(); 2], "what resolvers are told now");
}

#[test]
fn a_gate_alone_moves_clients_from_a_dead_primary_and_they_stay_when_it_returns() {
    played(Switch::Operator, |site| {
        let promoted = ungracefully(site);
        let first = super::promotion::answered(&site.stage);
        site.stage.same(first, EAST.to_owned(), "the records are as they were");
        // It returns: the records are rewritten, and the gate is closed behind them.
        site.stage.bed.proxy.remove(promoted.gone.unwrap());
        site.apply(APPLY, "what is left to do");
        let first = super::promotion::answered(&site.stage);
        site.stage.same(first, WEST.to_owned(), "the primary of the name");
        site.stage.check(!site.outside.is_open("/switch/us-east-1"), "the gate is closed again");
        site.until_answered_by(WEST);
        site.judged(promoted.from);
    });
}

#[test]
fn records_that_are_rewritten_move_clients_from_a_dead_primary() {
    played(Switch::Record, |site| drop(ungracefully(site)));
}

#[test]
fn route_53_moves_clients_from_a_dead_primary_by_its_health() {
    played(Switch::Health, |site| drop(ungracefully(site)));
}
