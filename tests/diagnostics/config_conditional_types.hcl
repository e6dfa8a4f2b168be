output "answer" {
  value = true ? 1 : ["one"]
}
