topology "orders" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}
region "us-east-1" {}
region "us-west-2" {}

database "carts" {
  engine                   = "dynamodb"
  instance_class           = "db.r6g.large"
  writers                  = "primary"
  fence_security_group_ids = { us-east-1 = ["sg-0a"] }
}

database "items" {
  engine          = "dynamodb"
  hash_key        = "customer"
  attribute_types = { custmer = "S", customer = "string" }
}

database "orders" {
  engine            = "postgres"
  allocated_storage = 100
  hash_key          = "customer"

  fence_security_group_ids = { us-east-1 = ["sg-0a"], us-west-2 = ["sg-0b"] }
}
