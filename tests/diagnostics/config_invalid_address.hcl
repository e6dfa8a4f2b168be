moved {
  from = terraform_data.web[local.x]
  to   = terraform_data.app
}
