output "buckets" {
  description = "The names by region."
  value       = { for region, bucket in aws_s3_bucket.this : region => bucket.bucket }
}

output "arns" {
  description = "The ARNs by region."
  value       = { for region, bucket in aws_s3_bucket.this : region => bucket.arn }
}

output "role_arn" {
  description = "The role that S3 copies with."
  value       = aws_iam_role.replication.arn
}
