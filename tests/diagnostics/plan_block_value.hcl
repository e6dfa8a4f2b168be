# command: plan
variable "secret" {
  default = "none"
}
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = var.secret
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  endpoints {
    s3  = "http://127.0.0.1:9"
    sts = "http://127.0.0.1:9"
  }
}
topology "web" {
  strategy = "backup_restore"
  regions  = ["us-east-1"]
  primary  = "us-east-1"
}
region "us-east-1" { account = "123456789012" }
resource "terraform_data" "team" {
  input = ["web"]
}
bucket "exports" {
  name = { us-east-1 = "web-exports" }
  tags = terraform_data.team.input
}
