module "web" {
}
