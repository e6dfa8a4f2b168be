# command: plan
variable "region" {
}
