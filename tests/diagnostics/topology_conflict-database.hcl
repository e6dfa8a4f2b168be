topology "orders" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}
region "us-east-1" {}
region "us-west-2" {}

database "orders" {
  engine            = "aurora-postgresql"
  instance_class    = "db.r6g.large"
  allocated_storage = 100
  multi_az          = true
  instances         = 17
  keep_retired      = "30d"

  fence_security_group_ids = { us-east-1 = ["sg-0a"], us-west-2 = ["sg-0b"] }
}

database "carts" {
  engine         = "mysql"
  instance_class = "db.r6g.large"
  instances      = 2
  password_secret = "carts"

  fence_security_group_ids = { us-east-1 = ["sg-0a"], us-west-2 = ["sg-0b"] }
}
