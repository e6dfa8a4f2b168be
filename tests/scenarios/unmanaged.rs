//! `drift -unmanaged` on servers: what carries our tags and is in no state, and what cannot be said.

use lifeboat_testbed::{Fault, Rule};
use serde_json::Value as Json;

use super::folder::Folder;
use super::stage::{APPLY, Stage};
use super::web::{self, EAST, WEST};

/// Type and id of each object that is in no state, and the address that its tags name.
#[track_caller]
fn unmanaged(stage: &Stage, code: i32) -> (Vec<[String; 3]>, Json) {
    let ran = stage.expect(&["drift", "-input=false", "-unmanaged", "-format=json"], code);
    stage.same(ran.mutating(), 0, "drift makes no mutating call");
    let json: Json = serde_json::from_str(&ran.stdout).unwrap();
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let all = json["unmanaged"]["objects"].as_array().unwrap().iter();
    let found = all.map(|o| [text(&o["type"]), text(&o["id"]), text(&o["tagged_address"])]);
    let mut found: Vec<[String; 3]> = found.collect();
    found.sort();
    (found, json)
}

#[test]
fn objects_with_our_tags_that_no_state_knows_are_found_in_every_scope() {
    let stage = Stage::new(Folder::example(web::EXAMPLE));
    stage.expect(APPLY, 0);
    let (found, _) = unmanaged(&stage, 0);
    stage.same(found, vec![], "everything of ours is in the state");
    // By hand, as a run leaves it whose state was lost: with tags of ours, and with others'.
    let aws = stage.bed.aws();
    for (bucket, topology) in [("lost-logs", "web"), ("other-logs", "another")] {
        aws.create_bucket(WEST, bucket).unwrap();
        let tags = format!(
            "<Tagging><TagSet><Tag><Key>lifeboat:topology</Key><Value>{topology}</Value></Tag><Tag>\
             <Key>lifeboat:address</Key><Value>bucket.lost.aws_s3_bucket=5B=22us-west-2=22=5D</Value>\
             </Tag></TagSet></Tagging>"
        );
        let put = aws.raw("s3", WEST, "PUT", &format!("/{bucket}?tagging")).body(tags);
        put.send().unwrap().ok().unwrap();
    }
    // Of each kind with tags one that the state has forgotten.
    let listed = stage.expect(&["state", "list"], 0).stdout;
    let forgotten = ["aws_iam_role", "aws_s3_bucket[", "aws_route53_health_check"].map(|kind| {
        let address = listed.lines().find(|line| line.contains(kind)).unwrap().to_owned();
        stage.expect(&["state", "rm", &address], 0);
        address
    });
    let (found, json) = unmanaged(&stage, 2);
    let lost = "bucket.lost.aws_s3_bucket[\"us-west-2\"]".to_owned();
    let lost = ["aws_s3_bucket".to_owned(), "lost-logs".to_owned(), lost];
    stage.check(found.contains(&lost), format_args!("the lost bucket: {found:?}"));
    for address in &forgotten {
        let there = found.iter().any(|[.., at]| at == address);
        stage.check(there, format_args!("{address} is found: {found:?}"));
    }
    stage.same(found.len(), 4, "and nothing else");
    stage.same(&json["verdict"], &Json::from("drift"), "the verdict");
    let declared = json["unmanaged"]["objects"].as_array().unwrap().iter();
    let places = declared.filter(|object| object.get("place").is_some()).count();
    stage.same(places, 3, "those that the files declare say where");
    let text = stage.expect(&["drift", "-input=false", "-unmanaged"], 2).stdout;
    let said = "aws_s3_bucket lost-logs in us-west-2: tagged bucket.lost.aws_s3_bucket";
    stage.check(text.contains(said), "the text has it");
    let lines = stage.expect(&["drift", "-input=false", "-unmanaged", "-json"], 2).events();
    let strays = lines.iter().filter(|line| line["type"] == "unmanaged_object").count();
    stage.same(strays, 4, "the lines have them");
    // Without being asked it looks at nothing but the state.
    stage.expect(&["drift", "-input=false"], 0);
    // What the files declare is taken over again; the bucket stays until somebody decides.
    stage.expect(APPLY, 0);
    let (found, _) = unmanaged(&stage, 2);
    stage.same(found, vec![lost], "only that is left");
}

#[test]
fn what_cannot_be_listed_is_said_and_never_taken_for_nothing() {
    let stage = Stage::of(&format!(
        "provider \"aws\" {{\n  region = \"{EAST}\"\n}}\n\
         resource \"aws_s3_bucket\" \"a\" {{\n  bucket = \"unmanaged-a\"\n}}\n"
    ));
    stage.expect(APPLY, 0);
    let roles = stage.bed.proxy.inject(Rule::new(Fault::Denied403).operation("ListRoles"));
    let (_, json) = unmanaged(&stage, 6);
    let not = &json["unmanaged"]["not_listed"][0];
    stage.same(&not["type"], &Json::from("aws_iam_role"), "the roles are unknown");
    stage.same(&not["cause"], &Json::from("denied"), "and why");
    stage.same(&json["incomplete"], &Json::Bool(true), "it says so");
    stage.bed.proxy.remove(roles);
    let calls = |text: &str| stage.ledger().count(|call| call.operation == text);
    let before = calls("ListBuckets");
    let (found, _) = unmanaged(&stage, 0);
    stage.same(found, vec![], "then it is known");
    stage.same(calls("ListBuckets") - before, 1, "one listing serves the refresh and the search");
}
