//! `show -json PLAN` in Terraform's shape: what was there, and what the files declare.

use serde_json::{Value, json};

use super::{Case, ONE, TOPOLOGY};

/// With the child module of [`CHILD`]; Terraform 1.11.4 was given the same.
const ROOT: &str = r#"
variable "a" {
  type        = object({ b = string })
  default     = { b = "x" }
  description = "An a"
}
variable "n" {
  default = null
}
locals {
  k = "z"
}
resource "terraform_data" "x" {
  count            = 2
  input            = "t${var.a.b}"
  triggers_replace = null
}
resource "terraform_data" "y" {
  for_each = { a = 1, b = 2 }
  input = [
    terraform_data.x[0].id, terraform_data.x[*].id, each.value, module.m["a"].o.z, module.m["b"].o,
    module.one.o, local.k, path.module, "${1 + 1}", [for v in terraform_data.x : v.id],
  ]
  triggers_replace = 1 + 1
  depends_on       = [terraform_data.x, module.m]
}
resource "terraform_data" "s" {
  input            = upper("a")
  triggers_replace = true ? [1, { a = "b" }] : [2, { a = "c" }]
}
module "m" {
  source   = "./m"
  for_each = toset(["a", "b"])
  v        = each.key
}
module "one" {
  source     = "./m"
  v          = "const"
  depends_on = [terraform_data.s]
}
output "o" {
  value       = 1
  description = "An o"
  depends_on  = [terraform_data.x]
}
"#;

const CHILD: &str = r#"
variable "v" {
}
resource "terraform_data" "in" {
  input = var.v
}
output "o" {
  value = { z = terraform_data.in.id }
}
"#;

/// The plan as `show -json` has it, every word of it as it is.
fn shown(case: &Case, args: &[&str]) -> Value {
    let mut all = vec!["plan", "-out=p.plan"];
    all.extend(args);
    case.ok(&all);
    Case::exactly(&mut case.command(&["show", "-json", "p.plan"])).json()
}

fn resource(name: &str, rest: Value) -> Value {
    let mut all = json!({
        "address": format!("terraform_data.{name}"),
        "mode": "managed",
        "type": "terraform_data",
        "name": name,
        "provider_config_key": "terraform",
        "schema_version": 0,
    });
    all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    all
}

/// What Terraform says of [`CHILD`].
fn child() -> Value {
    let input = json!({ "input": { "references": ["var.v"] } });
    json!({
        "outputs": { "o": { "expression": {
            "references": ["terraform_data.in.id", "terraform_data.in"]
        } } },
        "resources": [resource("in", json!({ "expressions": input }))],
        "variables": { "v": {} },
    })
}

#[test]
fn the_configuration_is_what_terraform_makes_of_the_same_files() {
    let case = Case::of(ROOT).file("m/main.dr.hcl", CHILD);
    let configuration = shown(&case, &[])["configuration"].clone();
    let providers = json!({ "terraform": {
        "name": "terraform", "full_name": "terraform.io/builtin/terraform",
    } });
    assert_eq!(configuration["provider_config"], providers);
    let root = &configuration["root_module"];
    let outputs = json!({ "o": {
        "expression": { "constant_value": 1 },
        "depends_on": ["terraform_data.x"],
        "description": "An o",
    } });
    assert_eq!(root["outputs"], outputs);
    let variables = json!({
        "a": { "default": { "b": "x" }, "description": "An a" },
        "n": { "default": null },
    });
    assert_eq!(root["variables"], variables);
    let calls = json!({
        "m": {
            "source": "./m",
            "expressions": { "v": { "references": ["each.key"] } },
            "module": child(),
        },
        "one": {
            "source": "./m",
            "expressions": { "v": { "constant_value": "const" } },
            "depends_on": ["terraform_data.s"],
            "module": child(),
        },
    });
    assert_eq!(root["module_calls"], calls);
}

#[test]
fn resources_are_declared_as_terraform_has_them() {
    let case = Case::of(ROOT).file("m/main.dr.hcl", CHILD);
    let configuration = shown(&case, &[])["configuration"].clone();
    let s = json!({ "expressions": {
        "input": {},
        "triggers_replace": { "constant_value": [1, { "a": "b" }] },
    } });
    let x = json!({
        "count_expression": { "constant_value": 2 },
        "expressions": {
            "input": { "references": ["var.a.b", "var.a"] },
            "triggers_replace": { "constant_value": null },
        },
    });
    let references = json!([
        "terraform_data.x[0].id",
        "terraform_data.x[0]",
        "terraform_data.x",
        "terraform_data.x",
        "each.value",
        "module.m[\"a\"].o.z",
        "module.m[\"a\"].o",
        "module.m[\"a\"]",
        "module.m[\"b\"].o",
        "module.m[\"b\"]",
        "module.one.o",
        "module.one",
        "local.k",
        "path.module",
        "terraform_data.x",
    ]);
    let y = json!({
        "for_each_expression": { "constant_value": { "a": 1, "b": 2 } },
        "expressions": {
            "input": { "references": references },
            "triggers_replace": { "constant_value": 2 },
        },
        "depends_on": ["terraform_data.x", "module.m"],
    });
    let all = json!([resource("s", s), resource("x", x), resource("y", y)]);
    assert_eq!(configuration["root_module"]["resources"], all);
}

#[test]
fn the_configuration_holds_no_secret() {
    let child = "variable \"pw\" {\n  sensitive = true\n}\nresource \"terraform_data\" \"in\" {\n  \
                 input = var.pw\n}\n";
    let root = "variable \"pw\" {\n  default   = \"hunter2\"\n  sensitive = true\n}\nmodule \"m\" \
                {\n  source = \"./m\"\n  pw     = \"hunter2\"\n}\noutput \"o\" {\n  value     = \
                \"hunter2\"\n  sensitive = true\n}\n";
    let case = Case::of(root).file("m/main.dr.hcl", child);
    let all = shown(&case, &[]);
    assert!(!all.to_string().contains("hunter2"), "{all:#}");
    let variable = &all["configuration"]["root_module"]["variables"]["pw"];
    assert_eq!(*variable, json!({ "sensitive": true }));
}

#[test]
#[cfg(feature = "aws")]
fn providers_are_declared_without_their_secrets() {
    let case = Case::of(
        "variable \"key\" {\n  default   = \"hunter2\"\n  sensitive = true\n}\nprovider \"aws\" {\n  \
         region     = \"us-east-1\"\n  access_key = \"AKIAHUNTER\"\n  secret_key = var.key\n  \
         default_tags {\n    tags = { a = \"b\" }\n  }\n}\n",
    );
    let configuration = shown(&case, &[])["configuration"].clone();
    let aws = json!({
        "name": "aws",
        "full_name": "registry.terraform.io/hashicorp/aws",
        "expressions": {
            "region": { "constant_value": "us-east-1" },
            "access_key": { "constant_value": "AKIAHUNTER" },
            "secret_key": { "references": ["var.key"] },
            "default_tags": [{ "tags": { "constant_value": { "a": "b" } } }],
        },
    });
    assert_eq!(configuration["provider_config"]["aws"], aws);
}

#[test]
fn blocks_of_the_topology_are_declared_beside_what_terraform_knows() {
    let case = Case::of(TOPOLOGY);
    let configuration = shown(&case, &[])["configuration"].clone();
    let region = json!({
        "type": "region",
        "name": "us-west-2",
        "expressions": { "account": { "references": ["var.account"] } },
    });
    assert_eq!(configuration["root_module"]["topology_blocks"][2], region);
}

#[test]
fn a_plan_tells_what_there_was_as_the_state_does() {
    let case = Case::of(ONE);
    assert_eq!(shown(&case, &[]).get("prior_state"), None);
    case.ok(&["apply", "-auto-approve"]);
    let state = Case::exactly(&mut case.command(&["show", "-json"])).json();
    for args in [&["-var=size=2"][..], &["-destroy"]] {
        assert_eq!(shown(&case, args)["prior_state"], state);
    }
}
