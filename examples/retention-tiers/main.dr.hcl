# Backups kept in five tiers, each copied to a second region: hourly for a day, daily for a month,
# weekly for a quarter, monthly for a year, annual for seven years.

lifeboat {
  required_version = ">= 0.1"
}

variable "account" {
  description = "The AWS account that both regions are in."
  type        = string
  default     = "123456789012"
}

topology "backups" {
  strategy = "backup_restore"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  # Of the newest backups. Older ones take longer to read: their tiers say how long.
  objective {
    rpo = "1h"
    rto = "4h"
  }
}

region "us-east-1" { account = var.account }
region "us-west-2" { account = var.account }

bucket "backups" {
  name = { us-east-1 = "retention-backups", us-west-2 = "retention-backups-dr" }
}

# A backup that lies in the lost region is none: each object is in the other one within 15 minutes.
# Rules of lifecycle are not replicated, so both buckets get the same ones.
replication "backups" {
  bucket       = bucket.backups
  time_control = "15m"
}

retention "backups" {
  bucket = bucket.backups

  # An archived object carries 40 KB of overhead: what is small stays in S3 Standard, which costs
  # less than moving it.
  small_objects = "stay"

  # "24 hours" in S3 Standard. S3 counts whole days and rounds to the next midnight UTC, so a rule of
  # one day is right by luck only, and a backup job that was late twice would find nothing to restore
  # from. Two days are the least that always holds 24 hours.
  tier "hourly" {
    prefix          = "hourly/"
    keep            = "2d"
    noncurrent_keep = "1d"
  }

  # Intelligent-Tiering takes objects from the first day on, without a fee for reading them back, and
  # has no minimum time: the right class for what is read now and then.
  tier "daily" {
    prefix          = "daily/"
    keep            = "30d"
    storage_class   = "INTELLIGENT_TIERING"
    noncurrent_keep = "7d"
  }

  # Glacier Flexible Retrieval is paid for 90 days at least: archived at once and kept for exactly
  # that time nothing is paid twice. Archived a week later, seven days would be paid for nothing.
  # A standard retrieval takes three to five hours; an rto below five would be refused here.
  tier "weekly" {
    prefix          = "weekly/"
    keep            = "90d"
    storage_class   = "GLACIER"
    noncurrent_keep = "7d"
    rto             = "6h"
  }

  # Deep Archive is paid for 180 days at least, and takes up to twelve hours to read.
  # A year is 366 days here: retention must not fall short in a leap year.
  tier "monthly" {
    prefix          = "monthly/"
    keep            = "1y"
    storage_class   = "DEEP_ARCHIVE"
    noncurrent_keep = "30d"
    rto             = "1d"
  }

  # Seven years, for financial records: 2557 days, because two of them can be leap years. 2555 would
  # delete the oldest backup two days before an auditor may still ask for it.
  tier "annual" {
    prefix          = "annual/"
    keep            = "7y"
    storage_class   = "DEEP_ARCHIVE"
    noncurrent_keep = "30d"
    rto             = "1d"
  }
}

output "bucket" {
  description = "Where backup jobs write, below hourly/, daily/, weekly/, monthly/ and annual/."
  value       = bucket.backups.aws_s3_bucket["us-east-1"].bucket
}
