//! Where values come from, and folders that are not there.

use super::{Case, ONE};

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
