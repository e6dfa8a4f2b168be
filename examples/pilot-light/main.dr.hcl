# A pilot light: the standby has the data of the shop, and none of it runs there. Others (Terraform,
# say) make the machines and the groups; what is here says how much of them runs in which role.

lifeboat {
  required_version = ">= 0.1"
}

variable "account" {
  description = "The AWS account that both regions are in."
  type        = string
  default     = "123456789012"
}

variable "machines" {
  description = "The machines of the back office by region, as whoever makes them names them."
  type        = map(set(string))
  default = {
    us-east-1 = ["i-0123456789abcdef0"]
    us-west-2 = ["i-0fedcba9876543210"]
  }
}

topology "shop" {
  strategy = "pilot_light"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  objective {
    rpo = "15m"
    rto = "1h"
  }
  failover {
    fence { require = "cuts_sessions" }
  }
}

region "us-east-1" { account = var.account }
region "us-west-2" { account = var.account }

bucket "orders" {
  name = { us-east-1 = "shop-orders", us-west-2 = "shop-orders-dr" }
}

replication "orders" {
  bucket       = bucket.orders
  time_control = "15m"
}

# Machines run in the primary and are stopped in the standby.
service "back_office" {
  instances = var.machines
  capacity  = { primary = 1, standby = 0 }
}

# The group in the standby is there, and empty.
service "web" {
  autoscaling_group = { us-east-1 = "shop-web", us-west-2 = "shop-web" }
  capacity          = { primary = 2, standby = 0 }
  min_size          = { primary = 1, standby = 0 }
}

resource "aws_route53_zone" "main" {
  name          = "example.com"
  force_destroy = true
}

dns_failover "shop" {
  zone   = aws_route53_zone.main.zone_id
  name   = "shop.example.com"
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
