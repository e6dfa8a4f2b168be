output "answer" {
  value = <<EOT
no end
}
