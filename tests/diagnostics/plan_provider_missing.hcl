# command: plan
resource "terraform_data" "web" {
  provider = terraform.other
}
