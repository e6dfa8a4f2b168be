topology "web" {
  strategy = "backup_restore"
  regions  = ["us-east-1"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }

bucket "exports" {
  name = "web-exports"
}

replication "exports" {
  bucket = bucket.exports
}
