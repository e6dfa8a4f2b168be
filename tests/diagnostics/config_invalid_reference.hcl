output "answer" {
  value = region
}
