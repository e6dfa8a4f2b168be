output "answer" {
  value = "no end
}
