topology "orders" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}
region "us-east-1" {}
region "us-west-2" {}

secret "password" {
  name = "orders password"
}

secret "token" {
  name = "orders/token"
}

secret "key" {
  name = "orders/token"
}
