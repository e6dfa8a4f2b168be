//! The story: a list of steps, and what those that are not commands do to the servers.
//!
//! Names are those of `examples/two-region-web`.

use lifeboat_testbed::Aws;

use super::step::Act;
use crate::Result;

/// The folder under `examples/`.
pub(super) const EXAMPLE: &str = "two-region-web";

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";
const BUCKET: &str = "web-exports";
const COPY: &str = "web-exports-dr";
const OBJECT: &str = "daily/report.txt";
const ZONE: &str = "example.com";
const NAME: &str = "www.example.com";

use Act::{BlackOut, Check, Destroy, Drift, Edit, Restore, Run, Tamper};

const PLAN: &[&str] = &["plan", "-input=false", "-detailed-exitcode"];
const APPLY: &[&str] = &["apply", "-input=false", "-auto-approve"];

/// What is changed behind its back.
const TAMPERED: &[&str] = &[
    r#"bucket.exports.aws_s3_bucket_public_access_block["us-east-1"]"#,
    r#"dns_failover.web.aws_route53_record["us-west-2"]"#,
    r#"replication.exports.aws_iam_role_policy["global"]"#,
    r#"retention.exports.aws_s3_bucket_lifecycle_configuration["us-west-2"]"#,
];

/// The steps: what is said, and what is done.
#[rustfmt::skip]
pub(super) const STORY: &[(&str, Act)] = &[
    ("an empty account", Check(nothing)),
    ("init", Run(&["init", "-input=false"], &[0])),
    ("plan: everything is to be made", Run(PLAN, &[2])),
    ("apply", Run(APPLY, &[0])),
    ("plan again: no changes", Run(PLAN, &[0])),
    ("an object put into the primary bucket arrives in the other region", Check(replicated)),
    ("behind its back: the public access block of one bucket is removed", Tamper(open_bucket)),
    ("behind its back: the other bucket's lifecycle is replaced", Tamper(shorten_lifecycle)),
    ("behind its back: the TTL of one record is raised", Tamper(raise_ttl)),
    ("behind its back: a role's policy is widened", Tamper(widen_policy)),
    ("drift: exactly those four are found", Drift(TAMPERED)),
    ("apply puts them right", Run(APPLY, &[0])),
    ("plan: no changes", Run(PLAN, &[0])),
    ("us-west-2 hangs: it accepts connections and never answers", BlackOut(WEST)),
    ("plan still ends in time", Run(PLAN, &[0])),
    ("a retention is changed", Edit("main.dr.hcl", "keep   = \"30d\"", "keep   = \"45d\"")),
    ("plan: the healthy region changes, the other is deferred", Run(PLAN, &[2])),
    ("apply of the healthy part", Run(APPLY, &[0])),
    ("us-west-2 is back", Restore),
    ("apply of what was deferred", Run(APPLY, &[0])),
    ("plan: no changes", Run(PLAN, &[0])),
    ("the object is still there, in both regions", Check(still_there)),
    ("the buckets are emptied", Tamper(empty_buckets)),
    ("destroy", Destroy(&["destroy", "-input=false", "-auto-approve"])),
    ("the account is empty again", Check(nothing)),
];

fn nothing(aws: &Aws) -> Result<String> {
    let left = aws.everything_left()?;
    if left.is_empty() {
        return Ok("buckets, zones, records, health checks, roles: none".to_owned());
    }
    Err(format!("left on the servers: {}", left.join(", ")).into())
}

fn replicated(aws: &Aws) -> Result<String> {
    aws.put_object(EAST, BUCKET, OBJECT, "all is well")?;
    still_there(aws)
}

fn still_there(aws: &Aws) -> Result<String> {
    aws.get_object(EAST, BUCKET, OBJECT)?.ok()?;
    let copy = aws.get_object(WEST, COPY, OBJECT)?.ok()?;
    let status = copy.headers.get("x-amz-replication-status").and_then(|v| v.to_str().ok());
    let status = status.unwrap_or("no replication status");
    Ok(format!("s3://{COPY}/{OBJECT}: {:?} ({status})", copy.text()))
}

fn open_bucket(aws: &Aws) -> Result<String> {
    aws.delete_public_access_block(EAST, BUCKET)?;
    Ok(format!("{BUCKET} has no public access block"))
}

fn shorten_lifecycle(aws: &Aws) -> Result<String> {
    let rule = "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
                <ID>tidy-up</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
                <Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>";
    aws.put_bucket_lifecycle(WEST, COPY, rule)?;
    Ok(format!("{COPY} expires everything after one day"))
}

fn raise_ttl(aws: &Aws) -> Result<String> {
    let zone = aws.zone_id(ZONE)?.ok_or_else(|| format!("there is no zone {ZONE}"))?;
    if aws.set_member_ttl(&zone, NAME, WEST, 3600)? != 1 {
        return Err(format!("there is not one record {NAME} of {WEST}").into());
    }
    Ok(format!("the record {NAME} of {WEST} has a TTL of an hour"))
}

fn widen_policy(aws: &Aws) -> Result<String> {
    let role = first(aws, "ListRoles", &[], "RoleName")?;
    let policy = first(aws, "ListRolePolicies", &[("RoleName", &role)], "member")?;
    let all =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    aws.put_role_policy(&role, &policy, all)?;
    Ok(format!("the policy {policy} of {role} allows everything"))
}

/// The first text of this element in the answer of an IAM call.
fn first(aws: &Aws, action: &str, pairs: &[(&str, &str)], element: &str) -> Result<String> {
    let answer = aws.query("iam", EAST, action, pairs)?.ok()?;
    let texts = answer.texts(element);
    texts.into_iter().next().ok_or_else(|| format!("{action} finds none").into())
}

fn empty_buckets(aws: &Aws) -> Result<String> {
    let mut removed = 0;
    for (region, bucket) in [(EAST, BUCKET), (WEST, COPY)] {
        removed += aws.empty_bucket(region, bucket)?;
    }
    Ok(format!("{removed} versions removed"))
}
