resource "terraform_data" "web" {
  count = 2
}
output "answer" {
  value = terraform_data.web.id
}
