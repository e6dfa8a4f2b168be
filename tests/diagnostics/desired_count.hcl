resource "terraform_data" "web" {
  count = -1
}
