output "answer" {
  value = [for x : x]
}
