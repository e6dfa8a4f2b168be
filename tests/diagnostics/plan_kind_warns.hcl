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
    route53 = "http://127.0.0.1:9"
    sts     = "http://127.0.0.1:9"
  }
}
resource "aws_route53_health_check" "web" {
  type     = "HTTPS"
  fqdn     = "www.example.com"
  port     = 443
  disabled = true
}
