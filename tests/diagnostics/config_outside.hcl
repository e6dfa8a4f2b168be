output "answer" {
  value = each.key
}
