output "answer" {
  value = 1 / 0
}
