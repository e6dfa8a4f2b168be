resource "aws_s3_bucket" "web" {
  bucket = "Web_logs"
}
