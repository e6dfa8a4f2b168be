output "answer" {
  value = ["us-east-1", "us-west-2"][2]
}
