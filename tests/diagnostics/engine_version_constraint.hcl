lifeboat {
  required_version = "newest"
}
