locals {
  web = { region = "us-east-1" }
}
output "answer" {
  value = local.web.regoin
}
