output "answer" {
  value = "a" "b"
}
