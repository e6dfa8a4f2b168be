output "answer" {
  value = true ? "yes"
}
