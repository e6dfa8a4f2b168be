//! The topologies that are measured, written out as files: the scenarios of the comparison with
//! Terraform, with the same objects, one block each.

/// Two regions configured, and nothing declared.
pub(super) const NOTHING: &str = r#"
provider "aws" {
  region = "us-east-1"
}
provider "aws" {
  alias  = "standby"
  region = "us-west-2"
}
data "aws_region" "here" {}
data "aws_region" "there" {
  provider = aws.standby
}
"#;

/// Objects without a cloud, a block each.
pub(super) fn data_blocks(count: usize) -> String {
    let block = |n| format!("resource \"terraform_data\" \"d{n}\" {{\n  input = \"v{n}\"\n}}\n");
    (0..count).map(block).collect()
}

/// The same objects from one block.
pub(super) fn data_count(count: usize) -> String {
    format!(
        "resource \"terraform_data\" \"d\" {{\n  count = {count}\n  input = \"v${{count.index}}\"\n}}\n"
    )
}

/// Pairs of replicated buckets: 10 objects a pair, and one role with its policy.
pub(super) fn buckets(pairs: usize) -> String {
    let mut text = String::from(ROLE);
    for n in 0..pairs {
        text.push_str(&PAIR.replace("NN", &format!("{n:05}")));
    }
    text
}

/// Names that fail over: two records each, a health check for every tenth, one zone; and how many
/// calls Route 53 may get in a second, 0 for any number.
pub(super) fn names(pairs: usize, ttl_of_first: u32, limit: u32) -> String {
    let mut text = PROVIDER.replace("LIMIT", &limit.to_string());
    text.push_str(ZONE);
    for n in 0..pairs.div_ceil(10) {
        text.push_str(&CHECK.replace("NN", &format!("{n:05}")));
    }
    for n in 0..pairs {
        let ttl = if n == 0 { ttl_of_first } else { 60 };
        let record = RECORDS.replace("NN", &format!("{n:05}")).replace("TTL", &ttl.to_string());
        text.push_str(&record.replace("CHECK", &format!("{:05}", n / 10)));
    }
    text
}

/// Zones with a record each; each record waits for that of the zone `lanes` before it, so that so
/// many are changed at a time.
pub(super) fn zones(count: usize, lanes: usize, ttl: u32, limit: u32) -> String {
    let mut text = PROVIDER.replace("LIMIT", &limit.to_string());
    for n in 0..count {
        let after = match n.checked_sub(lanes) {
            Some(before) => format!("aws_route53_record.r{before:05}"),
            None => String::new(),
        };
        let zone = ZONED.replace("NN", &format!("{n:05}")).replace("TTL", &ttl.to_string());
        text.push_str(&zone.replace("AFTER", &after));
    }
    text
}

const ROLE: &str = r#"
provider "aws" {
  region = "us-east-1"
}
resource "aws_iam_role" "replication" {
  name = "bench-replication"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
    }]
  })
}
resource "aws_iam_role_policy" "replication" {
  name = "replicate"
  role = aws_iam_role.replication.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket", "s3:Replicate*"]
      Resource = "*"
    }]
  })
}
"#;

const PAIR: &str = r#"
resource "aws_s3_bucket" "srcNN" {
  bucket = "bench-src-NN"
  tags   = { purpose = "bench", pair = "NN" }
}
resource "aws_s3_bucket_versioning" "srcNN" {
  bucket = aws_s3_bucket.srcNN.id
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_s3_bucket_server_side_encryption_configuration" "srcNN" {
  bucket = aws_s3_bucket.srcNN.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}
resource "aws_s3_bucket_public_access_block" "srcNN" {
  bucket                  = aws_s3_bucket.srcNN.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_lifecycle_configuration" "srcNN" {
  bucket     = aws_s3_bucket.srcNN.id
  depends_on = [aws_s3_bucket_versioning.srcNN]
  rule {
    id     = "tiers"
    status = "Enabled"
    filter {
      prefix = "data/"
    }
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
    transition {
      days          = 90
      storage_class = "GLACIER"
    }
    expiration {
      days = 365
    }
  }
}
resource "aws_s3_bucket" "dstNN" {
  region = "us-west-2"
  bucket = "bench-dst-NN"
  tags   = { purpose = "bench", pair = "NN" }
}
resource "aws_s3_bucket_versioning" "dstNN" {
  region = "us-west-2"
  bucket = aws_s3_bucket.dstNN.id
  versioning_configuration {
    status = "Enabled"
  }
}
resource "aws_s3_bucket_server_side_encryption_configuration" "dstNN" {
  region = "us-west-2"
  bucket = aws_s3_bucket.dstNN.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}
resource "aws_s3_bucket_public_access_block" "dstNN" {
  region                  = "us-west-2"
  bucket                  = aws_s3_bucket.dstNN.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_replication_configuration" "srcNN" {
  bucket     = aws_s3_bucket.srcNN.id
  role       = aws_iam_role.replication.arn
  depends_on = [aws_s3_bucket_versioning.srcNN, aws_s3_bucket_versioning.dstNN]
  rule {
    id       = "all"
    priority = 1
    status   = "Enabled"
    filter {}
    delete_marker_replication {
      status = "Enabled"
    }
    destination {
      bucket        = aws_s3_bucket.dstNN.arn
      storage_class = "STANDARD"
      replication_time {
        status = "Enabled"
        time {
          minutes = 15
        }
      }
      metrics {
        status = "Enabled"
        event_threshold {
          minutes = 15
        }
      }
    }
  }
}
"#;

/// The limit of five calls a second is another figure.
const PROVIDER: &str = r#"
provider "aws" {
  region = "us-east-1"
  rate_limits {
    route53 = LIMIT
  }
}
"#;

const ZONED: &str = r#"
resource "aws_route53_zone" "zNN" {
  name = "zNN.bench.example.com"
}
resource "aws_route53_record" "rNN" {
  zone_id    = aws_route53_zone.zNN.zone_id
  name       = "www.zNN.bench.example.com"
  type       = "A"
  ttl        = TTL
  records    = ["192.0.2.1"]
  depends_on = [AFTER]
}
"#;

const ZONE: &str = r#"
resource "aws_route53_zone" "bench" {
  name = "bench.example.com"
}
"#;

const CHECK: &str = r#"
resource "aws_route53_health_check" "hNN" {
  type              = "HTTPS"
  fqdn              = "hNN.us-east-1.bench.example.com"
  port              = 443
  resource_path     = "/health"
  failure_threshold = 3
  request_interval  = 30
}
"#;

const RECORDS: &str = r#"
resource "aws_route53_record" "pNN" {
  zone_id         = aws_route53_zone.bench.zone_id
  name            = "nNN.bench.example.com"
  type            = "A"
  ttl             = TTL
  records         = ["192.0.2.1"]
  set_identifier  = "primary"
  health_check_id = aws_route53_health_check.hCHECK.id
  failover_routing_policy {
    type = "PRIMARY"
  }
}
resource "aws_route53_record" "sNN" {
  zone_id        = aws_route53_zone.bench.zone_id
  name           = "nNN.bench.example.com"
  type           = "A"
  ttl            = TTL
  records        = ["192.0.2.2"]
  set_identifier = "secondary"
  failover_routing_policy {
    type = "SECONDARY"
  }
}
"#;
