topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }

service "api" {
  security_groups = { us-east-1 = ["api"], us-west-2 = ["sg-0123456789abcdef0"] }
  capacity        = { primary = 1, standby = 0 }
}
