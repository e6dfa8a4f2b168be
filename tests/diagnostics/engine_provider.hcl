# command: plan
provider "aws" {
  region = "nowhere/1"
  max_concurrency = -4
}
resource "aws_s3_bucket" "web" {
  bucket = "web-logs"
}
