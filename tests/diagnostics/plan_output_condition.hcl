# command: plan
variable "size" {
  default = 3
}
output "size" {
  value = var.size
  precondition {
    condition     = var.size > 5
    error_message = "The size ${var.size} is small."
  }
}
