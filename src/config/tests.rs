//! Tests of loading, static checks and variables.

use std::collections::BTreeMap;

use lifeboat_sdk::{Diagnostics, Name, Value};

use super::input::Given;
use super::testing::{Memory, loaded, places, problems};
use super::variable::resolve;
use super::{Config, Target};

#[test]
fn all_problems_of_all_files_are_reported() {
    let (config, found) = loaded(&[
        ("a.dr.hcl", "output \"a\" {\n  value = var.nope\n}\noutput \"b\" {\n  value = [1 2]\n}\n"),
        ("b.dr.hcl", "output \"a\" {\n  value = 1\n}\nfoo {\n}\n"),
        ("c.txt", "not ours"),
    ]);
    assert_eq!(
        places(&config, &found),
        [
            "config::undeclared a.dr.hcl:2:11",
            "config::expected_separator a.dr.hcl:5:14",
            "config::duplicate b.dr.hcl:1:1",
            "config::unknown_block b.dr.hcl:4:1",
        ]
    );
}

#[test]
fn declarations_are_checked() {
    for (text, want) in [
        ("variable \"count\" {\n}\n", "invalid_name 1:10"),
        ("variable \"v\" {\n  type = strin\n}\n", "invalid_type 2:10"),
        ("variable \"v\" {\n  default = upper(\"a\")\n}\n", "not_constant 2:13"),
        ("locals {\n  a = local.a\n}\n", "self_reference 2:7"),
        ("resource \"a\" \"b\" {\n  count = 1\n  for_each = {}\n}\n", "count_and_for_each 3:3"),
        ("resource \"a\" \"b\" {\n  x = a.c.id\n}\n", "undeclared 2:7"),
        ("resource \"a\" \"b\" {\n  count = 2\n}\nlocals {\n  x = a.b.id\n}\n", "instance_key 5:7"),
        ("resource \"a\" \"b\" {\n}\nlocals {\n  x = a.b[0].id\n}\n", "instance_key 4:7"),
        ("resource \"a\" \"b\" {\n  x = each.key\n}\n", "outside 2:7"),
        ("output \"o\" {\n  value = self.x\n}\n", "outside 2:11"),
        ("output \"o\" {\n  value = bucket.nope\n}\n", "undeclared 2:11"),
        (
            "check \"c\" {\n  assert {\n    condition = true\n    error_message = \"x\"\n  }\n}\n",
            "invalid_condition 3:17",
        ),
        ("lifeboat {\n  foo = 1\n}\n", "unknown_argument 2:3"),
        ("terraform {\n}\n", "unsupported 1:1"),
        ("module \"m\" {\n  source = \"a/b\"\n}\n", "module_source 2:12"),
        ("moved {\n  from = a.b[var.x]\n  to = a.c\n}\n", "invalid_address 2:10"),
        ("import {\n  to = a.b\n  id = var.x\n}\n", "undeclared 3:8"),
        ("resource \"a\" \"b\" {\n  provisioner \"x\" {\n  }\n}\n", "unsupported 2:3"),
    ] {
        assert_eq!(problems(text), [want], "{text}");
    }
}

#[test]
fn valid_files_have_no_problems() {
    let text = "
        topology \"t\" {
          primary = \"us-east-1\"
        }
        region \"us-east-1\" {
          account = \"123456789012\"
        }
        bucket \"b\" {
          for_each = toset([\"x\"])
          name     = { us-east-1 = \"${each.key}\" }
        }
        resource \"a\" \"b\" {
          for_each = { x = region.us-east-1 }
          y        = each.value
          dynamic \"rule\" {
            for_each = [1]
            content {
              z = rule.value
            }
          }
          lifecycle {
            ignore_changes = [tags[\"x\"], rule]
            postcondition {
              condition     = self.y != null && a.b[each.key].y != null
              error_message = \"x\"
            }
          }
        }
        data \"a\" \"d\" {
          depends_on = [a.b, bucket.b, module.m]
        }
        module \"m\" {
          source = \"./m\"
          v      = data.a.d.x
        }
        output \"o\" {
          value = [module.m.w, bucket.b[\"x\"].arn, path.module, [for k, v in a.b : v]]
        }
        import {
          for_each = { k = 1 }
          to       = a.b[each.key]
          id       = each.value
        }
        removed {
          from = a.gone
          lifecycle {
            destroy = false
          }
        }
    ";
    let module = "variable \"v\" {\n}\noutput \"w\" {\n  value = var.v\n}\n";
    let (config, found) = loaded(&[("main.dr.hcl", text), ("m/x.dr.hcl", module)]);
    assert_eq!(places(&config, &found), Vec::<String>::new());
    assert!(config.root.children["m"].outputs.contains_key("w"));
    assert_eq!(config.digests.len(), 2);
    let depends: Vec<String> = config
        .root
        .resources
        .values()
        .flat_map(|r| r.depends_on.iter().map(|d| d.target.label()))
        .collect();
    assert_eq!(depends, ["a.b", "bucket.b", "module.m"]);
    let output = super::reference::references(&config.root.outputs["o"].value);
    let module = Target::Module { name: "m".into(), output: Some("w".into()) };
    assert_eq!(output.first().map(|r| &r.target), Some(&module));
}

#[test]
fn modules_are_checked_at_their_calls() {
    let child = "variable \"a\" {\n}\nvariable \"b\" {\n  default = 1\n}\n";
    let text = "module \"m\" {\n  source = \"./m\"\n  bb = 1\n}\noutput \"o\" {\n  value = module.m.x\n}\n";
    let (config, found) = loaded(&[("main.dr.hcl", text), ("m/m.dr.hcl", child)]);
    assert_eq!(
        places(&config, &found),
        [
            "config::missing_argument main.dr.hcl:1:12",
            "config::unknown_argument main.dr.hcl:3:3",
            "config::undeclared main.dr.hcl:6:19",
        ]
    );
    let own = "module \"m\" {\n  source = \"../x\"\n}\n";
    let (config, found) =
        loaded(&[("main.dr.hcl", "module \"x\" {\n  source = \"./x\"\n}\n"), ("x/m.dr.hcl", own)]);
    assert_eq!(places(&config, &found), ["config::module_source x/m.dr.hcl:2:12"]);
}

#[test]
fn columns_count_characters_as_people_see_them() {
    assert_eq!(
        problems("output \"o\" {\n  value = [\"e\u{301}👩‍👩‍👧\", nope]\n}\n"),
        ["invalid_reference 2:18"]
    );
    assert_eq!(problems("\u{feff}foo = 1\r\n"), ["unknown_argument 1:1"]);
    assert_eq!(problems("output \"o\" {\r\n  value = nope\r\n}\r\n"), ["invalid_reference 2:11"]);
}

fn given(
    files: &[(&str, &str)],
    args: &[Given],
    env: &[(&str, &str)],
) -> (BTreeMap<Name, Value>, Config, Diagnostics) {
    let memory = Memory::of(files);
    let (config, mut found) = loaded(files);
    let env = env.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let (values, config) = resolve(config, &memory, args, &env, &mut found);
    (values, config, found)
}

fn var(text: &str) -> Given {
    Given::Assignment(text.into())
}

#[test]
fn later_values_win() {
    let declared = ("v.dr.hcl", "variable \"v\" {\n  default = \"d\"\n}\n");
    let auto = ("a.auto.drvars.hcl", "v = \"auto\"\n");
    let json = ("b.auto.drvars.json", "{\"v\": \"json\"}");
    let file = ("f.drvars.hcl", "v = \"file\"\n");
    let env = [("TF_VAR_v", "tf"), ("LIFEBOAT_VAR_v", "ours")];
    let get = |files: &[(&str, &str)], args: &[Given], env: &[(&str, &str)]| {
        let (values, _, found) = given(files, args, env);
        assert!(found.is_empty(), "{found:?}");
        values["v"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(get(&[declared], &[], &[]), "d");
    assert_eq!(get(&[declared], &[], &env[..1]), "tf");
    assert_eq!(get(&[declared], &[], &env), "ours");
    assert_eq!(get(&[declared, auto], &[], &env), "auto");
    assert_eq!(get(&[declared, auto, json], &[], &env), "json");
    let by_file = Given::File("f.drvars.hcl".into());
    assert_eq!(get(&[declared, auto, json, file], &[var("v=a=b"), by_file.clone()], &env), "file");
    assert_eq!(get(&[declared, file], &[by_file, var("v=a=b")], &env), "a=b");
}

#[test]
fn wrong_values_of_variables_are_reported_at_their_place() {
    let text = "variable \"n\" {\n  type = number\n}\nvariable \"l\" {\n  type = list(string)\n  default = []\n}\n";
    let declared = ("v.dr.hcl", text);
    let run = |files: &[(&str, &str)], args: &[Given]| {
        let (_, config, found) = given(files, args, &[]);
        places(&config, &found)
    };
    assert_eq!(run(&[declared], &[]), ["config::no_value v.dr.hcl:1:1"]);
    assert_eq!(run(&[declared], &[var("n=x")]), ["config::invalid_value v.dr.hcl:1:1"]);
    assert_eq!(
        run(&[declared], &[var("n=1"), var("l=[")]),
        ["config::expected_expression <value for var.l>:1:2"]
    );
    assert_eq!(run(&[declared], &[var("n=1"), var("m=1")]), ["config::undeclared_variable"]);
    assert_eq!(run(&[declared], &[var("n=1"), var("m")]), ["config::invalid_option"]);
    let auto = ("x.auto.drvars.hcl", "n = []\nm = 1\nl = [upper(\"a\")]\n");
    assert_eq!(
        run(&[declared, auto], &[]),
        [
            "config::invalid_value x.auto.drvars.hcl:1:5",
            "config::undeclared_variable x.auto.drvars.hcl:2:1",
            "config::not_constant x.auto.drvars.hcl:3:6",
        ]
    );
    let (_, config, _) = given(&[declared, ("x.auto.drvars.hcl", "n = 5\n")], &[], &[]);
    assert_eq!(
        config.assigned["n"].iter().map(|s| config.sources.text(*s)).collect::<Vec<_>>(),
        ["5"]
    );
}

#[test]
fn defaults_of_optional_attributes_are_filled_in() {
    let text = "variable \"v\" {\n  type = map(object({ a = optional(number, 5), b = optional(object({ c = optional(string, \"x\") }), {}) }))\n}\n";
    let (values, _, found) =
        given(&[("v.dr.hcl", text)], &[var("v={ k = {}, l = { a = 1, b = null } }")], &[]);
    assert!(found.is_empty(), "{found:?}");
    let at = |k: &str, a: &str| values["v"].get(k).and_then(|o| o.get(a)).cloned();
    assert_eq!(at("k", "a"), Some(Value::int(5)));
    assert_eq!(at("l", "a"), Some(Value::int(1)));
    let inner = at("l", "b").and_then(|b| b.get("c").cloned());
    assert_eq!(inner, Some(Value::string("x")));
}

#[test]
fn codes_are_listed_once() {
    let mut codes: Vec<&str> = super::codes::ALL.iter().map(|c| c.code).collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
    for code in super::codes::ALL {
        assert!(code.code.starts_with("config::") && !code.summary.ends_with('.'), "{code:?}");
    }
}
