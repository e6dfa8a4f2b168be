output "answer" {
  value = { ([1]) = 1 }
}
