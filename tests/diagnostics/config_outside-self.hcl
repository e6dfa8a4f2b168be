resource "terraform_data" "web" {
  input = self.id
}
