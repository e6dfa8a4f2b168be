# command: plan -target=terraform_data.app
resource "terraform_data" "web" {
}
