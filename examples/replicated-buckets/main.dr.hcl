# Several buckets with a copy in another region, from one module.

provider "aws" {
  region = "us-east-1"
}

variable "buckets" {
  description = "The buckets and after how many days their objects expire."
  type        = map(object({ keep_days = optional(number) }))
  default = {
    replicated-audit   = {}
    replicated-reports = { keep_days = 400 }
  }
}

module "bucket" {
  source   = "../../modules/replicated_bucket"
  for_each = var.buckets

  name      = each.key
  from      = "us-east-1"
  to        = "us-west-2"
  keep_days = each.value.keep_days
  tags      = { example = "replicated-buckets" }
}

output "buckets" {
  description = "The names by region."
  value       = { for name, bucket in module.bucket : name => bucket.buckets }
}
