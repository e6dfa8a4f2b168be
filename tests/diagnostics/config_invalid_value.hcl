# command: plan -var=size=large
variable "size" {
  type = number
}
