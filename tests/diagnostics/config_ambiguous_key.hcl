locals {
  name = "a"
}
output "answer" {
  value = { local.name = 1 }
}
