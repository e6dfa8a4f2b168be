topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-7"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }
region "us-west-7" { account = "123456789012" }
