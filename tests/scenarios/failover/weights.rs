//! Traffic by weights as clients see it: in steps through a promotion and an evacuation, and away from a
//! region that is dead. How it is moved is told in `scenarios/traffic.rs`.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lifeboat_testbed::dns::Bridge;
use lifeboat_testbed::{Fault, Rule};

use super::client::{Client, Outcome, Request};
use super::crowd::{Crowd, Step};
use super::endpoint::Endpoint;
use super::{PATIENCE, SETTLED, Switch, figures, ground, measured};
use crate::scenarios::folder::Folder;
use crate::scenarios::promotion::{APPROVED, EAST_FIRST, WEST_FIRST};
use crate::scenarios::ran::Ran;
use crate::scenarios::stage::{APPLY, Stage};
use crate::scenarios::web::{EAST, FILE, WEST};

const LEAVE: &[&str] = &["evacuate", EAST, "-input=false", "-auto-approve"];
const RETURN: &[&str] = &["evacuate", "-end", EAST, "-input=false", "-auto-approve"];

/// How long traffic stays at a step, in seconds: the bridge must see it, and the crowd must be asked.
const WATCH: u64 = 4;

/// A name over two regions that both answer: most of it goes to the primary.
fn files(switch: Switch, ttl: u64, watch: u64, port: u16) -> String {
    format!(
        r#"{}
dns_failover "web" {{
  zone    = aws_route53_zone.main.zone_id
  name    = "www.example.com"
  type    = "A"
  ttl     = "{ttl}s"
  switch  = "{}"
  policy  = "weighted"
  weights = {{ primary = 80, standby = 20 }}

  health_check {{
    type              = "HTTP"
    port              = {port}
    path              = "/health"
    interval          = "10s"
    failure_threshold = 2
  }}
  shift {{
    steps = [10, 50]
    watch = "{watch}s"
  }}

  endpoint "us-east-1" {{ address = terraform_data.here["us-east-1"].output }}
  endpoint "us-west-2" {{ address = terraform_data.here["us-west-2"].output }}
}}
"#,
        ground("active_active", &[EAST, WEST]),
        switch.name()
    )
}

/// A site whose regions both answer; dropped in this order.
struct Shop {
    crowd: Crowd,
    client: Client,
    bridge: Arc<Bridge>,
    endpoints: [Endpoint; 2],
    stage: Stage,
    switch: Switch,
    ttl: u64,
}

impl Shop {
    /// Nothing without a name server.
    #[track_caller]
    fn start(switch: Switch) -> Option<Self> {
        let (ttl, watch, hurry) = if measured() { (10, 20, 1) } else { (1, WATCH, 20) };
        let stage = Stage::new(Folder::new());
        let endpoints = Endpoint::pair(&stage, false);
        let port = endpoints[0].port();
        stage.folder.write(FILE, &files(switch, ttl, watch, port));
        stage.expect(APPLY, 0);
        let bridge = Arc::new(Bridge::start(stage.bed.aws(), "example.com", hurry).unwrap()?);
        let client = Client::start(bridge.addr(), "www.example.com.", port);
        let crowd = Crowd::start(&bridge, "www.example.com.");
        let shop = Self { crowd, client, bridge, endpoints, stage, switch, ttl };
        shop.until_served([80, 20]);
        Some(shop)
    }

    /// Waits until so many have been answered by these weights that their share means something.
    #[track_caller]
    fn until_served(&self, weights: [u32; 2]) {
        self.until(&format!("answers by {weights:?}"), || {
            let steps = self.crowd.steps().unwrap_or_default();
            steps.last().is_some_and(|last| last.weights == weights && last.has_enough())
        });
    }

    /// Waits until whatever resolvers were told before now is forgotten, and a client has asked again.
    #[track_caller]
    fn until_forgotten(&self) -> Duration {
        let told = self.client.now() + Duration::from_secs(self.ttl);
        self.until("requests after the TTL", || {
            self.client.seen().iter().filter(|request| request.at > told).count() >= SETTLED
        });
        told
    }

    #[track_caller]
    fn until(&self, what: &str, met: impl Fn() -> bool) {
        let begun = Instant::now();
        while !met() {
            if begun.elapsed() > PATIENCE {
                let (steps, failed) = (self.crowd.steps(), self.bridge.failed());
                self.stage.fail(format_args!("waited for {what}: {steps:?} {failed:?}"));
            }
            // A look every few milliseconds until then.
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// What clients saw from then on.
    fn seen(&self, from: Duration) -> Vec<Request> {
        self.client.seen().into_iter().filter(|request| request.at >= from).collect()
    }

    /// The answers since the last that were taken for known: by these weights, one after the other, and
    /// in the shares that they say.
    #[track_caller]
    fn shares(&self, known: usize, weights: &[[u32; 2]]) -> Vec<Step> {
        let steps = match self.crowd.steps() {
            Ok(steps) => steps.get(known..).unwrap_or_default().to_vec(),
            Err(why) => self.stage.fail(format_args!("the crowd was not answered: {why}")),
        };
        self.stage.same(self.bridge.failed(), None, "what failed between Route 53 and the names");
        let served: Vec<[u32; 2]> = steps.iter().map(|step| step.weights).collect();
        self.stage.same(&served[..], weights, "the weights by which was answered");
        for step in &steps {
            let ([due, share], off) = (step.shares(), step.tolerance());
            self.stage.check(
                step.is_kept(),
                format_args!(
                    "{share:.3} of {step:?} where {due:.3} are due, give or take {off:.3}"
                ),
            );
        }
        steps
    }

    /// How many steps the crowd has seen, but for the one that is served now.
    fn known(&self) -> usize {
        self.crowd.steps().map_or(0, |steps| steps.len().saturating_sub(1))
    }

    /// Prints what was measured of a command.
    fn show(&self, what: &str, [old, how]: [&str; 2], seen: &[Request], ran: &Ran, steps: &[Step]) {
        let name = format!("`{}` by weights, {what}{how}", self.switch.name());
        figures::show_weights(&[&name, old, &self.ttl.to_string()], seen, ran.took, steps);
    }

    /// The primary is gone, with its APIs. Route 53's control plane answers, which is at home there.
    fn loses_the_east(&self) {
        self.endpoints[0].stop();
        let gone = Rule::new(Fault::BlackHole).region(EAST).regional();
        self.stage.bed.proxy.inject(gone);
    }
}

/// The requests that were not answered.
fn failed(seen: &[Request]) -> Vec<&Request> {
    seen.iter().filter(|r| !matches!(r.outcome, Outcome::Answered(_))).collect()
}

/// The requests that a region has answered.
fn answered<'s>(seen: &'s [Request], region: &str) -> Vec<&'s Request> {
    seen.iter().filter(|request| request.outcome.is_answer_of(region)).collect()
}

#[test]
fn clients_are_answered_by_the_weights_of_each_step_of_a_promotion_and_lose_nothing() {
    let Some(shop) = Shop::start(Switch::Record) else { return };
    shop.stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let from = shop.client.now();
    let ran = shop.stage.expect(APPROVED, 0);
    shop.until_served([20, 80]);
    shop.until_forgotten();
    let seen = shop.seen(from);
    shop.stage.same(failed(&seen), Vec::new(), "what was not answered");
    let steps = shop.shares(0, &[[80, 20], [74, 26], [50, 50], [20, 80]]);
    shop.show("promotion", ["answers", ", in steps"], &seen, &ran, &steps);
}

#[test]
fn an_evacuation_takes_a_region_out_of_all_answers_in_steps_and_its_end_brings_it_back() {
    let Some(shop) = Shop::start(Switch::Record) else { return };
    let from = shop.client.now();
    let ran = shop.stage.expect(LEAVE, 0);
    shop.until_served([0, 1]);
    let after = shop.until_forgotten();
    let seen = shop.seen(from);
    shop.stage.same(failed(&seen), Vec::new(), "what was not answered");
    shop.stage.same(answered(&shop.seen(after), EAST), Vec::new(), "what the region still gets");
    let steps = shop.shares(0, &[[80, 20], [72, 20], [40, 20], [0, 1]]);
    shop.show("evacuation", ["answers", ", in steps"], &seen, &ran, &steps);

    let (known, from) = (shop.known(), shop.client.now());
    let ran = shop.stage.expect(RETURN, 0);
    shop.until_served([80, 20]);
    shop.until_forgotten();
    let seen = shop.seen(from);
    shop.stage.same(failed(&seen), Vec::new(), "what was not answered");
    shop.stage.check(!answered(&seen, EAST).is_empty(), "the region is asked again");
    let steps = shop.shares(known, &[[0, 1], [8, 20], [40, 20], [80, 20]]);
    shop.show("its end", ["answers", ", in steps"], &seen, &ran, &steps);
}

#[test]
fn clients_lose_what_a_dead_region_gets_until_it_is_evacuated() {
    let Some(shop) = Shop::start(Switch::Record) else { return };
    shop.loses_the_east();
    let from = shop.client.now();
    // Without anybody who moves it, its share of the traffic is lost.
    shop.until("a request that fails", || !failed(&shop.seen(from)).is_empty());
    let ran = shop.stage.expect(LEAVE, 0);
    shop.until_served([0, 1]);
    let after = shop.until_forgotten();
    let seen = shop.seen(from);
    shop.stage.same(failed(&shop.seen(after)), Vec::new(), "what fails after that");
    shop.stage.same(answered(&seen, EAST), Vec::new(), "what the dead region has answered");
    let steps = shop.shares(0, &[[80, 20], [0, 1]]);
    shop.show("evacuation", ["dead", ""], &seen, &ran, &steps);
}

/// The old primary becomes a standby, and standbys get a share: who is dead must be evacuated, too.
#[test]
fn a_promotion_away_from_a_dead_region_leaves_it_the_share_of_a_standby_until_it_is_evacuated() {
    let Some(shop) = Shop::start(Switch::Record) else { return };
    shop.loses_the_east();
    let from = shop.client.now();
    shop.stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let promoted = shop.stage.expect(APPROVED, 0);
    shop.until_served([20, 80]);
    shop.until_forgotten();
    let after = shop.client.now();
    shop.show("promotion", ["dead", ""], &shop.seen(from), &promoted, &[]);
    let ran = shop.stage.expect(LEAVE, 0);
    shop.until_served([0, 1]);
    let over = shop.until_forgotten();
    shop.stage.same(failed(&shop.seen(over)), Vec::new(), "what fails after that");
    shop.stage.same(answered(&shop.seen(from), EAST), Vec::new(), "what the dead one has answered");
    let steps = shop.shares(0, &[[80, 20], [20, 80], [0, 1]]);
    shop.show("evacuation after it", ["dead", ""], &shop.seen(after), &ran, &steps);
}

#[test]
fn route_53_leaves_a_dead_region_out_whatever_its_weight() {
    let Some(shop) = Shop::start(Switch::Health) else { return };
    shop.loses_the_east();
    let from = shop.client.now();
    shop.until_served([0, 1]);
    let after = shop.until_forgotten();
    shop.stage.same(failed(&shop.seen(after)), Vec::new(), "what fails after that");
    // An evacuation keeps it out when it is healthy again.
    let ran = shop.stage.expect(LEAVE, 0);
    let seen = shop.seen(from);
    let steps = shop.shares(0, &[[80, 20], [0, 1]]);
    shop.stage.check(!answered(&seen, WEST).is_empty(), "the other region answers");
    shop.show("left out by Route 53", ["dead", ""], &seen, &ran, &steps);
}
