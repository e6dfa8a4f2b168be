resource "terraform_data" "web" {
  count    = 2
  for_each = {}
}
