resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = "logs"
  dynamic "rule" {
    for_each = 5
    content {
      id     = "all"
      status = "Enabled"
    }
  }
}
