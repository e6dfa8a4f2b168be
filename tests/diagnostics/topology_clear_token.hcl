topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }

hook "vpn" {
  phase = "switch"
  webhook {
    url        = "http://vpn.example.com/switch"
    token_file = "/run/secrets/vpn"
  }
}
