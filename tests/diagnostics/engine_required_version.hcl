lifeboat {
  required_version = ">= 9"
}
