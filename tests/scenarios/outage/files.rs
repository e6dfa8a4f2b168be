//! What the cells of the matrix plan: the demo topology, and plain resources at addresses of their
//! own per region, which alone can really refuse connections.

use crate::scenarios::folder::Folder;
use crate::scenarios::stage::Stage;
use crate::scenarios::web::{self, EAST, WEST};

const MORE: &str = "more.dr.hcl";

/// Shorter deadlines than the default, for hanging calls in the quick run.
const DEADLINES: &str = r#"
  deadlines {
    connect = "500ms"
    attempt = "1s"
  }
"#;

const RESOURCES: &str = r#"
locals {
  more = toset([])
}

resource "aws_s3_bucket" "east" {
  for_each = local.more
  provider = aws.east
  bucket   = "matrix-east-${each.key}"
}

resource "aws_s3_bucket" "west" {
  for_each = local.more
  provider = aws.west
  bucket   = "matrix-west-${each.key}"
}

resource "aws_security_group" "east" {
  for_each = local.more
  provider = aws.east
  name     = "matrix-east-${each.key}"
}

resource "aws_security_group" "west" {
  for_each = local.more
  provider = aws.west
  name     = "matrix-west-${each.key}"
}

resource "aws_iam_role" "more" {
  for_each           = local.more
  name               = "matrix-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
    }]
  })
}

resource "aws_route53_health_check" "more" {
  for_each = local.more
  type     = "HTTPS"
  fqdn     = "${each.key}.example.com"
  port     = 443
}
"#;

/// A stage with these files, nothing applied yet.
pub(super) fn stage(short_deadlines: bool) -> Stage {
    let stage = Stage::new(Folder::example(web::EXAMPLE));
    // A server loads a service at its first call, which takes longer than a short deadline.
    stage.same(stage.left(), Vec::new(), "the servers are empty");
    let deadlines = if short_deadlines { DEADLINES } else { "" };
    let mut files = format!("provider \"aws\" {{\n  region = \"{EAST}\"\n{deadlines}}}\n");
    for (alias, region) in [("east", EAST), ("west", WEST)] {
        let url = stage.bed.proxy.endpoint_for(region).unwrap();
        files.push_str(&format!(
            "provider \"aws\" {{\n  alias = \"{alias}\"\n  region = \"{region}\"\n{deadlines}  \
             endpoints {{\n    s3  = \"{url}\"\n    ec2 = \"{url}\"\n  }}\n}}\n"
        ));
    }
    stage.folder.write(MORE, &format!("{files}{RESOURCES}"));
    stage
}

/// The edits of an operator: objects to make everywhere, and a change in every place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edit {
    more: [&'static str; 2],
    keep: [&'static str; 2],
    ttl: [&'static str; 2],
}

/// The one that is made and applied while all is well.
pub(super) const FIRST: Edit =
    Edit { more: ["[]", "[\"one\"]"], keep: ["30d", "31d"], ttl: ["60s", "50s"] };

/// The one that meets the fault.
pub(super) const SECOND: Edit =
    Edit { more: ["[\"one\"]", "[\"one\", \"two\"]"], keep: ["31d", "45d"], ttl: ["50s", "40s"] };

/// Makes an edit.
pub(super) fn edit(stage: &Stage, edit: Edit) {
    let [before, after] = edit.more;
    stage.folder.edit(MORE, &format!("toset({before})"), &format!("toset({after})"));
    for (name, [before, after]) in [("keep  ", edit.keep), ("ttl   ", edit.ttl)] {
        let line = |value| format!("{name} = \"{value}\"");
        stage.folder.edit(web::FILE, &line(before), &line(after));
    }
    stage.note(format_args!("the files are edited: {edit:?}"));
}

/// How many objects of each sort are on the servers after both edits.
pub(super) const AFTER_BOTH: [(&str, usize); 6] = [
    ("bucket", 8),
    ("health check", 4),
    ("record", 2),
    ("role", 3),
    ("security group", 4),
    ("zone", 1),
];
