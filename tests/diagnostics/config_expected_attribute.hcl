output "answer" {
  value = path.
}
