# A static web application in two regions: its exports replicated, its name failing over.

lifeboat {
  required_version = ">= 0.1"
}

variable "account" {
  description = "The AWS account that both regions are in."
  type        = string
  default     = "123456789012"
}

topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  objective {
    rpo = "15m"
    rto = "30m"
  }
}

region "us-east-1" { account = var.account }
region "us-west-2" { account = var.account }

bucket "exports" {
  name = { us-east-1 = "web-exports", us-west-2 = "web-exports-dr" }
  tags = { team = "web" }
}

replication "exports" {
  bucket       = bucket.exports
  time_control = "15m"
}

retention "exports" {
  bucket        = bucket.exports
  small_objects = "stay"

  tier "daily" {
    prefix = "daily/"
    keep   = "30d"

    # The buckets are versioned: what is deleted is stored on for this long.
    noncurrent_keep = "30d"
  }

  tier "annual" {
    prefix          = "annual/"
    keep            = "7y"
    noncurrent_keep = "30d"
    storage_class   = "DEEP_ARCHIVE"
  }
}

resource "aws_route53_zone" "main" {
  name          = "example.com"
  force_destroy = true
}

dns_failover "web" {
  zone   = aws_route53_zone.main.zone_id
  name   = "www.example.com"
  ttl    = "60s"
  switch = "record"

  health_check {
    type              = "HTTPS"
    port              = 443
    path              = "/health"
    interval          = "30s"
    failure_threshold = 3
  }

  endpoint "us-east-1" { address = "203.0.113.10" }
  endpoint "us-west-2" { address = "203.0.113.20" }
}

output "bucket" {
  description = "The bucket that the application writes to."
  value       = bucket.exports.aws_s3_bucket["us-east-1"].bucket
}
