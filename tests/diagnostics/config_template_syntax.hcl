output "answer" {
  value = "%{ if true }yes"
}
