//! `bucket` -> a bucket in each region: versioned, encrypted, closed, by TLS only.

use lifeboat_sdk::backfill::AGENT;
use lifeboat_sdk::sync::OURS;
use lifeboat_sdk::{Name, Value};

use super::build::{
    Made, address, block, bucket_arn, list, number, object, of, planned, policy, switch, tagged,
    text, value,
};
use crate::address::Address;
use crate::desired::{Part, Planned, Template};
use crate::topology::Topology;
use crate::topology::bucket::{Bucket, Lock};
use crate::topology::region::Region;

/// The bucket of a block in a region.
pub(super) fn bucket_at(bucket: &str, region: &str) -> Address {
    address("bucket", bucket, "aws_s3_bucket", region)
}

/// The versioning of that bucket, which other settings need.
pub(super) fn versioning_at(bucket: &str, region: &str) -> Address {
    address("bucket", bucket, "aws_s3_bucket_versioning", region)
}

/// The default retention of that bucket's objects.
pub(super) fn lock_at(bucket: &str, region: &str) -> Address {
    address("bucket", bucket, "aws_s3_bucket_object_lock_configuration", region)
}

/// Adds what a block stands for.
pub(super) fn expand(made: &mut Made, topology: &Topology, bucket: &Bucket) {
    for region in &topology.regions {
        let Some(name) = bucket.names.get(&region.name) else { continue };
        // Copied or not: what is written where it must not be is in one region alone.
        let fenced = bucket.one_writer && bucket.names.len() > 1;
        let standby = region.name != topology.primary;
        let one = One { bucket, region, name, writes: fenced.then_some(!standby) };
        made.add(bucket_at(&bucket.name, &region.name), one.bucket());
        one.settings(made);
        if let Some(lock) = &bucket.lock {
            one.lock(made, lock);
        }
    }
}

/// What changes objects that are there. Replication does not: it has permissions of its own (S3 user
/// guide, "Setting up permissions for live replication"). Tags are not among it, because whoever
/// copies an object to here brings its tags by that permission.
const CHANGES: [&str; 7] = [
    "s3:DeleteObject*Tagging",
    "s3:DeleteObjectVersion",
    "s3:PutObjectAcl",
    "s3:PutObjectLegalHold",
    "s3:PutObjectRetention",
    "s3:PutObjectVersionAcl",
    "s3:PutObjectVersionTagging",
];

/// What writes objects. A statement may have a condition only where all its actions know it.
const WRITES: [&str; 1] = ["s3:PutObject"];

/// What deletes them, so that a version stays: puts a delete marker.
const DELETES: [&str; 1] = ["s3:DeleteObject"];

/// What replication writes copies with (the same page).
const COPIES: [&str; 3] = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"];

/// Refuses actions to everybody, on these objects or on all others.
fn deny(sid: &str, actions: &[&str], objects: (&str, Value)) -> Value {
    object([
        ("Sid", text(sid)),
        ("Effect", text("Deny")),
        ("Principal", text("*")),
        ("Action", list(actions.iter().map(|action| text(action)))),
        objects,
    ])
}

/// The statement that refuses writes.
const FENCE: &str = "LifeboatFence";

/// Whether a policy refuses writes.
pub(super) fn is_fenced(policy: &Value) -> bool {
    let text = policy.get("policy").and_then(Value::as_str).unwrap_or_default();
    text.contains(&format!("\"{FENCE}\""))
}

/// The bucket of one region.
struct One<'t> {
    bucket: &'t Bucket,
    region: &'t Region,
    name: &'t Name,
    /// Whether this region takes writes, where only the primary does.
    writes: Option<bool>,
}

impl One<'_> {
    fn bucket(&self) -> Planned {
        let bucket = self.bucket;
        let mut planned = planned(
            bucket.span,
            [("bucket", value(text(self.name))), ("region", value(text(&self.region.aws)))],
        );
        if bucket.adopt {
            planned.operated = true;
            return planned;
        }
        planned.document.push(("force_destroy".into(), value(Value::Bool(bucket.force_destroy))));
        tagged(&mut planned, bucket.tags.as_ref());
        if bucket.lock.is_some() {
            planned.document.push(("object_lock_enabled".into(), value(Value::Bool(true))));
        }
        planned.prevent_destroy = bucket.prevent_destroy;
        planned
    }

    /// A setting of the bucket; its name is known, and the reference gives the order.
    fn setting(&self, attribute: &str, content: Template) -> Planned {
        let bucket = bucket_at(&self.bucket.name, &self.region.name);
        let mut planned = planned(
            self.bucket.span,
            [
                ("bucket", of(&bucket, "bucket")),
                ("region", value(text(&self.region.aws))),
                (attribute, content),
            ],
        );
        planned.adopt = self.bucket.adopt;
        planned
    }

    fn at(&self, kind: &str) -> Address {
        address("bucket", &self.bucket.name, kind, &self.region.name)
    }

    fn settings(&self, made: &mut Made) {
        let versioning = block([("status", switch(true))]);
        made.add(
            versioning_at(&self.bucket.name, &self.region.name),
            self.setting("versioning_configuration", value(versioning)),
        );
        let default = block([("sse_algorithm", text("AES256"))]);
        let rule = block([("apply_server_side_encryption_by_default", default)]);
        made.add(
            self.at("aws_s3_bucket_server_side_encryption_configuration"),
            self.setting("rule", value(rule)),
        );
        let closed = self.at("aws_s3_bucket_public_access_block");
        let mut block = self.setting("block_public_acls", value(Value::Bool(true)));
        for name in ["block_public_policy", "ignore_public_acls", "restrict_public_buckets"] {
            block.document.push((name.into(), value(Value::Bool(true))));
        }
        made.add(closed.clone(), block);
        self.policy(made, closed);
    }

    /// A fence lets through what is copied from the block's bucket in another region: the copies of
    /// what replication does not bring by itself. What is not copied has no source, and that is
    /// unlike all (IAM user guide, "String condition operators", of negated ones). Copies in parts
    /// begin and end with calls that name none; those say that they are a backfill's.
    fn copied(&self) -> Value {
        let others = self.bucket.names.iter().filter(|(region, _)| **region != self.region.name);
        // With and without the slash in front: S3 takes both.
        let sources = others.flat_map(|(_, name)| [format!("{name}/*"), format!("/{name}/*")]);
        let sources = list(sources.map(|source| text(&source)).collect::<Vec<_>>());
        let unlike = [("s3:x-amz-copy-source", sources), ("aws:UserAgent", text(AGENT))];
        object([("StringNotLike", object(unlike))])
    }

    /// Calls without TLS are refused (S3 user guide, "Security best practices"), and writes where
    /// only the primary takes them. After the public access block: two changes of access at once
    /// may conflict.
    fn policy(&self, made: &mut Made, closed: Address) {
        let arn = bucket_arn(&self.region.aws, self.name);
        let objects = format!("{arn}/*");
        let statements = [object([
            ("Sid", text("DenyInsecureTransport")),
            ("Effect", text("Deny")),
            ("Principal", text("*")),
            ("Action", text("s3:*")),
            ("Resource", list([text(&arn), text(&objects)])),
            ("Condition", object([("Bool", object([("aws:SecureTransport", text("false"))]))])),
        ])];
        // What lifeboat writes last into a bucket, to see it arrive at its copy, is left open.
        let ours = ["", "*/"].map(|under| text(&format!("{arn}/{under}{OURS}*")));
        let ours = list(ours);
        let fence = deny(FENCE, &CHANGES, ("NotResource", ours.clone()));
        let writes = deny("LifeboatFenceWrites", &WRITES, ("NotResource", ours.clone()));
        let writes = writes.with("Condition", self.copied());
        let deletes = deny("LifeboatFenceDeletes", &DELETES, ("NotResource", ours));
        let backfills = object([("aws:UserAgent", text(AGENT))]);
        let deletes = deletes.with("Condition", object([("StringNotLike", backfills)]));
        let inbound = deny("LifeboatInbound", &COPIES, ("Resource", text(&objects)));
        let with = |more: &[&Value]| {
            let more = more.iter().map(|statement| (*statement).clone());
            policy(statements.iter().cloned().chain(more))
        };
        let fenced = || with(&[&fence, &writes, &deletes]);
        let now = if self.writes == Some(false) { fenced() } else { with(&[]) };
        let mut planned = self.setting("policy", now);
        if self.writes.is_some() {
            planned.part = Some(Part::Writers);
            planned.closed.push(("policy".into(), with(&[&inbound])));
            planned.leaving.push(("policy".into(), fenced()));
            planned.sealed.push(("policy".into(), with(&[&fence, &writes, &deletes, &inbound])));
        }
        planned.after.push(closed);
        made.add(self.at("aws_s3_bucket_policy"), planned);
    }

    /// Locks work on versions, so versioning comes first.
    fn lock(&self, made: &mut Made, lock: &Lock) {
        let retention = block([("mode", text(&lock.mode)), ("days", number(lock.keep.days()))]);
        let rule = value(block([("default_retention", retention)]));
        let mut planned = self.setting("rule", rule);
        planned.span = lock.span;
        planned.after.push(versioning_at(&self.bucket.name, &self.region.name));
        made.add(lock_at(&self.bucket.name, &self.region.name), planned);
    }
}
