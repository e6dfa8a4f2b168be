output "answer" {
  value = [[1]].*.*
}
