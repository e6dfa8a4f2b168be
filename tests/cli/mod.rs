//! The program as people use it: commands, exit codes, texts, and bad days without servers.

pub(crate) mod approvals;
mod by_hand;
pub(crate) mod case;
mod ci;
mod commands;
mod completion;
mod console;
mod edited;
mod examples;
mod fences;
mod foreign_plans;
mod formatting;
mod generations;
mod graph;
mod imports;
mod interrupted;
mod loss;
mod man;
mod moved;
mod open_runs;
mod options;
mod plans;
mod reports;
mod reprotected;
mod requests;
mod retired;
mod shown;
mod state;
mod stored;
mod surgery;
mod transcripts;

pub(crate) use case::Case;

/// One object, one output, one variable.
const ONE: &str = r#"
variable "size" {
  type    = number
  default = 1
}
resource "terraform_data" "web" {
  input = var.size
}
output "size" {
  value = terraform_data.web.output
}
"#;

/// Two regions without accounts, and what is in them.
fn pair(rest: &str) -> String {
    let topology = r#"topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}
region "us-east-1" {}
region "us-west-2" {}
"#;
    format!("{topology}{rest}")
}

/// Two regions and nothing in them.
const TOPOLOGY: &str = r#"
variable "account" {
  default = "123456789012"
}
topology "main" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}
region "us-east-1" {
  account = var.account
}
region "us-west-2" {
  account = var.account
}
"#;
