# command: plan
variable "size" {
  default = 3
}
resource "terraform_data" "web" {
  lifecycle {
    precondition {
      condition     = var.size > 5
      error_message = "The size ${var.size} is small."
    }
  }
}
