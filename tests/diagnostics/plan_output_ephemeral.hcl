variable "token" {
  default   = "x"
  ephemeral = true
}
output "token" {
  value = var.token
}
