resource "terraform_data" "web" {
  lifecycle {
  }
  lifecycle {
  }
}
