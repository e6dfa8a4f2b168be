# command: plan -var=regoin=us-east-1
variable "region" {
  default = "us-west-2"
}
