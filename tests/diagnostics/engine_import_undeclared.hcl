# command: plan
import {
  to = terraform_data.web["b"]
  id = "x"
}
resource "terraform_data" "web" {
  for_each = toset(["a"])
}
