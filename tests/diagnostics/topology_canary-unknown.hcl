topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  failover {
    canary = "lgos"
  }
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }

bucket "logs" {
  name = { us-east-1 = "web-logs", us-west-2 = "web-logs-dr" }
}
