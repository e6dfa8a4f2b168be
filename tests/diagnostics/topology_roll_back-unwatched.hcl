topology "web" {
  strategy = "active_active"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  failover {
    on_unhealthy = "roll_back"
  }
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }
