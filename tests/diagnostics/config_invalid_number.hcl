output "answer" {
  value = 1e999999999999
}
