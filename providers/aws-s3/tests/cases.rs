//! The configurations that each kind of S3 is walked through.

use std::sync::Arc;

use lifeboat_aws_core::{Clients, Config};
use lifeboat_contract::{Case, Place, Subject};
use lifeboat_sdk::kind::DynKind;
use lifeboat_testbed::ACCOUNT;
use lifeboat_testbed::contract::Emulated;

/// The subjects, made for a server each.
pub(crate) const CASES: [fn(&Emulated) -> Subject; 9] = [
    buckets,
    versioning,
    encryption,
    public_access_blocks,
    lifecycles,
    replications,
    object_locks,
    policies,
    objects,
];

/// Settings that only spell out what a bucket has without being told.
pub(crate) const DEFAULTS: [fn(&Emulated) -> Subject; 3] =
    [default_versioning, default_encryption, default_object_locks];

struct Kinds(Vec<Arc<dyn DynKind>>);

impl Kinds {
    fn of(server: &Emulated) -> Self {
        let clients = Clients::new(&Config::default(), &server.environment()).unwrap();
        Self(lifeboat_aws_s3::kinds(&clients))
    }

    fn get(&self, name: &str) -> Arc<dyn DynKind> {
        self.0.iter().find(|kind| kind.name() == name).unwrap().clone()
    }

    fn subject(&self, kind: &str, cases: Vec<Case>) -> Subject {
        let place =
            Place { provider: "aws".into(), account: ACCOUNT.into(), region: "us-east-1".into() };
        Subject { kind: self.get(kind), place, cases }
    }

    /// One case over a bucket of its own, `${bucket.id}`.
    fn setting(&self, kind: &str, short: &str, steps: &[&str]) -> Subject {
        let bucket = format!(r#"{{"bucket": "contract-{short}"}}"#);
        let case = Case::parse(short, steps).unwrap();
        let case = case.needing("bucket", &self.get("aws_s3_bucket"), &bucket).unwrap();
        self.subject(kind, vec![case])
    }
}

fn buckets(server: &Emulated) -> Subject {
    let walk = [
        r#"{"bucket": "contract-exports"}"#,
        r#"{"bucket": "contract-exports", "force_destroy": true,
            "tags": {"team": "storage", "empty": "", "odd": "a=b & <c>"}}"#,
        r#"{"bucket": "contract-exports-west", "region": "us-west-2", "tags": {"a": "b"}}"#,
    ];
    Kinds::of(server).subject("aws_s3_bucket", vec![Case::parse("named", &walk).unwrap()])
}

/// Those whose names are made up: found again in the pages of a listing.
pub(crate) fn made_up_buckets(server: &Emulated) -> Subject {
    let walk = [
        r#"{"bucket_prefix": "contract-up-", "region": "eu-west-1"}"#,
        r#"{"bucket_prefix": "contract-up-", "region": "eu-west-1", "tags": {"a": "b"}}"#,
        r#"{"bucket": "contract-locked", "object_lock_enabled": true}"#,
    ];
    Kinds::of(server).subject("aws_s3_bucket", vec![Case::parse("made-up", &walk).unwrap()])
}

fn versioning(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "versioning_configuration": [{"status": "Enabled"}]}"#,
        r#"{"bucket": "${bucket.id}", "region": "us-east-1",
            "versioning_configuration": [{"status": "Enabled", "mfa_delete": "Disabled"}]}"#,
    ];
    Kinds::of(server).setting("aws_s3_bucket_versioning", "versioning", &steps)
}

fn default_versioning(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "versioning_configuration": [{"status": "Enabled"}]}"#,
        r#"{"bucket": "${bucket.id}", "versioning_configuration": [{"status": "Suspended"}]}"#,
    ];
    Kinds::of(server).setting("aws_s3_bucket_versioning", "suspended", &steps)
}

fn encryption(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "rule": [{
            "apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]}"#,
        r#"{"bucket": "${bucket.id}", "rule": [{"bucket_key_enabled": true,
            "apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms",
            "kms_master_key_id": "arn:aws:kms:us-east-1:123456789012:key/a"}]}]}"#,
        r#"{"bucket": "${bucket.id}", "rule": [{
            "apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms:dsse"}]}]}"#,
    ];
    let kind = "aws_s3_bucket_server_side_encryption_configuration";
    Kinds::of(server).setting(kind, "encryption", &steps)
}

fn default_encryption(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "rule": [{
            "apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]}"#,
        r#"{"bucket": "${bucket.id}", "rule": [{"bucket_key_enabled": true,
            "apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]}"#,
        r#"{"bucket": "${bucket.id}", "rule": [{
            "apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]}"#,
    ];
    let kind = "aws_s3_bucket_server_side_encryption_configuration";
    Kinds::of(server).setting(kind, "own-keys", &steps)
}

fn public_access_blocks(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "block_public_acls": true, "block_public_policy": true,
            "ignore_public_acls": true, "restrict_public_buckets": true}"#,
        r#"{"bucket": "${bucket.id}", "block_public_policy": true}"#,
        r#"{"bucket": "${bucket.id}"}"#,
    ];
    Kinds::of(server).setting("aws_s3_bucket_public_access_block", "block", &steps)
}

fn lifecycles(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "rule": [{"id": "old", "status": "Enabled",
            "filter": [{}], "expiration": [{"days": 30}]}]}"#,
        r#"{"bucket": "${bucket.id}", "rule": [
            {"id": "tiers", "status": "Enabled", "filter": [{"prefix": "logs/"}],
             "transition": [{"days": 30, "storage_class": "STANDARD_IA"},
                            {"days": 90, "storage_class": "GLACIER"},
                            {"days": 365, "storage_class": "DEEP_ARCHIVE"}],
             "noncurrent_version_transition": [{"noncurrent_days": 30, "storage_class": "GLACIER"}],
             "noncurrent_version_expiration": [{"noncurrent_days": 90,
                                                "newer_noncurrent_versions": 3}]},
            {"id": "uploads", "status": "Disabled", "filter": [{"prefix": ""}],
             "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}]}]}"#,
        r#"{"bucket": "${bucket.id}", "rule": [
            {"id": "markers", "status": "Enabled", "filter": [{"prefix": "a/"}],
             "expiration": [{"expired_object_delete_marker": true}]},
            {"id": "tagged", "status": "Enabled", "expiration": [{"date": "2040-01-01T00:00:00Z"}],
             "filter": [{"and": [{"prefix": "b/", "tags": {"keep": "no", "tier": "cold"},
                                  "object_size_greater_than": 1024}]}]},
            {"id": "one", "status": "Enabled", "expiration": [{"days": 3}],
             "filter": [{"tag": [{"key": "keep", "value": "short"}]}]}]}"#,
    ];
    Kinds::of(server).setting("aws_s3_bucket_lifecycle_configuration", "lifecycle", &steps)
}

fn replications(server: &Emulated) -> Subject {
    let role = "arn:aws:iam::123456789012:role/copy";
    let head = format!(r#""bucket": "${{source.id}}", "role": "{role}""#);
    let steps = [
        format!(
            r#"{{{head}, "rule": [{{"id": "all", "status": "Enabled", "priority": 1,
                "filter": [{{}}], "delete_marker_replication": [{{"status": "Enabled"}}],
                "destination": [{{"bucket": "${{target.arn}}"}}]}}]}}"#
        ),
        format!(
            r#"{{{head}, "rule": [{{"id": "all", "status": "Enabled", "priority": 2,
                "filter": [{{"prefix": "exports/"}}],
                "delete_marker_replication": [{{"status": "Disabled"}}],
                "source_selection_criteria": [{{
                    "replica_modifications": [{{"status": "Enabled"}}]}}],
                "destination": [{{"bucket": "${{target.arn}}", "storage_class": "STANDARD_IA",
                    "metrics": [{{"status": "Enabled", "event_threshold": [{{"minutes": 15}}]}}],
                    "replication_time": [{{"status": "Enabled", "time": [{{"minutes": 15}}]}}]
                }}]}}]}}"#
        ),
        format!(
            r#"{{{head}, "rule": [{{"id": "tagged", "status": "Disabled", "priority": 1,
                "filter": [{{"and": [{{"prefix": "a/", "tags": {{"copy": "yes"}}}}]}}],
                "delete_marker_replication": [{{"status": "Disabled"}}],
                "destination": [{{"bucket": "${{target.arn}}"}}]}}]}}"#
        ),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let kinds = Kinds::of(server);
    let (bucket, state) = (kinds.get("aws_s3_bucket"), kinds.get("aws_s3_bucket_versioning"));
    let on = |bucket: &str, region: &str| {
        format!(
            r#"{{"bucket": "${{{bucket}.id}}", "region": "{region}",
                "versioning_configuration": [{{"status": "Enabled"}}]}}"#
        )
    };
    let case = Case::parse("walk", &steps)
        .and_then(|c| c.needing("source", &bucket, r#"{"bucket": "contract-source"}"#))
        .and_then(|c| {
            let target = r#"{"bucket": "contract-target", "region": "us-west-2"}"#;
            c.needing("target", &bucket, target)
        })
        .and_then(|c| c.needing("kept", &state, &on("source", "us-east-1")))
        .and_then(|c| c.needing("copied", &state, &on("target", "us-west-2")));
    kinds.subject("aws_s3_bucket_replication_configuration", vec![case.unwrap()])
}

/// Over a bucket that was made with Object Lock.
fn over_locked(server: &Emulated, short: &str, steps: &[&str]) -> Subject {
    let kinds = Kinds::of(server);
    let bucket = format!(r#"{{"bucket": "contract-{short}", "object_lock_enabled": true}}"#);
    let case = Case::parse(short, steps).unwrap();
    let case = case.needing("bucket", &kinds.get("aws_s3_bucket"), &bucket).unwrap();
    kinds.subject("aws_s3_bucket_object_lock_configuration", vec![case])
}

fn object_locks(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "rule": [{
            "default_retention": [{"mode": "GOVERNANCE", "days": 1}]}]}"#,
        r#"{"bucket": "${bucket.id}", "rule": [{
            "default_retention": [{"mode": "COMPLIANCE", "years": 2}]}]}"#,
    ];
    over_locked(server, "lock", &steps)
}

fn default_object_locks(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "rule": [{
            "default_retention": [{"mode": "GOVERNANCE", "days": 1}]}]}"#,
        r#"{"bucket": "${bucket.id}"}"#,
    ];
    over_locked(server, "lock-only", &steps)
}

fn policies(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"TlsOnly\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":[\"${bucket.arn}\",\"${bucket.arn}/*\"],\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}"}"#,
        r#"{"bucket": "${bucket.id}", "policy": "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::123456789012:root\"}, \"Action\": [\"s3:GetObject\"], \"Resource\": \"${bucket.arn}/*\"}}"}"#,
    ];
    Kinds::of(server).setting("aws_s3_bucket_policy", "policy", &steps)
}

fn objects(server: &Emulated) -> Subject {
    let steps = [
        r#"{"bucket": "${bucket.id}", "key": "a/role.json", "content": "{\"epoch\": 1}", "content_type": "application/json"}"#,
        r#"{"bucket": "${bucket.id}", "key": "a/role.json", "content": "{\"epoch\": 2} äöü", "content_type": "application/json"}"#,
        r#"{"bucket": "${bucket.id}", "key": "b", "content": ""}"#,
    ];
    Kinds::of(server).setting("aws_s3_object", "object", &steps)
}
