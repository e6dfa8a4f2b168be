output "answer" {
  value = {
  a = 1
}
