output "answer" {
  value = ‘a’
}
