//! Buckets of somebody else: read before anything is planned for them, and left as they are.

use super::topology;
use crate::scenarios::stage::{APPLY, PLAN, Stage};
use crate::scenarios::web::{EAST, WEST};

const BUCKET: &str = "theirs-east";
const COPY: &str = "theirs-west";

const LIFECYCLE: &str = "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
    <Rule><ID>theirs</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
    <Expiration><Days>700</Days></Expiration></Rule></LifecycleConfiguration>";

fn files() -> String {
    topology(&format!(
        r#"
bucket "theirs" {{
  name  = {{ {EAST} = "{BUCKET}", {WEST} = "{COPY}" }}
  adopt = true
}}

retention "theirs" {{
  bucket = bucket.theirs
  tier "daily" {{ keep = "30d" }}
}}
"#
    ))
}

/// What the primary's bucket answers to `GET ?setting`.
fn setting(stage: &Stage, name: &str) -> String {
    let path = format!("/{BUCKET}?{name}");
    let reply = stage.bed.aws().raw("s3", EAST, "GET", &path).send().unwrap();
    format!("{} {}", reply.status, reply.text())
}

#[test]
fn an_adopted_bucket_is_read_first_and_stays_with_its_settings() {
    let stage = Stage::of(&files());
    let nothing = stage.expect(PLAN, 1);
    stage.check(nothing.said().contains("plan::adopt_missing"), "there is nothing to adopt");
    for (region, bucket) in [(EAST, BUCKET), (WEST, COPY)] {
        stage.bed.aws().create_bucket(region, bucket).unwrap();
        stage.bed.aws().put_bucket_lifecycle(region, bucket, LIFECYCLE).unwrap();
    }
    let plan = stage.expect(PLAN, 2);
    let lifecycle = "retention.theirs.aws_s3_bucket_lifecycle_configuration";
    let planned = plan.changes("planned_change");
    let of = |address: &str| -> Vec<&str> {
        let of = planned.iter().filter(|(_, name)| name.starts_with(address));
        of.map(|(action, _)| action.as_str()).collect()
    };
    stage.same(of(lifecycle), vec!["update"; 2], "what is there is changed, not made");
    stage.same(plan.mutating(), 0, "a plan writes nothing");
    stage.expect(APPLY, 0);
    stage.expect_nothing();
    let theirs = |resource: &str| [BUCKET, COPY].contains(&resource);
    let made = stage.ledger().count(|c| c.operation == "CreateBucket" && theirs(&c.resource));
    stage.same(made, 0, "the bucket was there");
    let names = ["versioning", "lifecycle", "policy", "publicAccessBlock", "encryption"];
    let before = names.map(|name| setting(&stage, name));
    stage.check(before[0].contains("Enabled"), format_args!("versions are kept: {before:?}"));
    stage.check(!before[1].contains("700"), format_args!("the tier holds: {before:?}"));

    let gone = stage.expect(&["destroy", "-input=false", "-auto-approve"], 0);
    let changed = gone.calls.iter().filter(|call| call.mutating && theirs(&call.resource)).count();
    stage.same(changed, 0, "what is somebody else's is let go, not changed");
    stage.same(names.map(|name| setting(&stage, name)), before, "its settings stay");
    stage.same(stage.expect(&["state", "list"], 0).stdout, String::new(), "state is empty");
}
