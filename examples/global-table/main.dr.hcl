# A global table of DynamoDB: a table in one region and a replica of it in another, which both take writes.
# What writes to it is one consumer, which runs in the primary alone. In this version lifeboat simulates
# databases, and does not make them (README.md).

topology "orders" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  objective {
    rpo = "1m"
    rto = "10m"
  }
  failover {
    # How long what was written before the consumer stopped may take to the other region.
    timeouts = { final_sync = "6m" }
  }
}

region "us-east-1" {}
region "us-west-2" {}

database "orders" {
  engine          = "dynamodb"
  hash_key        = "customer"
  range_key       = "order"
  attribute_types = { order = "N" }

  prevent_destroy = true
}

# The table is not fenced: all its replicas write. That one region alone writes is the consumer's affair, which
# is switched off in the region that is left, and on in the new primary.
service "ingest" {
  event_source_mappings = {
    us-east-1 = ["14e0db71-5d35-4eb5-b481-8945cf9d10c2"]
    us-west-2 = ["91eaeb7e-c976-1234-9451-8709db01f137"]
  }
  schedules = {
    us-east-1 = ["orders/nightly-report"]
    us-west-2 = ["orders/nightly-report"]
  }
  capacity = { primary = 1, standby = 0 }
}
