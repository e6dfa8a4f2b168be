output "answer" {
  value = [for x in 5 : x]
}
