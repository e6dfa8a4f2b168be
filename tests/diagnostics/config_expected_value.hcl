output "answer" {
  value = { name }
}
