# A bucket and its copy in another region: versioned, closed, by TLS only, replicated one way.

locals {
  names = {
    (var.from) = var.name
    (var.to)   = "${var.name}-${var.to}"
  }
}

resource "aws_s3_bucket" "this" {
  for_each = local.names
  region   = each.key
  bucket   = each.value
  tags     = var.tags
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.names
  region   = each.key
  bucket   = aws_s3_bucket.this[each.key].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = local.names
  region                  = each.key
  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.names
  region   = each.key
  bucket   = aws_s3_bucket.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this[each.key].arn, "${aws_s3_bucket.this[each.key].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_iam_role" "replication" {
  name = "${var.name}-replication"
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
        Resource = aws_s3_bucket.this[var.from].arn
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
        Resource = "${aws_s3_bucket.this[var.from].arn}/*"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
        Resource = "${aws_s3_bucket.this[var.to].arn}/*"
      },
    ]
  })
}

resource "aws_s3_bucket_replication_configuration" "this" {
  depends_on = [aws_s3_bucket_versioning.this, aws_iam_role_policy.replication]
  region     = var.from
  bucket     = aws_s3_bucket.this[var.from].id
  role       = aws_iam_role.replication.arn

  rule {
    id       = "all"
    priority = 1
    status   = "Enabled"
    filter {}
    delete_marker_replication { status = var.delete_markers ? "Enabled" : "Disabled" }
    destination {
      bucket        = aws_s3_bucket.this[var.to].arn
      storage_class = var.storage_class
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each   = var.keep_days == null ? {} : local.names
  depends_on = [aws_s3_bucket_versioning.this]
  region     = each.key
  bucket     = aws_s3_bucket.this[each.key].id

  rule {
    id     = "expire"
    status = "Enabled"
    filter {}
    expiration { days = var.keep_days }
    noncurrent_version_expiration { noncurrent_days = 30 }
  }
}
