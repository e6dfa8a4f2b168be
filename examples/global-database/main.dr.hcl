# A global database of Aurora: a cluster that takes writes, and one in another region that follows it. In
# this version lifeboat simulates databases, and does not make them (README.md).

topology "orders" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  objective {
    rpo = "1m"
    rto = "30m"
  }
  failover {
    # How long the last commits may take to the standby once nobody writes any more.
    timeouts = { final_sync = "2m" }
  }
}

region "us-east-1" {}
region "us-west-2" {}

# The password of the main user. Others put the value in: it is nowhere in these files, and lifeboat never
# reads it. Programs of each region read it in their own.
secret "password" {
  name            = "orders/password"
  prevent_destroy = true
}

database "orders" {
  engine          = "aurora-postgresql"
  engine_version  = "16.4"
  instance_class  = "db.r6g.large"
  instances       = 2
  password_secret = "orders/password"

  db_subnet_group_name = {
    us-east-1 = "orders"
    us-west-2 = "orders"
  }
  vpc_security_group_ids = {
    us-east-1 = ["sg-0a1b2c3d4e5f60718"]
    us-west-2 = ["sg-08f7e6d5c4b3a2910"]
  }

  # Groups without any ingress rule. The cluster of the region that is left gets them instead of its
  # own and its instances are rebooted, so that no session is left and none can begin.
  fence_security_group_ids = {
    us-east-1 = ["sg-0000000000000000a"]
    us-west-2 = ["sg-0000000000000000b"]
  }

  # In each region the host to write to: programs look it up in their own.
  endpoint_parameter = "/orders/writer"

  prevent_destroy = true
  depends_on      = [secret.password]
}

# The pools of connections hold the old host until they are told.
hook "reconnect" {
  phase   = "switch"
  when    = "after"
  command = ["./reconnect"]
  timeout = "1m"
}
