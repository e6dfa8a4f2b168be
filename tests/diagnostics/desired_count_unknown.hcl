# command: plan
resource "terraform_data" "db" {
  input = 1
}
resource "terraform_data" "web" {
  count = terraform_data.db.output
}
