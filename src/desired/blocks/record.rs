//! `region` -> a small bucket with the role record of the topology.
//!
//! Every region holds one, and so does the witness: what a region finds out from when it returns.
//! The record is a public contract (docs/role-record.md).

use lifeboat_sdk::{Span, Value};

use super::build::{Made, address, block, of, planned, switch, text, value};
use crate::address::Address;
use crate::desired::{Part, Planned, Template};
use crate::topology::Topology;
use crate::topology::region::{RECORD, Record, Region};

/// The version of the record's form.
const VERSION: i64 = 1;

/// Adds what holds the records, where there is more than one region to hold any.
pub(super) fn expand(made: &mut Made, topology: &Topology) {
    for region in topology.recording() {
        let (bucket, after) = match &region.record {
            Some(Record { bucket, .. }) => (value(text(bucket)), Vec::new()),
            None => match topology.record_bucket(region) {
                Some(name) => bucket_of(made, region, &name),
                None => continue,
            },
        };
        let prefix = region.record.as_ref().map_or("", |record| &record.prefix);
        let mut record = planned(
            region.span,
            [
                ("bucket", bucket),
                ("region", value(text(&region.aws))),
                ("key", value(text(&format!("{prefix}{RECORD}")))),
                ("content", content(topology)),
                ("content_type", value(text("application/json"))),
            ],
        );
        record.part = Some(Part::Record);
        record.after = after;
        made.add(at(region, "aws_s3_object"), record);
    }
}

fn at(region: &Region, kind: &str) -> Address {
    address("region", &region.name, kind, &region.name)
}

/// A bucket of ours: versioned, encrypted, closed, and emptied when the topology is destroyed; its
/// name, and its settings, which hold before anything is in it.
fn bucket_of(made: &mut Made, region: &Region, name: &str) -> (Template, Vec<Address>) {
    let bucket = at(region, "aws_s3_bucket");
    let here = || value(text(&region.aws));
    made.add(
        bucket.clone(),
        planned(
            region.span,
            [
                ("bucket", value(text(name))),
                ("region", here()),
                ("force_destroy", value(Value::Bool(true))),
            ],
        ),
    );
    let setting = |span: Span, attribute: &str, content: Value| -> Planned {
        planned(
            span,
            [("bucket", of(&bucket, "bucket")), ("region", here()), (attribute, value(content))],
        )
    };
    let default = block([("sse_algorithm", text("AES256"))]);
    let rule = block([("apply_server_side_encryption_by_default", default)]);
    let mut closed = setting(region.span, "block_public_acls", Value::Bool(true));
    for name in ["block_public_policy", "ignore_public_acls", "restrict_public_buckets"] {
        closed.document.push((name.into(), value(Value::Bool(true))));
    }
    let versioning = block([("status", switch(true))]);
    let versioning = setting(region.span, "versioning_configuration", versioning);
    let settings = [
        ("aws_s3_bucket_versioning", versioning),
        ("aws_s3_bucket_server_side_encryption_configuration", setting(region.span, "rule", rule)),
        ("aws_s3_bucket_public_access_block", closed),
    ];
    let after = settings.map(|(kind, planned)| {
        made.add(at(region, kind), planned);
        at(region, kind)
    });
    (of(&bucket, "bucket"), after.to_vec())
}

/// What the record says: the roles from the files, the rest from state.
fn content(topology: &Topology) -> Template {
    let role = |region: &Region| {
        let role = if region.name == topology.primary { "primary" } else { "standby" };
        (region.name.clone(), text(role))
    };
    let roles = Value::object(topology.regions.iter().map(role));
    Template::Json(Box::new(Template::object([
        ("version", value(Value::int(VERSION))),
        ("topology", value(text(&topology.name))),
        ("lineage", Template::Standing("lineage".into())),
        ("epoch", Template::Standing("epoch".into())),
        ("primary", value(text(&topology.primary))),
        ("roles", value(roles)),
        ("promotion", Template::Standing("promotion".into())),
        ("owed", Template::Standing("owed".into())),
        ("fenced", Template::Standing("fenced".into())),
    ])))
}
