output "answer" {
  value = "%{ for x in [null] }${x}%{ endfor }"
}
