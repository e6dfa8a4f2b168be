//! Buckets: names, findings, computed values.

use lifeboat_aws_core::Clients;
use lifeboat_sdk::{Kind as _, Location, Object as _, RegionName, Scope, Type, Value};

use super::*;

fn scope(region: &str) -> Scope {
    Scope {
        provider: "aws".into(),
        account: "123456789012".into(),
        location: Location::Region(RegionName::from(region)),
        service: "s3".into(),
    }
}

#[test]
fn names() {
    for name in ["abc", "a.b-c", "0ab", &"a".repeat(63)] {
        assert!(is_name(name), "{name}");
    }
    for name in ["ab", "Abc", "a_b", "-ab", "ab-", "a..b", "192.168.0.1", &"a".repeat(64)] {
        assert!(!is_name(name), "{name}");
    }
    let kind = BucketKind(Clients::unconfigured());
    let named = |bucket: &str| Bucket { bucket: Some(bucket.into()), ..Bucket::default() };
    assert!(kind.validate(&named("abc").encode()).is_empty());
    assert_eq!(kind.validate(&named("A").encode()).len(), 1);
    let both = Bucket { bucket_prefix: Some("x".into()), ..named("abc") };
    assert_eq!(kind.validate(&both.encode()).len(), 1);
}

#[test]
fn what_follows_from_name_and_region() {
    let bucket = Bucket::default().named("logs", &scope("eu-west-1"));
    assert_eq!(bucket.arn.as_deref(), Some("arn:aws:s3:::logs"));
    assert_eq!(
        bucket.bucket_regional_domain_name.as_deref(),
        Some("logs.s3.eu-west-1.amazonaws.com")
    );
    assert_eq!(bucket.hosted_zone_id.as_deref(), Some("Z1BKCTXD74EZPE"));
    let china = Bucket::default().named("logs", &scope("cn-north-1"));
    assert_eq!(china.bucket_domain_name.as_deref(), Some("logs.s3.amazonaws.com.cn"));
}

#[test]
fn tags_all_follow_tags() {
    let kind = BucketKind(Clients::unconfigured());
    let document = Bucket::default().encode().with("tags_all", Value::unknown(Type::Dynamic));
    let normal = kind.normalise(&document.with("tags", Value::null()));
    assert_eq!(normal.get("tags"), Bucket::default().encode().get("tags"));
    assert_eq!(normal.get("tags_all"), normal.get("tags"));
    let unknown = kind.normalise(&document.with("tags", Value::unknown(Type::map(Type::String))));
    assert!(unknown.get("tags_all").is_some_and(Value::is_unknown));
}
