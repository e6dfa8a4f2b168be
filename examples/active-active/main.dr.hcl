# A shop whose two regions both answer and both take writes. One of them is the primary by name only:
# it gets the greater part of the traffic.

lifeboat {
  required_version = ">= 0.1"
}

variable "account" {
  description = "The AWS account that both regions are in."
  type        = string
  default     = "123456789012"
}

topology "shop" {
  strategy = "active_active"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  objective {
    rpo = "15m"
    rto = "15m"
  }
  failover {
    commit_window = "5m"
  }
}

region "us-east-1" { account = var.account }
region "us-west-2" { account = var.account }

# Written in both regions, and copied both ways. What is written under the same key in both at once is for
# the program to tell apart: the newer one stays on top.
bucket "carts" {
  name = {
    us-east-1 = "shop-carts"
    us-west-2 = "shop-carts-west"
  }
}

replication "carts" {
  bucket  = bucket.carts
  two_way = true
}

resource "aws_route53_zone" "main" {
  name          = "example.com"
  force_destroy = true
}

# Traffic by weights that follow the roles. Route 53 leaves a region out that is ill; what lifeboat moves,
# it moves in steps, and looks at what gets the traffic after each.
dns_failover "shop" {
  zone    = aws_route53_zone.main.zone_id
  name    = "shop.example.com"
  ttl     = "30s"
  switch  = "health"
  policy  = "weighted"
  weights = { primary = 80, standby = 20 }

  health_check {
    type              = "HTTPS"
    port              = 443
    path              = "/health"
    interval          = "10s"
    failure_threshold = 3
  }
  shift {
    steps = [10, 50]
    watch = "2m"
  }

  endpoint "us-east-1" { address = "203.0.113.10" }
  endpoint "us-west-2" { address = "203.0.113.20" }
}
