output "answer" {
  value = null ? "yes" : "no"
}
