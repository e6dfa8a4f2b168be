variable "region" {
}
variable "region" {
}
