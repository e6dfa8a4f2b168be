variable "regions" {
  type    = list(string)
  default = "us-east-1"
}
