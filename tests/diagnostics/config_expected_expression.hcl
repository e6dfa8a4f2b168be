output "answer" {
  value = [
}
