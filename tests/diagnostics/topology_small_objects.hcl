topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }

bucket "exports" {
  name = { us-east-1 = "web-exports", us-west-2 = "web-exports-dr" }
}

retention "exports" {
  bucket = bucket.exports

  tier "annual" {
    keep            = "7y"
    noncurrent_keep = "30d"
    storage_class   = "GLACIER"
  }
}
