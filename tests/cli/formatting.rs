//! What `fmt` does to files: whole or not at all, and nothing else about them changes.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::Case;

const UNTIDY: &str = "locals {\na=1\n}\n";
const TIDY: &str = "locals {\n  a = 1\n}\n";

#[test]
fn permissions_and_links_stay_and_no_draft_is_left() {
    let case = Case::new().file("deep/real.dr.hcl", UNTIDY).file("plain.dr.hcl", UNTIDY);
    symlink("deep/real.dr.hcl", case.path("link.dr.hcl")).unwrap();
    symlink("nowhere", case.path("lost.dr.hcl.old")).unwrap();
    fs::set_permissions(case.path("plain.dr.hcl"), fs::Permissions::from_mode(0o640)).unwrap();
    case.run(&["fmt"]).says(0, &["link.dr.hcl\nplain.dr.hcl\n"]);
    assert_eq!(case.read("deep/real.dr.hcl"), TIDY.as_bytes());
    assert!(fs::symlink_metadata(case.path("link.dr.hcl")).unwrap().is_symlink());
    assert_eq!(case.read("plain.dr.hcl"), TIDY.as_bytes());
    let mode = fs::metadata(case.path("plain.dr.hcl")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(fs::read_dir(case.path("")).unwrap().count(), 4);
    assert_eq!(fs::read_dir(case.path("deep")).unwrap().count(), 1);
}

#[test]
fn a_file_in_its_canonical_form_is_not_touched() {
    let case = Case::of(TIDY);
    let inode = || fs::metadata(case.path("main.dr.hcl")).unwrap().ino();
    let before = inode();
    let ran = case.run(&["fmt", "-diff"]);
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (0, "", ""));
    assert_eq!(inode(), before);
}

#[test]
fn only_files_of_lifeboat_that_are_in_sight_are_found() {
    let hidden = [".hidden.dr.hcl", ".git/a.dr.hcl", "a.tf", "a.hcl", "b.dr.hcl~", "c.dr.hcl.json"];
    let case = Case::new().file("a/b/c.dr.hcl", UNTIDY).file("x.auto.drvars.hcl", "a=1\n");
    for name in hidden {
        case.write(name, UNTIDY);
    }
    symlink("..", case.path("a/up")).unwrap();
    symlink("..", case.path("a/up.dr.hcl")).unwrap();
    case.run(&["fmt", "-recursive"]).says(0, &["a/b/c.dr.hcl\nx.auto.drvars.hcl\n"]);
    for name in hidden {
        assert_eq!(case.read(name), UNTIDY.as_bytes(), "{name}");
    }
    case.run(&["fmt", "./.hidden.dr.hcl", ".hidden.dr.hcl"]).says(0, &[".hidden.dr.hcl\n"]);
    case.run(&["-chdir=a", "fmt", "-check", "b", "../a.hcl"]).says(1, &["../a.hcl is no file"]);
}

#[test]
fn what_cannot_be_formatted_stays_and_does_not_hold_up_the_others() {
    let broken: &[u8] = b"a = [\n";
    let latin: &[u8] = b"a=\"\xfc\"\n";
    let case = Case::new().file("a.dr.hcl", broken).file("b.dr.hcl", latin);
    let case = case.file("c.dr.hcl", UNTIDY).file("d.dr.hcl", "");
    let ran = case.run(&["fmt"]);
    ran.says(1, &["c.dr.hcl\n", "a.dr.hcl:1", "config::invalid_encoding", "b.dr.hcl:1"]);
    assert_eq!(ran.stdout, "c.dr.hcl\n");
    assert_eq!((&*case.read("a.dr.hcl"), &*case.read("b.dr.hcl")), (broken, latin));
    assert_eq!(case.read("c.dr.hcl"), TIDY.as_bytes());
    // An error is more than a difference.
    case.write("c.dr.hcl", UNTIDY);
    case.run(&["fmt", "-check"]).says(1, &["c.dr.hcl\n"]);
    assert_eq!(case.read("c.dr.hcl"), UNTIDY.as_bytes());
}

#[test]
fn a_difference_can_be_applied_as_a_patch() {
    let case = Case::new().file("a.dr.hcl", "a=1\r\nb = \"\t\"\r\n").file("b.dr.hcl", "a=1");
    let ran = case.run(&["fmt", "-diff", "-list=false", "-write=false"]);
    let first =
        "--- old/a.dr.hcl\n+++ new/a.dr.hcl\n@@ -1,2 +1,2 @@\n-a=1\r\n+a = 1\r\n b = \"\t\"\r\n";
    let hint = "\\ No newline at end of file\n";
    let second = "--- old/b.dr.hcl\n+++ new/b.dr.hcl\n@@ -1 +1 @@\n";
    assert_eq!(ran.stdout, format!("{first}{second}-a=1\n{hint}+a = 1\n{hint}"));
    assert_eq!(case.read("b.dr.hcl"), b"a=1");
}
