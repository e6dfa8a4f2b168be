resource "terraform_data" "web" {
}
removed {
  from = terraform_data.web
}
