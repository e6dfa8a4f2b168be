bukket "exports" {
}
