//! Three regions behind a gate as clients see them: they reach the one that takes over, and never the third.

use std::time::Duration;

use lifeboat_testbed::dns::Bridge;
use lifeboat_testbed::{Fault, Rule};

use super::client::{Client, Outcome, Request};
use super::endpoint::{Endpoint, THIRD, THIRD_COPY};
use super::{begin, data, ground, measured, until_answered_by};
use crate::scenarios::folder::Folder;
use crate::scenarios::outside::Outside;
use crate::scenarios::promotion::{APPROVED, ATTESTED};
use crate::scenarios::ran::Ran;
use crate::scenarios::stage::{APPLY, Stage};
use crate::scenarios::web::{BUCKET, COPY, EAST, FILE, WEST};

/// What the region that is left and the one that takes over are turned by.
const GATE: &str = "/switch/us-east-1";
const ENTRY: &str = "/switch/us-west-2.entry";

fn files(ttl: u64, outside: &Outside) -> String {
    let names = format!("{EAST} = {BUCKET:?}, {WEST} = {COPY:?}, {THIRD} = {THIRD_COPY:?}");
    format!(
        r#"{}{}
dns_failover "web" {{
  zone    = aws_route53_zone.main.zone_id
  name    = "www.example.com"
  type    = "A"
  ttl     = "{ttl}s"
  switch  = "operator"
  policy  = "weighted"
  weights = {{ primary = 1, standby = 0 }}

  gate {{
    https             = "{}/switch"
    interval          = "10s"
    failure_threshold = 3
  }}

  endpoint "us-east-1" {{ address = terraform_data.here["us-east-1"].output }}
  endpoint "us-west-2" {{ address = terraform_data.here["us-west-2"].output }}
  endpoint "{THIRD}" {{ address = terraform_data.here["{THIRD}"].output }}
}}
"#,
        ground("warm_standby", &[EAST, WEST, THIRD]),
        data(&names),
        outside.host()
    )
}

/// Three regions that answer, and somebody who makes requests. Dropped in this order.
struct Site {
    client: Client,
    bridge: Bridge,
    endpoints: [Endpoint; 3],
    outside: Outside,
    stage: Stage,
}

impl Site {
    /// Nothing without a name server.
    #[track_caller]
    fn start() -> Option<Self> {
        let (ttl, hurry) = if measured() { (10, 1) } else { (1, 20) };
        let stage = Stage::new(Folder::new());
        let outside = Outside::start(stage.folder.path());
        let endpoints = Endpoint::trio(&stage, true);
        let port = endpoints[0].port();
        stage.folder.write(FILE, &files(ttl, &outside));
        let (client, bridge) = begin(&stage, &outside, port, hurry)?;
        let site = Self { client, bridge, endpoints, outside, stage };
        // Of a gate that is new nothing is known at first.
        site.until_answered_by(EAST);
        Some(site)
    }

    #[track_caller]
    fn until_answered_by(&self, region: &str) {
        until_answered_by(&self.stage, (&self.client, &self.bridge), region);
    }

    #[track_caller]
    fn apply(&self, arguments: &[&str], what: &str) -> Ran {
        let ran = self.stage.start_as(arguments, &[self.outside.trusted()]).finish();
        self.stage.same(ran.code, Some(0), what);
        ran
    }

    /// The requests from then on that came to the third region, or to the old primary after the new one had
    /// answered.
    #[track_caller]
    fn astray(&self, from: Duration) {
        let seen: Vec<Request> =
            self.client.seen().into_iter().filter(|request| request.at >= from).collect();
        let first = seen.iter().position(|request| request.outcome.is_answer_of(WEST));
        let first = first.unwrap_or(seen.len());
        let of = |outcome: &Outcome, region: &str| match outcome {
            Outcome::Answered(by) | Outcome::Refused(by) => by == region,
            _ => false,
        };
        let third: Vec<&Request> = seen.iter().filter(|it| of(&it.outcome, THIRD)).collect();
        self.stage.same(third, Vec::new(), "what came to the third region");
        let late = |request: &&Request| !request.outcome.is_answer_of(WEST);
        let late: Vec<&Request> = seen[first..].iter().filter(late).collect();
        self.stage.same(late, Vec::new(), "what came after the first answer of the new primary");
        self.stage.same(self.bridge.failed(), None, "what failed between Route 53 and the names");
    }
}

#[test]
fn a_gate_moves_clients_to_the_one_of_two_standbys_that_is_promoted_and_to_no_other() {
    let Some(site) = Site::start() else { return };
    let from = site.client.now();
    site.stage.folder.edit(FILE, "primary  = \"us-east-1\"", "primary  = \"us-west-2\"");
    site.stage.expect(&["plan", "-input=false", "-out=promotion.plan"], 0);
    let by_hand = site.stage.expect(&["show", "-commands", "promotion.plan"], 0).stdout;
    for path in [GATE, ENTRY] {
        let url = format!("https://{}{path}", site.outside.host());
        let turned =
            |method: &str| by_hand.lines().any(|line| line.contains(method) && line.contains(&url));
        let both = turned("--request PUT") && turned("--request DELETE");
        site.stage.check(both, format_args!("{path} is turned by hand: {by_hand}"));
    }
    let simulated = ["simulate", "-lose=us-east-1", "-to=us-west-2", "-global"];
    let simulated = site.stage.expect(&simulated, 0).stdout;
    site.stage.check(simulated.contains("open dns_failover.web/us-west-2"), &simulated);
    // The primary is gone, and the control plane of DNS with it: its home is there.
    site.endpoints[0].stop();
    let gone = site.stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST));
    let ran = site.apply(&[APPROVED, ATTESTED].concat(), "the promotion");
    let global = |call: &&_| {
        let call: &lifeboat_testbed::Entry = call;
        call.mutating && ["route53", "iam"].contains(&&*call.service)
    };
    site.stage.same(ran.calls.iter().filter(global).count(), 0, "changes through global planes");
    for path in [GATE, ENTRY] {
        site.stage.check(site.outside.is_open(path), format_args!("{path} is open"));
    }
    let opened: Vec<String> =
        site.outside.requests("PUT").into_iter().map(|it| it[0].clone()).collect();
    site.stage.same(opened.len(), 2, "what was opened");
    site.until_answered_by(WEST);
    site.astray(from);
    // It returns: the records are rewritten, and gate and entry are closed behind them.
    site.stage.bed.proxy.remove(gone);
    site.apply(APPLY, "what is left to do");
    for path in [GATE, ENTRY] {
        site.stage.check(!site.outside.is_open(path), format_args!("{path} is closed again"));
    }
    site.until_answered_by(WEST);
    site.astray(from);
    site.stage.expect_nothing();
}

#[test]
fn a_second_promotion_before_the_records_are_rewritten_starts_from_what_they_say() {
    let Some(site) = Site::start() else { return };
    let primary = |region: &str| format!("primary  = {region:?}");
    site.stage.folder.edit(FILE, &primary(EAST), &primary(WEST));
    site.endpoints[0].stop();
    let gone = site.stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(EAST));
    site.apply(&[APPROVED, ATTESTED].concat(), "the promotion");
    site.until_answered_by(WEST);
    // What can be done without the old primary: the third region follows the new one.
    site.apply(APPLY, "re-protection, in part");
    // On to the third region, while the records still lead to the first.
    site.stage.folder.edit(FILE, &primary(WEST), &primary(THIRD));
    let named = format!("-promote={THIRD}");
    let approved = ["apply", "-input=false", "-auto-approve", &named, "-from-epoch=2"];
    site.apply(&approved, "the second promotion");
    let third = format!("/switch/{THIRD}.entry");
    for (path, open) in [(GATE, true), (third.as_str(), true), (ENTRY, false)] {
        site.stage.same(site.outside.is_open(path), open, path);
    }
    site.stage.check(!site.outside.is_open("/switch/us-west-2"), "no record carries that gate");
    site.until_answered_by(THIRD);
    // All is rewritten and closed when the control plane answers.
    site.stage.bed.proxy.remove(gone);
    site.apply(APPLY, "what is left to do");
    for path in [GATE, third.as_str()] {
        site.stage.check(!site.outside.is_open(path), format_args!("{path} is closed again"));
    }
    site.until_answered_by(THIRD);
    site.stage.same(site.bridge.failed(), None, "what failed between Route 53 and the names");
    site.stage.expect_nothing();
}
