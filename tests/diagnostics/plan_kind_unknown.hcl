resource "aws_s3_buckt" "web" {
}
