//! The loss of the primary of a real topology, as `lifeboat simulate` tells it: on the state that an
//! apply of the example left, with the kinds of AWS.

use std::sync::Arc;
use std::time::Duration;

use lifeboat::engine::simulate::{Ending, Fate, Loss, Simulation, Source, Standing};
use lifeboat::plan::Phase;
use lifeboat::plan::promotion::Mode;
use lifeboat::view;
use lifeboat::view::paint::Paint;
use lifeboat_aws::Aws;
use lifeboat_sdk::Value;
use lifeboat_sim::{SimCloud, SimProvider};
use lifeboat_state::durations::Work;

use super::others::made;
use crate::simulation::simulate::{EAST, Trial, WEST, steps};

/// A web application in two regions.
const WEB: &str = include_str!("../../../examples/two-region-web/main.dr.hcl");

/// Machines and a group that follow the role of their region.
const SHOP: &str = include_str!("../../../examples/pilot-light/main.dr.hcl");

const FENCE: &str = "bucket.exports.aws_s3_bucket_policy[\"us-east-1\"]";
const OPENED: &str = "bucket.exports.aws_s3_bucket_policy[\"us-west-2\"]";

fn trial(text: &str) -> Trial {
    Trial::of(text, |cloud| Arc::new(SimProvider::over(cloud, Arc::new(Aws))))
}

/// What others have made: machines and a group in both regions, as the roles want them.
fn machines(cloud: &SimCloud) {
    for (region, machine, runs) in
        [(EAST, "i-0123456789abcdef0", true), (WEST, "i-0fedcba9876543210", false)]
    {
        let text = |text: &str| Value::string(text);
        let state = if runs { "running" } else { "stopped" };
        let state = [("instance_id", text(machine)), ("state", text(state))];
        made(cloud, "aws_ec2_instance_state", region, machine, &state);
        let number = |of: i64| Value::int(if runs { of } else { 0 });
        let group =
            [("name", text("shop-web")), ("min_size", number(1)), ("desired_capacity", number(2))];
        made(cloud, "aws_autoscaling_group", region, "shop-web", &group);
    }
}

fn ending(played: &Simulation) -> Ending {
    played.course.as_ref().unwrap_or_else(|| panic!("{played:?}")).ending
}

/// What becomes of a step.
#[track_caller]
fn fate(played: &Simulation, phase: Phase, about: &str) -> Fate {
    let all = steps(played, phase);
    // Role records are looked at once more before they are written.
    let step = all.iter().find(|step| *step.about == *about && step.verb != "confirm");
    step.unwrap_or_else(|| panic!("no {about} in {all:?}")).fate.clone()
}

#[test]
fn a_silent_primary_owes_its_fence_and_nothing_waits_for_it() {
    let played = trial(WEB).played();
    assert_eq!(ending(&played), Ending::Promoted);
    assert!(matches!(fate(&played, Phase::Fence, FENCE), Fate::Owed(_)), "{played:?}");
    assert_eq!(fate(&played, Phase::Promote, OPENED), Fate::Runs);
    let (promotion, losses) = (&played.course.as_ref().unwrap().promotion, &played.losses);
    assert!(promotion.needs_attestation());
    assert_eq!(losses, &[("bucket.exports".into(), Loss::Unknown)]);
    assert_eq!(played.calls_there, 0, "nothing on the critical path needs the region that is left");
    // A silent region is given up after eight seconds, whatever was declared.
    let reading = played.reading.as_secs();
    assert!((8..12).contains(&reading), "{reading}");
    assert_eq!(played.keeps_objective(), Some(true));
    let text = view::simulate::text(&played, Paint::default());
    for told in [
        "us-east-1 does not answer.",
        "owed     update bucket.exports.aws_s3_bucket_policy[\"us-east-1\"]: ",
        "---- no way back from here ----",
        "bucket.exports: what us-east-1 took last may be lost; how much is not known",
        "-attest=us-east-1 -reason=TEXT -accept-loss=unknown",
        ", of an RTO of 30m.",
        "Resolvers may keep the old answer for another 1 m 00 s.",
    ] {
        assert!(text.contains(told), "{told} is not in {text}");
    }
}

#[test]
fn a_primary_that_answers_is_fenced_and_nothing_is_lost() {
    let mut trial = trial(WEB);
    trial.mode = Mode::Graceful;
    let played = trial.played();
    assert_eq!(ending(&played), Ending::Promoted);
    assert_eq!(fate(&played, Phase::Fence, FENCE), Fate::Runs);
    assert_eq!(played.losses, [("bucket.exports".into(), Loss::Nothing)]);
    // The proof may take ten minutes where nobody has measured it.
    assert_eq!(played.known_by(Source::Limit), Duration::from_secs(600));
    assert!(played.reading < Duration::from_secs(2), "{:?}", played.reading);
}

/// The limit is told, and nobody hears of it.
#[test]
fn resolvers_are_not_asked_in_a_simulation() {
    let resolver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let named =
        format!("  resolvers = [\"{}\"]\n\n  health_check {{", resolver.local_addr().unwrap());
    let played = trial(&WEB.replacen("  health_check {", &named, 1)).played();
    assert_eq!(ending(&played), Ending::Promoted);
    assert_eq!(fate(&played, Phase::Commit, "resolvers.web"), Fate::Runs);
    resolver.set_nonblocking(true).unwrap();
    let heard = resolver.recv(&mut [0; 512]).unwrap_err();
    assert_eq!(heard.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn durations_that_are_declared_or_measured_add_up_along_the_path() {
    let mut trial = trial(WEB);
    trial.mode = Mode::Graceful;
    let of = |kind: &str, operation: &str| Work {
        kind: kind.to_owned(),
        operation: operation.to_owned(),
        location: WEST.to_owned(),
    };
    let proof = "replication.exports.aws_s3_bucket_replication_configuration[\"us-east-1\"]";
    trial.declared = vec![("call", 0), (proof, 30), ("aws_s3_bucket_policy.update", 5)];
    trial.measured.learn(of("aws_s3_object", "update"), vec![Duration::from_secs(7)]);
    let played = trial.played();
    let known = [Source::Declared, Source::Measured].map(|source| played.known_by(source));
    // Two policies and the proof; the record of the west after that of the east, which costs nothing.
    assert_eq!(known.map(|of| of.as_secs()), [40, 7], "{:#?}", played.course);
    assert_eq!(played.course.as_ref().unwrap().took.as_secs(), 47);
    assert_eq!(played.rto().unwrap().as_secs(), 47);
}

#[test]
fn without_the_control_plane_of_dns_a_promotion_by_records_is_refused_before_it_begins() {
    let mut trial = trial(WEB);
    trial.global = true;
    let played = trial.played();
    assert!(played.course.is_none());
    let codes: Vec<&str> = played.diagnostics.0.iter().map(|found| found.code).collect();
    assert!(codes.contains(&"promotion::unreachable"), "{codes:?}");
    assert_eq!(played.rto(), None);
}

#[test]
fn each_step_that_fails_leaves_the_promotion_where_its_name_says() {
    let mut trial = trial(WEB);
    trial.mode = Mode::Graceful;
    let claim = "region.us-west-2.aws_s3_object[\"us-west-2\"]";
    let record = "dns_failover.web.aws_route53_record[\"us-west-2\"]";
    for (step, phase, standing) in [
        (FENCE, Phase::Fence, Standing::Unclaimed),
        (claim, Phase::Claim, Standing::Unclaimed),
        (OPENED, Phase::Promote, Standing::Claimed),
        (record, Phase::Switch, Standing::Promoting),
    ] {
        trial.fail = Some(step);
        let played = trial.played();
        assert_eq!(ending(&played), Ending::Stopped(standing), "{step}");
        assert!(matches!(fate(&played, phase, step), Fate::Fails(_)), "{step}: {played:?}");
        if phase < Phase::Promote {
            assert_eq!(fate(&played, Phase::Promote, OPENED), Fate::Blocked, "{step}");
        }
        assert_eq!(played.scene.lose, EAST.into());
    }
}

#[test]
fn machines_take_as_long_as_they_may_until_somebody_has_measured_them() {
    let mut trial = Trial::of(SHOP, |cloud| {
        machines(cloud);
        Arc::new(SimProvider::over(cloud, Arc::new(Aws)))
    });
    // Ten minutes at most, for machines and group of the standby side by side.
    let played = trial.played();
    assert_eq!(ending(&played), Ending::Promoted, "{:?}", played.diagnostics);
    assert_eq!(played.known_by(Source::Limit).as_secs(), 600);
    for (kind, seconds) in [("aws_ec2_instance_state", 70), ("aws_autoscaling_group", 180)] {
        let (kind, operation) = (kind.to_owned(), "update".to_owned());
        let work = Work { kind, operation, location: WEST.to_owned() };
        trial.measured.learn(work, vec![Duration::from_secs(seconds)]);
    }
    let played = trial.played();
    assert_eq!(played.known_by(Source::Measured).as_secs(), 180);
    assert_eq!(played.known_by(Source::Limit), Duration::ZERO);
    let mut took: Vec<u64> = steps(&played, Phase::Prepare)
        .iter()
        .map(|step| step.took.unwrap_or_default().as_secs())
        .collect();
    took.sort_unstable();
    assert_eq!(took, [70, 180], "side by side");
}

#[test]
fn security_groups_are_closed_or_owed_and_open_when_writes_resume() {
    let [east, west] = ["sg-0123456789abcdef0", "sg-0fedcba9876543210"];
    let named = format!(
        "security_groups   = {{ {EAST} = [\"{east}\"], {WEST} = [\"{west}\"] }}\n  \
         capacity          = {{ primary = 2"
    );
    let text = SHOP.replace("capacity          = { primary = 2", &named);
    let at = |region: &str, group: &str| {
        format!("service.web.aws_security_group_ingress[\"{region}/{group}\"]")
    };
    for (mode, fence) in [(Mode::Graceful, false), (Mode::Ungraceful, true)] {
        let mut trial = Trial::of(&text, |cloud| {
            machines(cloud);
            for (region, group, state) in [(EAST, east, "open"), (WEST, west, "closed")] {
                let known =
                    [("security_group_id", Value::string(group)), ("state", Value::string(state))];
                made(cloud, "aws_security_group_ingress", region, group, &known);
            }
            Arc::new(SimProvider::over(cloud, Arc::new(Aws)))
        });
        trial.mode = mode;
        let played = trial.played();
        assert_eq!(ending(&played), Ending::Promoted, "{:?}", played.diagnostics);
        let closed = fate(&played, Phase::Fence, &at(EAST, east));
        assert_eq!(matches!(closed, Fate::Owed(_)), fence, "{closed:?}");
        assert_eq!(closed == Fate::Runs, !fence, "{closed:?}");
        // It is looked at once more after the claim, where it was placed.
        let claim = steps(&played, Phase::Claim);
        let held = claim.iter().any(|step| *step.about == *at(EAST, east) && step.verb == "hold");
        assert_eq!(held, !fence);
        assert_eq!(fate(&played, Phase::Promote, &at(WEST, west)), Fate::Runs);
    }
}
