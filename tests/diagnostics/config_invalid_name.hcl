output "1st" {
  value = 1
}
