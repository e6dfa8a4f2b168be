variable "token" {
  default   = "x"
  sensitive = true
}
output "token" {
  value = "t-${var.token}"
}
