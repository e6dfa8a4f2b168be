topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  failover {
    trigger  = "page"
    timeouts = { approve = "10m", fence = "2m", preflight = "1m", reprotect = "1h" }
  }
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }
