output "answer" {
  value = 1
}
/* The rest
output "other" {
}
