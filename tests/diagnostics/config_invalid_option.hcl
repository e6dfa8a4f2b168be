# command: plan -var=region
variable "region" {
}
