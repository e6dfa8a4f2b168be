//! A promotion that people make by hand, with the API of the servers: it shows as role drift, is taken
//! over where all agrees, and gone on with where it does not.

use lifeboat_testbed::{Fault, Rule};
use serde_json::Value as Json;

use super::folder::Folder;
use super::promotion::{ATTESTED, EAST_FIRST, WEST_FIRST, answered, fenced, refused};
use super::ran::Ran;
use super::stage::{APPLY, Stage};
use super::web::{BUCKET, COPY, EAST, EXAMPLE, FILE, WEST, replicated};

const ADOPT: &[&str] = &["adopt", WEST, "-input=false", "-from-epoch=1"];
const CONTINUE: &[&str] = &["promote", "-continue", WEST, "-input=false", "-from-epoch=1"];

/// The example, applied, with an object in both buckets.
#[track_caller]
fn ready() -> Stage {
    let stage = Stage::new(Folder::example(EXAMPLE));
    stage.expect(APPLY, 0);
    replicated(&stage, "daily/before");
    stage
}

fn policy(stage: &Stage, region: &str, bucket: &str) -> Json {
    let raw = stage.bed.aws().raw("s3", region, "GET", &format!("/{bucket}?policy"));
    serde_json::from_str(&raw.send().unwrap().ok().unwrap().text()).unwrap()
}

fn put_policy(stage: &Stage, region: &str, bucket: &str, policy: &Json) {
    let raw = stage.bed.aws().raw("s3", region, "PUT", &format!("/{bucket}?policy"));
    raw.body(policy.to_string()).send().unwrap().ok().unwrap();
}

fn is_fence(statement: &Json) -> bool {
    statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("LifeboatFence"))
}

/// Lets the standby's bucket take writes; the statements that kept them out.
fn open_standby(stage: &Stage) -> Vec<Json> {
    let mut copy = policy(stage, WEST, COPY);
    let statements = copy["Statement"].as_array_mut().unwrap();
    let (fence, rest) = std::mem::take(statements).into_iter().partition(is_fence);
    *statements = rest;
    put_policy(stage, WEST, COPY, &copy);
    fence
}

/// Lets the other bucket take the writes.
fn swap_policies(stage: &Stage) {
    let mut bucket = policy(stage, EAST, BUCKET);
    let other_way = |statement: Json| {
        let text = statement.to_string().replace(COPY, "THE-COPY");
        let text = text.replace(BUCKET, COPY).replace("THE-COPY", BUCKET);
        serde_json::from_str::<Json>(&text).unwrap()
    };
    let fence = open_standby(stage).into_iter().map(other_way);
    bucket["Statement"].as_array_mut().unwrap().extend(fence);
    put_policy(stage, EAST, BUCKET, &bucket);
}

/// Lets Route 53 answer with the other region.
fn switch_records(stage: &Stage) {
    let aws = stage.bed.aws();
    let zone = aws.zone_id("example.com").unwrap().unwrap();
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset?maxitems=300");
    let sets = aws.raw("route53", EAST, "GET", &path).send().unwrap().ok().unwrap();
    let sets = sets.texts("ResourceRecordSet").into_iter().filter(|set| set.contains("<Failover>"));
    let swapped = sets.map(|set| {
        let (was, is) = match set.contains("<Failover>PRIMARY<") {
            true => ("PRIMARY", "SECONDARY"),
            false => ("SECONDARY", "PRIMARY"),
        };
        let set = set.replace(&format!("<Failover>{was}<"), &format!("<Failover>{is}<"));
        format!(
            "<Change><Action>UPSERT</Action><ResourceRecordSet>{set}</ResourceRecordSet></Change>"
        )
    });
    aws.change_records(&zone, &swapped.collect::<String>()).unwrap();
}

/// Turns the copies round.
fn turn_copies(stage: &Stage) {
    let aws = stage.bed.aws();
    let raw = |region: &str, method: &str, bucket: &str| {
        aws.raw("s3", region, method, &format!("/{bucket}?replication"))
    };
    let rules = raw(EAST, "GET", BUCKET).send().unwrap().ok().unwrap().text();
    let rules = rules.replace("<ID>us-west-2</ID>", "<ID>us-east-1</ID>").replace(COPY, BUCKET);
    raw(EAST, "DELETE", BUCKET).send().unwrap().ok().unwrap();
    raw(WEST, "PUT", COPY).body(rules).send().unwrap().ok().unwrap();
}

/// What was changed besides records and bundles, which are objects.
fn changed(ran: &Ran) -> Vec<&str> {
    let calls = ran.calls.iter().filter(|call| call.mutating && call.operation != "PutObject");
    calls.map(|call| &*call.operation).collect()
}

#[test]
fn a_promotion_by_hand_is_role_drift_and_after_adopting_it_nothing_is_left_to_do() {
    let stage = ready();
    swap_policies(&stage);
    switch_records(&stage);
    turn_copies(&stage);

    for command in [&["plan", "-input=false", "-detailed-exitcode"][..], &["drift"]] {
        let ran = stage.expect(command, 2);
        for text in ["promotion::role_drift", "lifeboat adopt us-west-2", "go back to us-east-1"] {
            stage.check(ran.stderr.contains(text), format_args!("{command:?} says {text:?}"));
        }
        stage.same(ran.mutating(), 0, "nothing is changed");
    }
    let ran = stage.expect(&["status", "-live"], 0);
    stage.check(ran.stdout.contains("Role drift: another region"), "status says it, too");
    stage.same(ran.mutating(), 0, "and changes nothing");
    let live = &stage.expect(&["status", "-live", "-json"], 0).document()["live"];
    let help = live["role_drift"]["help"].as_str().unwrap_or_default();
    stage.check(help.contains("lifeboat adopt us-west-2"), "it says what to do");
    stage.check(live["split_brain"].is_null(), "one region takes writes");
    // A pipeline does not undo what people did.
    let undone = stage.expect(APPLY, 5);
    stage.check(undone.stderr.contains("-promote=us-east-1 -from-epoch=1"), "it says what would");
    stage.same(undone.mutating(), 0, "nothing is changed");
    // Nobody is asked; another epoch, or another region, is another promotion.
    let unasked = stage.expect(&["adopt", "-input=false"], 5);
    let option = "lifeboat adopt us-west-2 -from-epoch=1";
    stage.check(unasked.stderr.contains(option), "it says what approves it");
    for other in [
        &["adopt", WEST, "-input=false", "-from-epoch=2"][..],
        &["adopt", EAST, "-input=false", "-from-epoch=1"],
        &["adopt", WEST, "-input=false"],
    ] {
        stage.same(stage.expect(other, 5).mutating(), 0, "nothing is changed");
    }
    stage.expect(&["adopt", "-input=false", "-from-epoch=1"], 1);

    let ran = stage.expect(ADOPT, 0);
    let said = [
        "bucket.exports: us-west-2",
        "aws_s3_bucket_policy[\"us-east-1\"]: takes no writes, as a standby",
        "aws_s3_bucket_policy[\"us-west-2\"]: takes writes, as the primary",
        "dns_failover.web: us-west-2",
        "replication.exports: us-west-2 (it changes after a promotion)",
        "Adoption: us-east-1 -> us-west-2, epoch 1 -> 2",
    ];
    for text in said {
        stage.check(ran.stdout.contains(text), format_args!("it says {text:?}"));
    }
    stage.same(changed(&ran), Vec::<&str>::new(), "nothing but records is written");
    let file = std::fs::read_to_string(stage.folder.path().join(FILE)).unwrap();
    stage.check(file.contains(WEST_FIRST), "the files name the new primary");
    let record =
        stage.bed.aws().get_object(EAST, "lifeboat-web-123456789012-us-east-1", "role.json");
    let record = record.unwrap().text();
    stage.check(record.contains("\"epoch\":2"), format_args!("the records say it: {record}"));
    let status = stage.expect(&["status"], 0).stdout;
    for text in ["primary us-west-2 (epoch 2)", "Made by hand, and adopted"] {
        stage.check(status.contains(text), format_args!("status says {text:?}"));
    }
    stage.check(!status.contains("Measured RTO"), "nothing was measured");
    let report = stage.expect(&["report"], 0).stdout;
    for text in ["people made it by hand, and nobody proved", "not measured: people made it"] {
        stage.check(report.contains(text), format_args!("the report says {text:?}:\n{report}"));
    }
    stage.expect(&["drift"], 0);

    // What was made by hand comes into state, and nothing is left to do.
    let ran = stage.expect(APPLY, 0);
    stage.same(changed(&ran), Vec::<&str>::new(), "nothing is changed");
    stage.expect_nothing();
    let again = stage.expect(&["adopt", "-input=false"], 5);
    stage.check(again.stderr.contains("promotion::nothing_by_hand"), "there is no more to adopt");
    // It is a promotion like any other: it is gone back from.
    let back = ["failback", "-input=false", "-from-epoch=2"];
    stage.expect(&back, 0);
    stage.same(answered(&stage), EAST.to_owned(), "the primary of the name");
}

#[test]
fn half_a_promotion_by_hand_is_not_adopted_but_gone_on_with() {
    let stage = ready();
    let early = stage.expect(&[CONTINUE, &["-accept-loss=unknown"]].concat(), 5);
    stage.check(early.stderr.contains("promotion::nothing_by_hand"), "nothing was begun by hand");
    swap_policies(&stage);
    stage.bed.aws().put_object(WEST, COPY, "daily/before", "written after it").unwrap();

    let plan = stage.expect(&["plan", "-input=false", "-detailed-exitcode"], 2);
    for text in ["promotion::role_drift", "promote -continue us-west-2", "dns_failover.web is not"]
    {
        stage.check(plan.stderr.contains(text), format_args!("the plan says {text:?}"));
    }
    let ran = stage.expect(ADOPT, 5);
    for text in ["bucket.exports: us-west-2", "dns_failover.web: us-east-1"] {
        stage.check(ran.stdout.contains(text), format_args!("the table says {text:?}"));
    }
    for text in ["promotion::divided", "lifeboat promote -continue us-west-2"] {
        stage.check(ran.stderr.contains(text), format_args!("it says {text:?}"));
    }
    stage.same(ran.mutating(), 0, "nothing is changed");
    let file = std::fs::read_to_string(stage.folder.path().join(FILE)).unwrap();
    stage.check(file.contains(EAST_FIRST), "the files stay");

    // Nobody proves what was copied before the writes went to the other bucket.
    let ran = stage.expect(CONTINUE, 5);
    stage.check(ran.stderr.contains("-accept-loss=unknown"), "it says what must be accepted");
    stage.same(ran.mutating(), 0, "nothing is changed");
    let ran = stage.expect(&[CONTINUE, &["-accept-loss=unknown"]].concat(), 0);
    stage.check(ran.stdout.contains("Not proven"), "what is not proven is told");
    stage.same(changed(&ran).contains(&"PutBucketPolicy"), false, "policies are in place");
    stage.same(answered(&stage), WEST.to_owned(), "the primary of the name");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(status.contains("Begun by hand, and continued"), "status says it");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let kept = stage.bed.aws().get_object(WEST, COPY, "daily/before").unwrap();
    stage.same(kept.text(), "written after it".to_owned(), "what was written there stays");
}

#[test]
fn two_writers_are_never_adopted_and_the_old_primary_is_fenced_by_going_on() {
    let stage = ready();
    open_standby(&stage);
    switch_records(&stage);
    let ran = stage.expect(ADOPT, 5);
    stage.check(ran.stderr.contains("two writers"), "it says what is wrong");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.expect(&[CONTINUE, &["-accept-loss=unknown"]].concat(), 0);
    stage.same(fenced(&stage, EAST, BUCKET), true, "the region that was left takes no writes");
    stage.same(fenced(&stage, WEST, COPY), false, "the new primary takes writes");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}

/// What everything else says is believed of a region that does not answer, with somebody's word.
#[test]
fn a_silent_old_primary_owes_its_fence_after_adopting_and_what_cannot_be_read_agrees_with_nobody() {
    let stage = ready();
    open_standby(&stage);
    switch_records(&stage);
    // Whoever did it wrote it into the files, too.
    stage.folder.edit(FILE, EAST_FIRST, WEST_FIRST);
    let gone = Rule::new(Fault::BlackHole).region(EAST).regional();
    let gone = stage.bed.proxy.inject(gone);
    // Where the traffic goes nobody can tell.
    let deaf = stage.bed.proxy.inject(Rule::new(Fault::BlackHole).service("route53"));
    let ran = stage.expect(&[ADOPT, ATTESTED].concat(), 5);
    stage.check(ran.stderr.contains("promotion::divided"), "what is not known agrees with nobody");
    stage.check(ran.stdout.contains("could not be read"), "the table says it");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.bed.proxy.remove(deaf);

    let ran = stage.expect(ADOPT, 5);
    stage.check(ran.stderr.contains("-attest=us-east-1"), "somebody must know that it is down");
    stage.same(ran.mutating(), 0, "nothing is changed");
    let ran = stage.expect(&[ADOPT, ATTESTED].concat(), 0);
    stage.same(changed(&ran), Vec::<&str>::new(), "nothing but records is written");
    let status = stage.expect(&["status"], 0).stdout;
    stage.check(status.contains("Owed by us-east-1"), "what is owed is said");
    // What it holds alone must not arrive by itself.
    stage.expect(APPLY, 0);
    stage.same(
        refused(&stage, WEST, COPY),
        vec!["LifeboatInbound"],
        "copies from there are refused",
    );

    stage.bed.proxy.remove(gone);
    stage.expect(APPLY, 0);
    stage.same(fenced(&stage, EAST, BUCKET), true, "it is fenced when it returns");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
}

/// Who wants the old primary back says so.
#[test]
fn a_promotion_by_hand_is_gone_back_from_by_an_apply_that_names_the_primary() {
    let stage = ready();
    swap_policies(&stage);
    switch_records(&stage);
    let back = ["-promote=us-east-1", "-from-epoch=1"];
    stage.expect(&[APPLY, &back].concat(), 0);
    stage.same(fenced(&stage, WEST, COPY), true, "the standby takes no writes");
    stage.same(fenced(&stage, EAST, BUCKET), false, "the primary takes writes");
    stage.same(answered(&stage), EAST.to_owned(), "the primary of the name");
    stage.expect_nothing();
}

#[test]
fn nothing_is_adopted_while_a_promotion_is_open_or_before_the_first_apply() {
    let stage = Stage::new(Folder::example(EXAMPLE));
    let ran = stage.expect(&["adopt", "-input=false"], 1);
    stage.check(ran.stderr.contains("There is nothing to adopt"), "nothing has been applied");
    stage.expect(APPLY, 0);
    let ran = stage.expect(&["adopt", "-input=false"], 5);
    stage.check(ran.stderr.contains("promotion::nothing_by_hand"), "nothing was done by hand");
    let broken = Rule::new(Fault::Status500).operation("ChangeResourceRecordSets");
    let broken = stage.bed.proxy.inject(broken);
    stage.expect(&["promote", WEST, "-input=false", "-from-epoch=1"], 4);
    stage.bed.proxy.remove(broken);
    let ran = stage.expect(ADOPT, 5);
    stage.check(ran.stderr.contains("A promotion is open"), "it says why");
    stage.same(ran.mutating(), 0, "nothing is changed");
    stage.expect(APPLY, 0);
    stage.same(answered(&stage), WEST.to_owned(), "the promotion is gone on with");
}
