output "answer" {
  value = { for name in ["a", "a"] : name => name }
}
