output "answer" {
  value = uper("a")
}
