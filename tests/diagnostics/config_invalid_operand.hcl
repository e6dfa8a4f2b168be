output "answer" {
  value = !"sometimes"
}
