topology "web" {
  strategy = "active_active"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }

service "api" {
  writers         = "all"
  instances       = { us-east-1 = ["i-01234567"], us-west-2 = ["i-89abcdef"] }
  security_groups = { us-east-1 = ["sg-01234567"], us-west-2 = ["sg-89abcdef"] }
  capacity        = { primary = 1, standby = 1 }
}
