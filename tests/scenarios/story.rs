//! The whole story of the demo topology, each step with what it must show (issue 3, must show 2).

use lifeboat_testbed::{Fault, Rule};

use super::folder::Folder;
use super::stage::{APPLY, PLAN, Stage};
use super::web;

#[test]
fn the_demo_topology_from_empty_to_empty() {
    let stage = Stage::new(Folder::example(web::EXAMPLE));
    stage.same(stage.left(), Vec::new(), "the servers are empty at first");
    let plan = stage.expect(PLAN, 2);
    stage.same(plan.mutating(), 0, "a plan makes no mutating call");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    web::replicated(&stage, "daily/report.txt");
    four_things_drift(&stage);
    half_of_it_goes_dark(&stage);
    for (region, bucket) in [(web::EAST, web::BUCKET), (web::WEST, web::COPY)] {
        stage.bed.aws().empty_bucket(region, bucket).unwrap();
    }
    web::destroyed(&stage);
}

/// Exactly the four that were changed are named, and then put right.
#[track_caller]
fn four_things_drift(stage: &Stage) {
    let aws = stage.bed.aws();
    web::raise_ttl(&aws);
    web::open_bucket(&aws);
    web::shorten_lifecycle(&aws);
    web::widen_policy(&aws);
    let drift = stage.expect(&["drift", "-json"], 2);
    stage.same(drift.mutating(), 0, "drift makes no mutating call");
    let mut named: Vec<String> =
        drift.changes("resource_drift").into_iter().map(|(_, address)| address).collect();
    named.sort();
    let should = [
        r#"bucket.exports.aws_s3_bucket_public_access_block["us-east-1"]"#,
        r#"dns_failover.web.aws_route53_record["us-east-1"]"#,
        r#"replication.exports.aws_iam_role_policy["global"]"#,
        r#"retention.exports.aws_s3_bucket_lifecycle_configuration["us-west-2"]"#,
    ];
    stage.same(named, should.map(str::to_owned).to_vec(), "drift names these four and no other");
    let apply = stage.expect(APPLY, 0);
    stage.check(apply.mutating() >= 4, "apply puts them right");
    stage.expect_nothing();
}

/// A region hangs: the plan ends in time, the rest is applied, and what waited follows.
#[track_caller]
fn half_of_it_goes_dark(stage: &Stage) {
    let dark = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(web::WEST).regional());
    let plan = stage.run(PLAN);
    stage.same(plan.code, Some(0), "what cannot be read and is not changed is no change");
    stage.check(plan.incomplete(), "the plan says that it is incomplete");
    stage.check(plan.took.as_secs() < 12, format_args!("the plan took {:?}", plan.took));
    stage.same(plan.mutating(), 0, "a plan makes no mutating call");
    stage.folder.edit(web::FILE, "keep   = \"30d\"", "keep   = \"45d\"");
    let plan = stage.expect(PLAN, 2);
    stage.check(!plan.changes("planned_change").is_empty(), "the healthy region changes");
    let deferred = plan.changes("deferred_change");
    let west = |(_, address): &(String, String)| address.contains(web::WEST);
    stage.check(!deferred.is_empty() && deferred.iter().all(west), "the other one is deferred");
    let apply = stage.run(APPLY);
    stage.check(matches!(apply.code, Some(0 | 4)), "the healthy part is applied");
    stage.check(apply.mutating() >= 1, "the healthy part is applied");
    stage.bed.proxy.remove(dark);
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}
