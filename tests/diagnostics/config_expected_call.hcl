output "answer" {
  value = provider::aws
}
