# A service that lifeboat has no kind for: it runs on ECS in both regions, always. Only the primary lets
# clients in, by its security groups, and a canary tells whether the primary takes writes.

lifeboat {
  required_version = ">= 0.1"
}

variable "account" {
  description = "The AWS account that both regions are in."
  type        = string
  default     = "123456789012"
}

variable "groups" {
  description = "The security groups by region in which clients arrive, as whoever makes them names them."
  type        = map(set(string))
  default = {
    us-east-1 = ["sg-0123456789abcdef0"]
    us-west-2 = ["sg-0fedcba9876543210"]
  }
}

topology "tickets" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  objective {
    rpo = "15m"
    rto = "15m"
  }
  failover {
    canary = "scans"
  }
}

region "us-east-1" { account = var.account }
region "us-west-2" { account = var.account }

bucket "scans" {
  name = { us-east-1 = "tickets-scans", us-west-2 = "tickets-scans-dr" }
}

replication "scans" {
  bucket       = bucket.scans
  time_control = "15m"
}

# What lifeboat writes beside the data: the canary of each round, and the last write before a promotion.
retention "scans" {
  bucket        = bucket.scans
  small_objects = "stay"

  tier "lifeboat" {
    prefix          = ".lifeboat/"
    keep            = "1d"
    noncurrent_keep = "1d"
  }
}

# Clients reach the tasks of the primary; in the standby nobody does. Rules cut no connection that is open.
service "api" {
  security_groups = var.groups
  capacity        = { primary = 1, standby = 0 }
}
