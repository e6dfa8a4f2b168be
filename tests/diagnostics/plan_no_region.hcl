# command: plan
resource "aws_s3_bucket" "web" {
  bucket = "web-logs"
}
