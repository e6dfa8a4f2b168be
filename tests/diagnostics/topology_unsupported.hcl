topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }

backup "nightly" {}

service "api" {
  capacity = { primary = 2, standby = 0 }

  deployment { name = "api" }
}

bucket "exports" {
  name = { us-east-1 = "web-exports", us-west-2 = "web-exports-dr" }
}

replication "exports" {
  bucket = bucket.exports
  existing_objects = true
  tags             = { keep = "yes" }
}
