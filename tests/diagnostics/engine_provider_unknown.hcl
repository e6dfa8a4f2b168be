# command: plan
provider "gcp" {
}
