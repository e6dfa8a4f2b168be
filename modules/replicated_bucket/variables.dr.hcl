variable "name" {
  description = "The bucket's name; its copy has the region behind it."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,42}$", var.name))
    error_message = "The name has 2 to 43 lower-case letters, digits and hyphens, so that a region fits behind it."
  }
}

variable "from" {
  description = "The region that is written to."
  type        = string
}

variable "to" {
  description = "The region of the copy."
  type        = string

  validation {
    condition     = var.to != var.from
    error_message = "The copy is in another region, or it is lost with the original."
  }
}

variable "storage_class" {
  description = "The storage class of the copies."
  type        = string
  default     = "STANDARD_IA"
}

variable "delete_markers" {
  description = "Whether a deletion hides the copy too."
  type        = bool
  default     = true
}

variable "keep_days" {
  description = "After how many days objects expire; never where it is null."
  type        = number
  default     = null
}

variable "tags" {
  description = "The buckets' tags."
  type        = map(string)
  default     = {}
}
