//! Copies in parts, on a server: what is copied keeps what it has, and what fails leaves no parts.

use std::sync::Arc;

use lifeboat_aws_core::{Clients, Config};
use lifeboat_sdk::context::IdentifiedSink;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{Ctx, Failure, Location, Name, Purpose, Replaces, Scope, Session};
use lifeboat_testbed::contract::Emulated;
use lifeboat_testbed::{ACCOUNT, Fault, Nth, Pair, Routes, Rule};

use super::backfill::{Copying, Done, one};
use super::deletions::{Put, put};
use super::listing::{Pair as Side, Pairs};
use crate::setting::At;

const MIB: usize = 1 << 20;

struct Nobody;

impl IdentifiedSink for Nobody {
    fn identified<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

/// A server with a bucket on each side, and an object of 12 MiB in that of the east.
struct Ground {
    server: Emulated,
    ctx: Ctx,
    clients: Clients,
    _pair: Pair,
}

impl Ground {
    fn new() -> Self {
        let pair = Pair::lease().unwrap();
        let server = Emulated::new("MiniStack", &pair, Routes::default()).unwrap();
        let clients = Clients::new(&Config::default(), &server.environment()).unwrap();
        let session = Arc::new(Session::new(Purpose::Apply));
        for (region, bucket) in [("us-east-1", "large-east"), ("us-west-2", "large-west")] {
            server.aws().create_bucket(region, bucket).unwrap();
            server.aws().put_bucket_versioning(region, bucket, "Enabled").unwrap();
        }
        let text: Vec<u8> = (0..12 * MIB).map(|n| u8::try_from(n / MIB).unwrap()).collect();
        let put = server.aws().raw("s3", "us-east-1", "PUT", "/large-east/large/a%20b");
        let put = put.header("x-amz-meta-team", "web").header("x-amz-tagging", "keep=long&a%20b=c");
        let put = put.header("content-type", "text/x-note").header("cache-control", "no-store");
        let put = put.header("x-amz-website-redirect-location", "/other");
        put.body(text).send().unwrap().ok().unwrap();
        let ctx = Ctx::writing(session, Arc::new(Nobody));
        Self { server, ctx, clients, _pair: pair }
    }

    fn scope(region: &str) -> Scope {
        Scope {
            provider: "aws".into(),
            account: ACCOUNT.into(),
            location: Location::Region(region.into()),
            service: Name::from("s3"),
        }
    }

    /// Deletes the copy, as it is listed now.
    async fn deleted(&self) -> Result<Put, Failure> {
        let (east, west) = (Self::scope("us-east-1"), Self::scope("us-west-2"));
        let from = crate::client(&self.clients, &east).await.unwrap();
        let to = crate::client(&self.clients, &west).await.unwrap();
        let ctx = &self.ctx;
        let source = At { ctx, scope: &east, client: &from, bucket: "large-east" };
        let target = At { ctx, scope: &west, client: &to, bucket: "large-west" };
        let mut pairs = Pairs::new(&source, &target, "", false);
        let Side::Of(_, Some(other)) = pairs.next().await.unwrap().unwrap() else { panic!() };
        put(&target, &other).await
    }

    /// Copies it as if one call copied no more than 5 MiB; `meanwhile` is between look and copy.
    async fn copied(&self, meanwhile: impl FnOnce()) -> Result<Done, Failure> {
        self.copied_by(5 * MIB as u64, meanwhile).await
    }

    /// The same, where one call copies so much.
    async fn copied_by(&self, largest: u64, meanwhile: impl FnOnce()) -> Result<Done, Failure> {
        let (east, west) = (Self::scope("us-east-1"), Self::scope("us-west-2"));
        let from = crate::client(&self.clients, &east).await.unwrap();
        let to = crate::client(&self.clients, &west).await.unwrap();
        let ctx = &self.ctx;
        let source = At { ctx, scope: &east, client: &from, bucket: "large-east" };
        let target = At { ctx, scope: &west, client: &to, bucket: "large-west" };
        let mut pairs = Pairs::new(&source, &target, "", false);
        let Side::Of(object, other) = pairs.next().await.unwrap().unwrap() else { panic!() };
        meanwhile();
        let (over, to, part) = (Replaces::Older, None, 5 << 20);
        let work = Copying { source: &source, target: &target, over, to, largest, part };
        one(&work, &object, other.as_ref()).await
    }

    /// Uploads that were begun and not ended.
    fn uploads(&self) -> usize {
        let list = self.server.aws().raw("s3", "us-west-2", "GET", "/large-west?uploads");
        list.send().unwrap().ok().unwrap().texts("UploadId").len()
    }

    fn calls(&self, operation: &str) -> usize {
        let all = self.server.proxy().ledger().entries();
        all.iter().filter(|call| call.operation == operation).count()
    }
}

#[tokio::test]
async fn what_is_too_large_for_one_call_is_copied_in_parts_with_all_that_it_has() {
    let ground = Ground::new();
    let aws = ground.server.aws();
    assert!(matches!(ground.copied(|| ()).await, Ok(Done::Copied)));
    assert_eq!(ground.calls("UploadPartCopy"), 3);
    assert_eq!(ground.calls("CopyObject"), 0);
    let copy = aws.get_object("us-west-2", "large-west", "large/a%20b").unwrap();
    let source = aws.get_object("us-east-1", "large-east", "large/a%20b").unwrap();
    assert!(copy.status == 200 && copy.body == source.body && copy.body.len() == 12 * MIB);
    for (name, value) in [
        ("x-amz-meta-team", "web"),
        ("content-type", "text/x-note"),
        ("cache-control", "no-store"),
        ("x-amz-tagging-count", "2"),
        ("x-amz-website-redirect-location", "/other"),
    ] {
        let header = copy.headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header, Some(value), "{name}");
    }
    assert_eq!(ground.uploads(), 0);
    // It is the same, also where its tag is not.
    assert!(matches!(ground.copied(|| ()).await, Ok(Done::Nothing)));
}

#[tokio::test]
async fn a_copy_in_parts_that_fails_leaves_no_parts_and_goes_over_nothing_newer() {
    let ground = Ground::new();
    let refused =
        ground.server.proxy().inject(Rule::new(Fault::Denied403).operation("UploadPartCopy"));
    assert!(matches!(ground.copied(|| ()).await, Ok(Done::Failed(_))));
    assert_eq!((ground.calls("AbortMultipartUpload"), ground.uploads()), (1, 0));
    ground.server.proxy().remove(refused);
    let aws = ground.server.aws();
    let newer = || aws.put_object("us-west-2", "large-west", "large/a%20b", "newer").unwrap();
    let done = ground.copied(newer).await;
    assert_eq!(ground.calls("CompleteMultipartUpload"), 1, "it is refused as the last thing");
    assert!(matches!(&done, Ok(Done::Left(_))), "{done:?}");
    let copy = ground.server.aws().get_object("us-west-2", "large-west", "large/a%20b").unwrap();
    assert_eq!((copy.text().as_str(), ground.uploads()), ("newer", 0));
}

/// S3 answers some of very many calls with 500 (S3 user guide, "Best practices for handling errors").
#[tokio::test]
async fn a_copy_of_which_nobody_knows_whether_it_was_made_is_made_again() {
    let ground = Ground::new();
    let (aws, proxy) = (ground.server.aws(), ground.server.proxy());
    let whole = 1 << 30;
    for (fault, operation, calls) in [
        (Fault::Status500, "CopyObject", 2),
        // It is made; asked again, the server says that something is there, which is the copy itself.
        (Fault::DropAnswer, "CopyObject", 2),
        (Fault::Status500, "UploadPartCopy", 4),
        (Fault::DropAnswer, "CompleteMultipartUpload", 2),
    ] {
        let largest = if operation == "CopyObject" { whole } else { 5 * MIB as u64 };
        let before = ground.calls(operation);
        let once = Rule::new(fault.clone()).operation(operation).nth(Nth::First(1));
        let rule = proxy.inject(once);
        let done = ground.copied_by(largest, || ()).await;
        proxy.remove(rule);
        let what = format!("{fault:?} of {operation}");
        assert!(matches!(done, Ok(Done::Copied)), "{what}: {done:?}");
        assert_eq!(ground.calls(operation) - before, calls, "{what}");
        assert_eq!(ground.uploads(), 0, "{what}");
        let copy = aws.get_object("us-west-2", "large-west", "large/a%20b").unwrap();
        assert_eq!((copy.status, copy.body.len()), (200, 12 * MIB), "{what}");
        // So is a deletion.
        let rule =
            proxy.inject(Rule::new(fault.clone()).operation("DeleteObject").nth(Nth::First(1)));
        let deleted = ground.deleted().await.unwrap();
        proxy.remove(rule);
        let found = if fault == Fault::DropAnswer { Put::Gone } else { Put::Deleted };
        assert_eq!(deleted, found, "{what}");
        let copy = aws.get_object("us-west-2", "large-west", "large/a%20b").unwrap();
        assert_eq!(copy.status, 404, "{what}");
    }
}

#[tokio::test]
async fn what_may_not_be_looked_at_keeps_no_other_from_being_copied() {
    let ground = Ground::new();
    let refused = Rule::new(Fault::Denied403).operation("HeadObject").region("us-east-1");
    let refused = ground.server.proxy().inject(refused);
    let done = ground.copied(|| ()).await;
    assert!(matches!(done, Ok(Done::Failed(_))), "{done:?}");
    ground.server.proxy().remove(refused);
    let whole = 1 << 30;
    assert!(matches!(ground.copied_by(whole, || ()).await, Ok(Done::Copied)));
}

#[tokio::test]
async fn parts_that_a_dead_run_left_are_taken_away_by_the_next_and_no_others() {
    let ground = Ground::new();
    let aws = ground.server.aws();
    for key in ["large/a%20b", "large/a%20b.old"] {
        let path = format!("/large-west/{key}?uploads");
        aws.raw("s3", "us-west-2", "POST", &path).send().unwrap().ok().unwrap();
    }
    assert_eq!(ground.uploads(), 2);
    assert!(matches!(ground.copied(|| ()).await, Ok(Done::Copied)));
    assert_eq!(ground.uploads(), 1, "that of another key stays");
}
