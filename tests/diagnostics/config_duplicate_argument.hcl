resource "terraform_data" "web" {
  input = 1
  input = 2
}
