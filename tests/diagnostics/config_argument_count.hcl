output "answer" {
  value = can(1, 2)
}
