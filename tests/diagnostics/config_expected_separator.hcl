output "answer" {
  value = [1 2]
}
