# command: plan -var-file=absent.drvars.hcl
variable "region" {
  default = "us-west-2"
}
