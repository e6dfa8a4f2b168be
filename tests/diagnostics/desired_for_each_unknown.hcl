# command: plan
resource "terraform_data" "db" {
  input = "a"
}
resource "terraform_data" "web" {
  for_each = toset([terraform_data.db.id])
}
