output "answer" {
  value      = 1
  sensitve   = true
}
