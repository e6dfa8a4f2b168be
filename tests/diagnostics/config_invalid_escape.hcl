output "answer" {
  value = "C:\windows"
}
