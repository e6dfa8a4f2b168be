# Plain resources, as in Terraform: a versioned bucket with a copy in another region.

provider "aws" {
  region = "us-east-1"
}

locals {
  regions = toset(["us-east-1", "us-west-2"])
}

resource "aws_s3_bucket" "logs" {
  for_each = local.regions
  region   = each.key
  bucket   = "resources-only-logs-${each.key}"
  tags     = { purpose = "logs" }
}

resource "aws_s3_bucket_versioning" "logs" {
  for_each = local.regions
  region   = each.key
  bucket   = aws_s3_bucket.logs[each.key].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "logs" {
  for_each                = local.regions
  region                  = each.key
  bucket                  = aws_s3_bucket.logs[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_caller_identity" "me" {}

resource "aws_iam_role" "replication" {
  name = "resources-only-replication"
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
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = aws_s3_bucket.logs["us-east-1"].arn
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
        Resource = "${aws_s3_bucket.logs["us-east-1"].arn}/*"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
        Resource = "${aws_s3_bucket.logs["us-west-2"].arn}/*"
      },
    ]
  })
}

resource "aws_s3_bucket_replication_configuration" "logs" {
  depends_on = [aws_s3_bucket_versioning.logs]
  region     = "us-east-1"
  bucket     = aws_s3_bucket.logs["us-east-1"].id
  role       = aws_iam_role.replication.arn

  rule {
    id       = "all"
    priority = 1
    status   = "Enabled"
    filter {}
    delete_marker_replication { status = "Enabled" }
    destination {
      bucket        = aws_s3_bucket.logs["us-west-2"].arn
      storage_class = "STANDARD_IA"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  for_each   = local.regions
  depends_on = [aws_s3_bucket_versioning.logs]
  region     = each.key
  bucket     = aws_s3_bucket.logs[each.key].id
  rule {
    id     = "expire"
    status = "Enabled"
    filter { prefix = "" }
    expiration { days = 90 }
    noncurrent_version_expiration { noncurrent_days = 30 }
  }
}

output "account" {
  value = data.aws_caller_identity.me.account_id
}

output "buckets" {
  value = { for region, bucket in aws_s3_bucket.logs : region => bucket.arn }
}
