locals {
  keep = true
}
resource "terraform_data" "web" {
  lifecycle {
    prevent_destroy = local.keep
  }
}
