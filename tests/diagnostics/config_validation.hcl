# command: plan -var=size=7
variable "size" {
  type = number
  validation {
    condition     = var.size < 5
    error_message = "Up to four, because the quota ends there."
  }
}
