//! `aws_s3_bucket_server_side_encryption_configuration`: how new objects are encrypted.
//!
//! Every bucket has S3's own encryption (SSE-S3) unless told otherwise (S3 user guide, "default
//! encryption", since January 2023); that alone is no such object.

use aws_sdk_s3::types::{
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule,
};
use lifeboat_aws_core::command::dense;
use lifeboat_aws_core::{normalise, validate};
use lifeboat_sdk::{Call, Class, Failure, Finding, Object as _, Target, Value};
use lifeboat_sdk_derive::Kind;
use serde_json::{Value as Json, json};

use crate::setting::{self, At, Head, NO_BUCKET, Setting, hollow, request};

/// Reads the rules.
pub const GET: Call = Call::read("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration");
/// Sets the rules.
pub const PUT: Call = Call::write("s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration");
/// Sets the rules back to the default.
pub const DELETE: Call =
    Call::write("s3", "DeleteBucketEncryption", "s3:PutEncryptionConfiguration");

const ABSENT: &[&str] = &[NO_BUCKET, "ServerSideEncryptionConfigurationNotFoundError"];
const SSE_S3: &str = "AES256";

/// How new objects of a bucket are encrypted.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct Encryption {
    /// The bucket.
    #[kind(required, forces_replacement, identity)]
    pub bucket: String,
    /// The bucket's name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The bucket's region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// The rule; S3 takes one.
    #[kind(block(min = 1), set)]
    pub rule: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Rule {
    /// What is done to objects that ask for nothing.
    #[kind(block(max = 1))]
    pub apply_server_side_encryption_by_default: Vec<ByDefault>,
    /// Whether one key of the bucket's own saves calls to KMS.
    #[kind(default = "false")]
    pub bucket_key_enabled: Option<bool>,
}

/// What is done to objects that ask for nothing.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct ByDefault {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub sse_algorithm: String,
    /// The KMS key; else the account's `aws/s3`.
    #[kind(optional)]
    pub kms_master_key_id: Option<String>,
}

impl Setting for Encryption {
    const NAME: &'static str = "aws_s3_bucket_server_side_encryption_configuration";
    const SET: Option<[&'static str; 2]> =
        Some(["put-bucket-encryption", "--server-side-encryption-configuration"]);
    const REMOVE: Option<&'static str> = Some("delete-bucket-encryption");

    fn argument(&self) -> Option<String> {
        let rule = |rule: &Rule| {
            let default = rule.apply_server_side_encryption_by_default.first().map(|default| {
                json!({
                    "SSEAlgorithm": default.sse_algorithm,
                    "KMSMasterKeyID": default.kms_master_key_id,
                })
            });
            json!({
                "ApplyServerSideEncryptionByDefault": default,
                "BucketKeyEnabled": rule.bucket_key_enabled,
            })
        };
        let rules: Vec<Json> = self.rule.iter().map(rule).collect();
        Some(dense(json!({ "Rules": rules })).to_string())
    }

    fn head(&mut self) -> Head<'_> {
        Head { bucket: &mut self.bucket, id: &mut self.id, region: &mut self.region }
    }

    fn normalise(document: &Value) -> Value {
        let document = normalise::containers(Encryption::SCHEMA.attributes, document);
        normalise::blocks(&document, "rule", &|rule| {
            normalise::blocks(rule, "apply_server_side_encryption_by_default", &|by_default| {
                match by_default.get("kms_master_key_id").and_then(Value::as_str) {
                    Some("") => by_default.with("kms_master_key_id", null_text()),
                    _ => by_default.clone(),
                }
            })
        })
    }

    fn validate(document: &Value) -> Vec<Finding> {
        let path = ["rule", "apply_server_side_encryption_by_default", "sse_algorithm"];
        validate::one_of(document, &path, &[SSE_S3, "aws:kms", "aws:kms:dsse"])
    }

    async fn get(at: &At<'_>, target: &Target) -> Result<Self, Failure> {
        let read = request!(at, at.client.get_bucket_encryption(), ABSENT);
        let answer = at.call(&GET, read).await?;
        let rules = answer.server_side_encryption_configuration().map(|c| c.rules());
        let rules = rules.filter(|rules| !rules.is_empty());
        let rule: Vec<Rule> =
            rules.ok_or_else(|| hollow(&GET, at.scope, "rule"))?.iter().map(from_api).collect();
        let same = |hint: &Value| hint.get("rule").is_some_and(is_default_hint);
        if is_default(&rule) && !setting::at_default(target, same) {
            return Err(setting::only_default(&GET, at.scope, SSE_S3));
        }
        Ok(Self { rule, ..Self::default() })
    }

    async fn put(&mut self, at: &At<'_>, _before: Option<&Self>) -> Result<(), Failure> {
        let rules = to_api(self)?;
        let put = || at.client.put_bucket_encryption();
        let put = || put().server_side_encryption_configuration(rules.clone());
        at.call(&PUT, request!(at, put(), &[NO_BUCKET])).await.map(drop)
    }

    async fn remove(&self, at: &At<'_>) -> Result<(), Failure> {
        let remove = request!(at, at.client.delete_bucket_encryption(), ABSENT);
        at.call(&DELETE, remove).await.map(drop)
    }
}

fn null_text() -> Value {
    Value::Null(lifeboat_sdk::Type::String)
}

/// Whether the rules are what a new bucket has.
fn is_default(rules: &[Rule]) -> bool {
    rules.iter().all(|rule| {
        rule.bucket_key_enabled != Some(true)
            && rule
                .apply_server_side_encryption_by_default
                .iter()
                .all(|by| by.sse_algorithm == SSE_S3 && by.kms_master_key_id.is_none())
    })
}

fn is_default_hint(rules: &Value) -> bool {
    let algorithms = validate::at(rules, &["apply_server_side_encryption_by_default"]);
    let algorithms: Vec<_> =
        algorithms.iter().flat_map(|(_, by)| validate::at(by, &["sse_algorithm"])).collect();
    !algorithms.is_empty() && algorithms.iter().all(|(_, a)| a.as_str() == Some(SSE_S3))
}

fn from_api(rule: &ServerSideEncryptionRule) -> Rule {
    let by_default = rule.apply_server_side_encryption_by_default().map(|by| ByDefault {
        sse_algorithm: by.sse_algorithm().as_str().to_owned(),
        kms_master_key_id: by.kms_master_key_id().filter(|k| !k.is_empty()).map(str::to_owned),
    });
    Rule {
        apply_server_side_encryption_by_default: by_default.into_iter().collect(),
        bucket_key_enabled: Some(rule.bucket_key_enabled().unwrap_or(false)),
    }
}

fn to_api(object: &Encryption) -> Result<ServerSideEncryptionConfiguration, Failure> {
    let invalid = |e: &dyn std::fmt::Display| Failure::new(Class::Invalid, e.to_string());
    let mut document = ServerSideEncryptionConfiguration::builder();
    for rule in &object.rule {
        let mut out =
            ServerSideEncryptionRule::builder().set_bucket_key_enabled(rule.bucket_key_enabled);
        if let Some(by) = rule.apply_server_side_encryption_by_default.first() {
            let by = ServerSideEncryptionByDefault::builder()
                .sse_algorithm(ServerSideEncryption::from(&*by.sse_algorithm))
                .set_kms_master_key_id(by.kms_master_key_id.clone())
                .build()
                .map_err(|e| invalid(&e))?;
            out = out.apply_server_side_encryption_by_default(by);
        }
        document = document.rules(out.build());
    }
    document.build().map_err(|e| invalid(&e))
}
