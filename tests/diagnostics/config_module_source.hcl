module "web" {
  source = "hashicorp/web/aws"
}
