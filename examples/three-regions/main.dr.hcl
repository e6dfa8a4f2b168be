# A fleet service in three regions: the primary writes, two standbys have its data. Any of them may
# take over; the operator names which.

lifeboat {
  required_version = ">= 0.1"
}

variable "account" {
  description = "The AWS account that all regions are in."
  type        = string
  default     = "123456789012"
}

topology "fleet" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "eu-west-1", "ap-southeast-1"]
  primary  = "us-east-1"

  objective {
    rpo = "15m"
    rto = "15m"
  }
  failover {
    # How long the region that was left must follow before it may be gone back to.
    soak = "1h"
  }
}

region "us-east-1" { account = var.account }
region "eu-west-1" { account = var.account }
region "ap-southeast-1" { account = var.account }

bucket "tracks" {
  name = {
    us-east-1      = "fleet-tracks"
    eu-west-1      = "fleet-tracks-eu"
    ap-southeast-1 = "fleet-tracks-ap"
  }
}

# From the primary to both standbys. After a promotion it is the new primary that copies, to the third
# region as well: nobody has to be pointed elsewhere by hand.
replication "tracks" {
  bucket       = bucket.tracks
  time_control = "15m"
}

resource "aws_route53_zone" "main" {
  name          = "example.com"
  force_destroy = true
}

# A pair of failover records has two members. Three regions share a name by weights that follow the
# roles: all traffic goes to the primary.
dns_failover "fleet" {
  zone    = aws_route53_zone.main.zone_id
  name    = "fleet.example.com"
  ttl     = "30s"
  switch  = "record"
  policy  = "weighted"
  weights = { primary = 100, standby = 0 }

  endpoint "us-east-1" { address = "203.0.113.10" }
  endpoint "eu-west-1" { address = "203.0.113.20" }
  endpoint "ap-southeast-1" { address = "203.0.113.30" }
}
