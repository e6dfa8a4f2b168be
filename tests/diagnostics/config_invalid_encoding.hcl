output "answer" {
  value = "café"
}
