variable "region" {
  default = "us-east-1"
}
output "answer" {
  value = var.regoin
}
