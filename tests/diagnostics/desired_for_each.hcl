resource "terraform_data" "web" {
  for_each = ["a", "b"]
}
