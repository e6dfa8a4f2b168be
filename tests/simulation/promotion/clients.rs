//! The clients of the data: who may write where, as the live policies of the buckets say it.

use lifeboat_sdk::Value;
use lifeboat_sim::{Key, SimCloud};
use serde_json::Value as Json;

use super::topology::{ACCOUNT, bucket, group, machine};

/// Whether the bucket of a region takes writes. What answers is the live policy alone.
pub(super) fn is_open(cloud: &SimCloud, region: &str) -> bool {
    takes(cloud, region, "s3:PutObject")
}

/// Whether the bucket of a region takes what is copied from others.
pub(super) fn takes_copies(cloud: &SimCloud, region: &str) -> bool {
    takes(cloud, region, "s3:ReplicateObject")
}

/// Whether the service's security group of a region lets anybody in.
pub(super) fn lets_in(cloud: &SimCloud, region: &str) -> bool {
    says(cloud, region, "aws_security_group_ingress", &group(region), "open")
}

/// Whether the service's machine in a region runs.
pub(super) fn runs(cloud: &SimCloud, region: &str) -> bool {
    says(cloud, region, "aws_ec2_instance_state", &machine(region), "running")
}

fn says(cloud: &SimCloud, region: &str, kind: &str, id: &str, state: &str) -> bool {
    let live = cloud.get(&Key::regional(ACCOUNT, region, kind, id));
    let live = live.as_ref().and_then(|live| live.document.get("state"));
    live.and_then(Value::as_str) == Some(state)
}

fn takes(cloud: &SimCloud, region: &str, action: &str) -> bool {
    let id = bucket(region);
    let key = |kind: &str| Key::regional(ACCOUNT, region, kind, &id);
    if cloud.get(&key("aws_s3_bucket")).is_none() {
        return false;
    }
    let policy = cloud.get(&key("aws_s3_bucket_policy"));
    let text = policy.as_ref().and_then(|p| p.document.get("policy")).and_then(Value::as_str);
    !text.is_some_and(|policy| refuses(policy, action))
}

/// Whether a policy refuses an action on objects to everybody, whatever they send.
fn refuses(policy: &str, action: &str) -> bool {
    let policy: Json = serde_json::from_str(policy).unwrap_or_default();
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => action.starts_with(start),
        None => action == pattern,
    };
    let everybody = |principal: &Json| {
        let aws = principal.get("AWS").unwrap_or(principal);
        list(aws).into_iter().any(|who| who == "*")
    };
    list(&policy["Statement"]).into_iter().any(|statement| {
        statement["Effect"] == "Deny"
            && everybody(&statement["Principal"])
            && (statement["Condition"].is_null() || only_copies(&statement["Condition"]))
            && list(&statement["Action"]).into_iter().filter_map(Json::as_str).any(fits)
            && covers(statement)
    })
}

/// Whether a condition lets through nothing but what is copied from elsewhere and what a backfill does,
/// which no client does.
fn only_copies(condition: &Json) -> bool {
    let all = condition.as_object().is_some_and(|all| all.len() == 1);
    let unlike = condition["StringNotLike"].as_object();
    let known = ["aws:UserAgent", "s3:x-amz-copy-source"];
    all && unlike.is_some_and(|keys| keys.keys().all(|key| known.contains(&key.as_str())))
}

/// Whether a statement is about the objects of clients: about all, or all but lifeboat's own.
fn covers(statement: &Json) -> bool {
    let texts = |name: &str| {
        let all = list(&statement[name]).into_iter().filter_map(Json::as_str);
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    let spared = texts("NotResource");
    let all = texts("Resource").iter().any(|objects| objects.ends_with("/*"));
    all || (!spared.is_empty() && spared.iter().all(|objects| objects.contains("/.lifeboat/")))
}

/// One thing may be written without brackets.
fn list(json: &Json) -> Vec<&Json> {
    json.as_array().map_or_else(|| vec![json], |items| items.iter().collect())
}

#[test]
fn a_policy_refuses_writes_by_a_deny_without_a_condition_only() {
    let refuses = |policy: &str| refuses(policy, "s3:PutObject");
    let policy = |sid: &str, action: &str, rest: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{sid}","Effect":"Deny","Principal":"*",
                 "Action":{action},"Resource":"arn:aws:s3:::data/*"{rest}}}]}}"#
        )
    };
    assert!(refuses(&policy("any", r#"["s3:DeleteObject*","s3:PutObject*"]"#, "")));
    assert!(refuses(&policy("any", r#""s3:*""#, "")));
    assert!(refuses(&policy("any", r#""s3:*""#, "").replace(r#""*","A"#, r#"{"AWS":["*"]},"A"#)));
    let tls = r#","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#;
    assert!(!refuses(&policy("any", r#""s3:*""#, tls)));
    let copies = r#","Condition":{"StringNotLike":{"aws:UserAgent":"lifeboat-backfill",
                    "s3:x-amz-copy-source":["other/*"]}}"#;
    assert!(refuses(&policy("LifeboatFenceWrites", r#""s3:PutObject""#, copies)));
    assert!(!refuses(&policy("LifeboatFence", r#"["s3:ReplicateObject"]"#, "")));
    assert!(!refuses("no policy"));
}
