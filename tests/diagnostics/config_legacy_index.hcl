output "answer" {
  value = [[1, 2], [3, 4]].1.0 + 1
}
