resource "terraform_data" "web" {
  lifecycle {
    create_before_destroy = "sometimes"
  }
}
