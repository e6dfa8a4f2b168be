topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }

dns_failover "web" {
  zone      = "Z0123456789ABC"
  name      = "www.example.com"
  switch    = "health"
  policy    = "latency"
  resolvers = ["9.9.9.9"]

  health_check { path = "/health" }

  endpoint "us-east-1" { address = "203.0.113.10" }
  endpoint "us-west-2" { address = "203.0.113.20" }
}
