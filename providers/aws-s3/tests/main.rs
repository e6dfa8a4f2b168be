//! The contract suite over the kinds of S3.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod cases;

use lifeboat_aws_core::Clients;
use lifeboat_contract::Gap;
use lifeboat_testbed::contract::{Row, hold};
use lifeboat_testbed::{Paging, Proxy};

use cases::{CASES, DEFAULTS, made_up_buckets};

/// The name of the rows about what a bucket has without being told.
const DEFAULT: &str = "MiniStack, at default";
/// Why those settings are there after a delete: AWS's own way, which MiniStack follows.
const STAYS: &str = "S3 has no way to remove it, so where state holds just what a bucket has \
                     without being told it reads as there";
/// Why those settings are not found without state.
const NOT_OURS: &str = "what a bucket has without being told is no object unless state says so";

/// What cannot be shown, and why.
const GAPS: &[Gap] = &[
    gap("aws_s3_bucket_versioning", "deleting twice succeeds", STAYS, "still there"),
    gap("aws_s3_bucket_versioning", "what others removed is absent", STAYS, "it is gone, but"),
    gap("aws_s3_bucket_versioning", "a read gives what create gave", NOT_OURS, "Suspended"),
    gap("aws_s3_bucket_versioning", "one token makes one object", NOT_OURS, "Suspended"),
    gap("aws_s3_bucket_versioning", "a lost reply is found again", NOT_OURS, "Suspended"),
    gap(ENCRYPTION, "deleting twice succeeds", STAYS, "still there"),
    gap(ENCRYPTION, "what others removed is absent", STAYS, "it is gone, but"),
    gap(ENCRYPTION, "a read gives what create gave", NOT_OURS, "AES256"),
    gap(ENCRYPTION, "one token makes one object", NOT_OURS, "AES256"),
    gap(ENCRYPTION, "a lost reply is found again", NOT_OURS, "AES256"),
    gap(OBJECT_LOCK, "deleting twice succeeds", STAYS, "still there"),
    gap(OBJECT_LOCK, "what others removed is absent", STAYS, "it is gone, but"),
    gap(OBJECT_LOCK, "a read gives what create gave", NOT_OURS, "no default retention"),
    gap(OBJECT_LOCK, "one token makes one object", NOT_OURS, "no default retention"),
    gap(OBJECT_LOCK, "a lost reply is found again", NOT_OURS, "no default retention"),
];

const ENCRYPTION: &str = "aws_s3_bucket_server_side_encryption_configuration";
const OBJECT_LOCK: &str = "aws_s3_bucket_object_lock_configuration";

const fn gap(kind: &'static str, rule: &'static str, why: &'static str, says: &'static str) -> Gap {
    Gap { kind, server: DEFAULT, rule, why, says, leaves: "" }
}

#[test]
fn every_kind_keeps_the_contract_matrix() {
    let own = CASES.iter().map(|subject| Row::new("MiniStack", *subject));
    let pages = |proxy: &Proxy| proxy.page(Paging::small());
    let made_up = Row::new("MiniStack, small pages", made_up_buckets).prepared(pages);
    let default = DEFAULTS.iter().map(|subject| Row::new(DEFAULT, *subject));
    let rows: Vec<Row> = own.chain([made_up]).chain(default).collect();
    let kinds = lifeboat_aws_s3::kinds(&Clients::unconfigured());
    hold("s3", &rows, &kinds, GAPS);
}
