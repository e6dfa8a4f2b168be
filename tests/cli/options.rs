//! Where values come from, and folders that are not there.

use super::man;
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

/// A run whose results go to a disk that is full.
#[cfg(target_os = "linux")]
fn to_a_full_disk(case: &Case, args: &[&str]) -> super::case::Ran {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    Case::exactly(case.command(args).stdout(full))
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let case = Case::of(ONE);
    let lost = ["the output cannot be written: No space left on device"];
    to_a_full_disk(&case, &["plan"]).says(1, &lost);
    to_a_full_disk(&case, &["plan", "-json", "-detailed-exitcode"]).says(1, &lost);
    // The work is done all the same.
    to_a_full_disk(&case, &["apply", "-auto-approve"]).says(1, &lost);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
    for args in [&["output", "-json"][..], &["show", "-json"], &["version"], &["drift"]] {
        let ran = to_a_full_disk(&case, args);
        ran.says(1, &lost);
        assert_eq!(ran.stderr.matches("Error").count(), 1, "{args:?}: {ran:#?}");
    }
    to_a_full_disk(&case, &["--help"]).says(1, &[]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let case = Case::of(ONE);
    let mut run = case.command(&["apply", "-auto-approve"]).spawn().unwrap();
    drop(run.stdout.take());
    assert_eq!(run.wait().unwrap().code(), Some(0));
    case.run(&["plan", "-detailed-exitcode"]).says(0, &["No changes"]);
}

#[test]
fn what_is_not_given_is_asked_for_or_told_how_to_give() {
    let case = Case::of("variable \"secret\" {\n}\noutput \"a\" {\n  value = 1\n}\n");
    let ways = ["config::no_value", "-var 'secret=…'", "LIFEBOAT_VAR_secret", "*.auto.drvars.hcl"];
    case.run_with(&["plan"], "2\n").says(1, &ways);
    case.run(&["plan", "-input=false"]).says(1, &ways);
    case.run(&["plan", "-var=secret=a"]).says(0, &[]);
}

#[test]
fn nothing_is_done_by_no_steps_at_a_time() {
    let case = Case::of(ONE);
    case.run(&["apply", "-auto-approve", "-parallelism=0"]).says(1, &["at least 1 is needed"]);
    case.ok(&["apply", "-auto-approve", "-parallelism=1"]);
}

#[test]
fn targeting_is_told_and_never_called_the_whole() {
    let case = Case::of(ONE);
    case.ok(&["apply", "-auto-approve"]);
    case.run(&["plan", "-target=terraform_data.typo"]).says(1, &["engine::target_unknown"]);
    let ran = case.run(&["plan", "-target=terraform_data.web"]);
    ran.says(0, &["No changes in what is targeted"]);
    assert!(ran.stderr.contains("Resource targeting is in effect"), "{ran:#?}");
    assert!(!ran.stdout.contains("matches the configuration"), "{ran:#?}");
    let ran = case.run(&["plan", "-exclude=terraform_data.web"]);
    ran.says(0, &["engine::targeting"]);
    assert!(!case.ok(&["plan"]).stderr.contains("argeting"));
}

#[test]
fn what_is_forgotten_is_counted() {
    let case = Case::of(ONE);
    case.ok(&["apply", "-auto-approve"]);
    let removed =
        "removed {\n  from = terraform_data.web\n  lifecycle {\n    destroy = false\n  }\n}\n";
    case.write("main.dr.hcl", removed);
    case.run(&["plan"]).says(0, &["0 to destroy. 1 to forget."]);
}

#[test]
fn what_is_made_anew_does_not_begin_with_the_old_id() {
    let case = Case::of(ONE);
    case.ok(&["apply", "-auto-approve"]);
    let ran = case.run(&["apply", "-auto-approve", "-replace=terraform_data.web"]);
    ran.says(0, &["terraform_data.web: Creating...\n", "1 added, 0 changed, 1 destroyed"]);
}

#[cfg(feature = "aws")]
#[test]
fn why_a_place_does_not_answer_is_told_once() {
    // Nobody listens there.
    let ends =
        "endpoints {\n    iam = \"http://127.0.0.1:9\"\n    sts = \"http://127.0.0.1:9\"\n  }";
    let case = Case::of(&format!(
        "provider \"aws\" {{\n  region = \"us-east-1\"\n  {ends}\n}}\n\
         resource \"aws_iam_role\" \"web\" {{\n  count = 6\n  name  = \"web-${{count.index}}\"\n  \
         assume_role_policy = \"{{}}\"\n}}\n",
    ))
    .env("AWS_ACCESS_KEY_ID", "a")
    .env("AWS_SECRET_ACCESS_KEY", "b");
    let ran = case.run(&["plan"]);
    ran.says(0, &["Deferred", "web[5]: global@us-east-1 iam is unreachable\n", "6 of 6 objects"]);
    assert_eq!(ran.stdout.matches("Connection refused").count(), 1, "{ran:#?}");
    assert!(!ran.stdout.contains("Refreshing state"), "{ran:#?}");
    let lines = case.run(&["plan", "-json"]).lines();
    let last = lines.iter().rfind(|l| l["type"] == "deferred_change").unwrap();
    let why = last["change"]["deferred"].as_str().unwrap();
    assert!(why.contains("no more are made (Connection refused"), "{why}");
}

#[test]
fn a_provisioner_is_refused_without_naming_what_is_refused_too() {
    let case = Case::of(
        "resource \"terraform_data\" \"web\" {\n  provisioner \"local-exec\" {\n    command = \"true\"\n  }\n}\n",
    );
    let ran = case.run(&["validate"]);
    ran.says(1, &["config::unsupported", "nothing runs commands"]);
    assert!(!ran.stderr.contains("`hook`"), "{ran:#?}");
}

#[test]
fn the_help_of_every_command_fits_80_columns_in_plain_letters() {
    let case = Case::new();
    let mut all = vec![vec![]];
    for name in man::commands(&case, &[]) {
        let inner = man::commands(&case, &[&name]);
        all.extend(inner.into_iter().map(|inner| vec![name.clone(), inner]));
        all.push(vec![name]);
    }
    all.push(vec!["man".to_owned()]);
    assert!(all.len() > 25, "{all:?}");
    for words in &all {
        for help in ["-h", "-help", "--help"] {
            let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
            args.push(help);
            for columns in ["80", "200"] {
                let mut command = case.command(&args);
                let ran = Case::exactly(command.env("COLUMNS", columns).env("NO_COLOR", "1"));
                assert_eq!((ran.code, &*ran.stderr), (0, ""), "{args:?}");
                assert!(!ran.stdout.contains('\u{1b}'), "{args:?}: {}", ran.stdout);
                let wide = ran.stdout.lines().find(|line| line.chars().count() > 80);
                assert_eq!(wide, None, "{args:?}");
            }
        }
    }
}
