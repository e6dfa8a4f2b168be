# command: plan
variable "size" {
  default = 3
}
check "size" {
  assert {
    condition     = var.size > 5
    error_message = "The size ${var.size} is small."
  }
}
