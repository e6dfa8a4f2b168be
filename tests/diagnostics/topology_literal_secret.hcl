topology "web" {
  strategy = "pilot_light"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }

hook "page" {
  phase = "switch"
  webhook {
    url     = "https://ops.example.com/page"
    headers = { Authorization = "Bearer s3cr3t" }
  }
}
