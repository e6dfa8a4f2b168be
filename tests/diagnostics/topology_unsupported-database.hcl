topology "orders" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}
region "us-east-1" {}
region "us-west-2" {}

database "orders" {
  engine            = "cloudnative-pg"
  instance_class    = "db.r6g.large"
  allocated_storage = 100

  fence_security_group_ids = { us-east-1 = ["sg-0a"], us-west-2 = ["sg-0b"] }
}

database "carts" {
  engine            = "postgresql"
  instance_class    = "db.r6g.large"
  allocated_storage = 5
  writers           = "all"

  db_subnet_group_name     = { us-est-1 = "carts" }
  fence_security_group_ids = { us-east-1 = ["sg-0a"], us-west-2 = ["sg-0b"] }
}
