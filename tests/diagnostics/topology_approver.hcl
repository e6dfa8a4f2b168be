topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  failover {
    approvals = 1
    approvers = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPmKw70BvABMl6C2xEUOLGoDbk4p79e9tAyyPEtPMKfb alice@example.com",
      "ssh-ed25519 AAAA",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPmKw70BvABMl6C2xEUOLGoDbk4p79e9tAyyPEtPMKfb al@example.com",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII7aNPlLpfQOZRKF+uwnTxhWOS83y8UqJLoNVbaAeC1l alice@example.com",
    ]
  }
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }
