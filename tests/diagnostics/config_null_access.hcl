locals {
  nothing = null
}
output "answer" {
  value = local.nothing.region
}
