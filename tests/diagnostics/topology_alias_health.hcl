topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }

dns_failover "web" {
  zone   = "Z0123456789ABC"
  name   = "www.example.com"
  switch = "record"

  endpoint "us-east-1" {
    alias {
      name                   = "lb-a.elb.amazonaws.com"
      zone_id                = "Z35SXDOTRQ7X7K"
      evaluate_target_health = false
    }
  }
  endpoint "us-west-2" {
    alias {
      name                   = "lb-b.elb.amazonaws.com"
      zone_id                = "Z35SXDOTRQ7X7K"
      evaluate_target_health = true
    }
  }
}
