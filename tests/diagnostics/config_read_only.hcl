resource "terraform_data" "web" {
  output = 1
}
