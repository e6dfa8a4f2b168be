# command: plan
import {
  to = terraform_data.web
  id = ""
}
resource "terraform_data" "web" {
}
