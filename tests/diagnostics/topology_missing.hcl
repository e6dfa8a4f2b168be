bucket "exports" {
  name = "web-exports"
}
