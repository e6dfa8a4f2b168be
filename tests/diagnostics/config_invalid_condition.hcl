variable "count_of" {
  default = 1
  validation {
    condition     = true
    error_message = "It must be one."
  }
}
