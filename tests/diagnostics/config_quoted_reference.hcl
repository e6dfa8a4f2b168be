resource "terraform_data" "db" {
}
resource "terraform_data" "web" {
  depends_on = ["terraform_data.db"]
}
