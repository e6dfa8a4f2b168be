//! Where values come from, and folders that are not there.

use super::{Case, ONE, TOPOLOGY};

#[test]
fn variables_come_from_files_arguments_and_the_environment() {
    let case = Case::of(ONE)
        .file("a.auto.drvars.hcl", "size = 2\n")
        .env("TF_VAR_size", "8")
        .env("LIFEBOAT_VAR_size", "9");
    case.run(&["plan"]).says(0, &["+ input  = 2"]);
    case.run(&["plan", "-var=size=3"]).says(0, &["+ input  = 3"]);
    let case = Case::of(ONE).env("TF_VAR_size", "8").env("LIFEBOAT_VAR_size", "9");
    case.run(&["plan"]).says(0, &["+ input  = 9"]);
    let case = Case::of(ONE).env("TF_VAR_other", "8");
    case.run(&["plan"]).says(0, &["1 to add"]);
}

#[test]
fn another_folder_is_used_and_must_be_there() {
    let case = Case::new().file("deep/er/main.dr.hcl", ONE);
    case.run(&["-chdir=deep/er", "apply", "-auto-approve"]).says(0, &["1 added"]);
    assert!(case.path("deep/er/.lifeboat/state").is_dir());
    assert!(!case.path(".lifeboat").exists());
    case.run(&["-chdir=nowhere", "plan"]).says(1, &["nowhere is not a folder"]);
    case.run(&["plan"]).says(1, &["config::no_files"]);
}

#[test]
fn a_prompt_takes_yes_and_nothing_else() {
    let case = Case::of(ONE);
    case.run_with(&["apply"], "y\n").says(1, &["cancelled"]);
    case.ok(&["state", "list"]).says(0, &[]);
    case.run_with(&["apply"], "yes\n").says(0, &["1 added"]);
    case.run_with(&["destroy"], "no\n").says(1, &["cancelled"]);
    let last = case.run_with(&["destroy", "-json"], "no\n").lines().pop().unwrap();
    assert_eq!(last["diagnostic"]["summary"], "Destroy cancelled");
    case.run_with(&["destroy"], "yes\n").says(0, &["1 destroyed"]);
    case.run(&["apply", "-input=false"]).says(1, &["needs an approval", "-auto-approve"]);
}

#[test]
fn init_prepares_a_folder_once() {
    let case = Case::of(ONE);
    case.ok(&["init"]);
    let ignored = case.read(".gitignore");
    assert!(String::from_utf8_lossy(&ignored).contains(".lifeboat/"));
    case.ok(&["init"]);
    assert_eq!(case.read(".gitignore"), ignored);
}

#[test]
fn init_only_adds_to_a_gitignore() {
    let latin: &[u8] = b"# f\xfcr uns\nta\xdfe";
    let case = Case::of(ONE).file(".gitignore", latin);
    case.ok(&["init"]);
    assert_eq!(case.read(".gitignore"), [latin, b"\n.lifeboat/\n"].concat());
    case.ok(&["init"]);
    assert_eq!(case.read(".gitignore"), [latin, b"\n.lifeboat/\n"].concat());
    let case = Case::of(ONE).file(".gitignore", "/.lifeboat\r\n");
    case.ok(&["init"]);
    assert_eq!(case.read(".gitignore"), b"/.lifeboat\r\n");
    let case = Case::of(ONE).file(".gitignore/in-the-way", "");
    case.run(&["init"]).says(1, &["The .gitignore cannot be changed"]);
}

#[test]
fn a_region_that_nothing_is_in_was_not_meant() {
    let case = Case::of(TOPOLOGY);
    for option in ["-assume-down", "-exclude-region"] {
        for command in ["plan", "drift", "apply", "destroy"] {
            let near = format!("{option}=us-esat-1");
            let texts = ["engine::region_unknown", &near, "Did you mean \"us-east-1\"?"];
            case.run(&[command, &near]).says(1, &texts);
        }
        let texts = ["engine::region_unknown", "There are: us-east-1, us-west-2."];
        case.run(&["plan", &format!("{option}=nowhere")]).says(1, &texts);
        case.run(&["plan", &format!("{option}=us-west-2")]).says(0, &["No changes"]);
        let texts = ["engine::region_unknown", "There is nothing remote"];
        Case::of(ONE).run(&["plan", &format!("{option}=us-west-2")]).says(1, &texts);
    }
}

/// Where only an expression says where something is, planning finds out.
#[test]
#[cfg(feature = "aws")]
fn a_region_that_an_expression_names_is_a_region() {
    let text = "provider \"aws\" {\n  region     = \"eu-west-1\"\n  access_key = \"AKIATEST\"\n  \
                secret_key = var.key\n  endpoints {\n    sts = \"http://127.0.0.1:1\"\n    s3  = \
                \"http://127.0.0.1:1\"\n  }\n}\nvariable \"key\" {\n  default   = \"x\"\n  sensitive = \
                true\n}\nresource \"aws_s3_bucket\" \"b\" {\n  for_each = toset([\"eu-west-3\"])\n  \
                region   = each.key\n  bucket   = \"web-exports\"\n}\n";
    let case = Case::of(text);
    let down = "-assume-down=eu-west-1";
    case.run(&["plan", down, "-assume-down=eu-west-3"]).says(0, &["deferred"]);
    let texts = ["engine::region_unknown", "There are: eu-west-1, eu-west-3."];
    case.run(&["plan", down, "-assume-down=eu-west-3", "-assume-down=nowhere"]).says(1, &texts);
}
