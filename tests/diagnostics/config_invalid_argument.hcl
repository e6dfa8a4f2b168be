output "answer" {
  value = max(5...)
}
