//! The line that names the primary: written just before the fence, by the promotion itself.

use super::Case;

const WEB: &str = "resource \"terraform_data\" \"web\" {}\n";
const EAST: &str = r#"primary  = "us-east-1""#;
const WEST: &str = r#"primary  = "us-west-2""#;
const PROMOTE: &[&str] = &["promote", "us-west-2", "-input=false", "-from-epoch=1"];

fn files(case: &Case) -> String {
    String::from_utf8(case.read("main.dr.hcl")).unwrap()
}

/// A topology with a hook, applied.
fn with_hook(phase: &str, command: &str) -> Case {
    let hook = format!(
        "{WEB}hook \"ready\" {{\n  phase   = {phase:?}\n  when    = \"before\"\n  command = [\"sh\", \"-c\", {command:?}]\n}}\n"
    );
    let case = Case::of(&super::pair(&hook));
    case.ok(&["apply", "-auto-approve"]);
    case
}

#[test]
fn the_primary_is_written_when_all_that_comes_before_the_fence_is_done() {
    let case = with_hook("fence", "test -e ready");
    case.run(PROMOTE).says(4, &["edit primary in main.dr.hcl, line 4", "apply::hook"]);
    assert!(files(&case).contains(EAST), "nothing is ready, and nothing is written");
    case.write("ready", "");
    let ran = case.run(&["apply", "-input=false"]);
    ran.says(0, &["Wrote the primary into main.dr.hcl, line 4: commit it."]);
    assert!(files(&case).contains(WEST));
    case.run(&["status"]).says(0, &["primary us-west-2 (epoch 2)"]);
    case.run(&["report"])
        .says(0, &["`primary`: `Wrote the primary into main.dr.hcl, line 4: commit it.`"]);
    case.run(&["plan", "-detailed-exitcode"]).says(0, &[]);
}

#[test]
fn files_that_were_changed_meanwhile_are_left_and_the_promotion_can_go_on_without_them() {
    let case = with_hook("prepare", "echo '# mine' >> main.dr.hcl");
    let said = &["apply::edit", "main.dr.hcl: it was changed since the plan was made"];
    case.run(PROMOTE).says(4, said);
    let text = files(&case);
    assert!(text.contains(EAST) && text.ends_with("# mine\n"), "{text}");
    case.run(&["apply", "-input=false"]).says(4, said);
    let without = ["apply", "-input=false", "-skip=primary", "-reason=by hand"];
    let behind = ["promotion::files_behind", "They name us-east-1 (main.dr.hcl, line 4)"];
    let said = [&["Apply complete!", "primary: Left out: by hand"][..], &behind].concat();
    case.run(&without).says(0, &said);
    assert_eq!(files(&case), text);
    case.run(&["status"]).says(0, &["primary us-west-2 (epoch 2)"]);
    // What the person promised.
    case.write("main.dr.hcl", text.replace(EAST, WEST));
    case.run(&["plan", "-detailed-exitcode"]).says(0, &[]);
}

#[test]
fn a_promotion_that_is_given_up_before_it_has_written_nothing() {
    let case = with_hook("prepare", "false");
    let before = files(&case);
    case.run(PROMOTE).says(4, &["apply::hook"]);
    assert_eq!(files(&case), before);
    case.run(&["promote", "-abort"]).says(0, &["is given up"]);
    assert_eq!(files(&case), before);
}

#[test]
fn what_was_written_and_not_recorded_is_seen_to_be_written() {
    let case = with_hook("prepare", "sed -i '4s/us-east-1/us-west-2/' main.dr.hcl");
    case.run(PROMOTE).says(0, &["Apply complete!"]);
    assert!(files(&case).contains(WEST));
}

#[test]
fn with_no_edit_no_step_writes_it() {
    let case = Case::of(&super::pair(WEB));
    case.ok(&["apply", "-auto-approve"]);
    let ran = case.run(&[PROMOTE, &["-no-edit"]].concat());
    ran.says(0, &["Apply complete!", "promotion::files_behind"]);
    assert!(!ran.stdout.contains("edit primary"), "{}", ran.stdout);
    assert!(files(&case).contains(EAST));
}

#[test]
fn who_writes_the_line_by_hand_in_a_file_that_was_changed_need_not_say_so() {
    let case = with_hook("prepare", "echo '# mine' >> main.dr.hcl");
    case.run(PROMOTE).says(4, &["apply::edit"]);
    let open = ["promotion::open", "us-west-2 in place of us-east-1 is not over", "-abort"];
    let planned = case.run(&["plan", "-input=false"]);
    planned.says(0, &open);
    let text = files(&case).replace(EAST, WEST);
    case.write("main.dr.hcl", &text);
    let ran = case.run(&["apply", "-input=false"]);
    ran.says(0, &["Apply complete!", "primary: Left out: the files name it already"]);
    assert!(!ran.stderr.contains("files_behind"), "{}", ran.stderr);
    assert_eq!(files(&case), text);
    let planned = case.run(&["plan", "-input=false", "-detailed-exitcode"]);
    planned.says(0, &[]);
    assert!(!planned.stderr.contains("promotion::open"), "{}", planned.stderr);
}

#[test]
fn files_that_name_the_old_primary_again_are_told_at_the_end() {
    let case = with_hook("promote", "test -e ready");
    case.run(PROMOTE).says(4, &["Wrote the primary", "apply::hook"]);
    let text = files(&case).replace(WEST, EAST);
    case.write("main.dr.hcl", &text);
    case.write("ready", "");
    case.run(&["apply", "-input=false"]).says(0, &["Apply complete!", "promotion::files_behind"]);
    case.run(&["plan"]).says(5, &["promotion::stale_files"]);
}

#[test]
fn every_other_byte_stays_also_where_lines_end_otherwise() {
    let case = Case::of(&super::pair(WEB));
    case.ok(&["apply", "-auto-approve"]);
    // A mark of the order of bytes, two bytes for the end of a line, a name behind a link.
    let text = format!("\u{feff}# ü\n{}", files(&case)).replace('\n', "\r\n");
    case.write("real/main.dr.hcl", &text);
    std::fs::remove_file(case.path("main.dr.hcl")).unwrap();
    std::os::unix::fs::symlink("real/main.dr.hcl", case.path("main.dr.hcl")).unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(case.path("real/main.dr.hcl"), mode(0o640)).unwrap();
    case.run(PROMOTE).says(0, &["Wrote the primary into main.dr.hcl, line 5"]);
    assert_eq!(files(&case), text.replace(EAST, WEST));
    let found = std::fs::symlink_metadata(case.path("main.dr.hcl")).unwrap();
    assert!(found.is_symlink());
    let found = std::fs::metadata(case.path("real/main.dr.hcl")).unwrap();
    assert_eq!(found.permissions().mode() & 0o777, 0o640);
    let left = std::fs::read_dir(case.path("real")).unwrap().count();
    assert_eq!(left, 1, "no draft");
}

#[test]
fn what_cannot_be_edited_is_refused_before_anything_is_done() {
    let topology = super::pair(WEB).replacen(EAST, "primary  = var.primary", 1);
    let case = Case::of(&format!("{topology}variable \"primary\" {{}}\n"));
    case.ok(&["apply", "-auto-approve", "-var=primary=us-east-1"]);
    let before = case.run(&["status"]);
    // What comes through a pipe is in no file.
    let args = [PROMOTE, &["-var-file=/dev/stdin"]].concat();
    let ran = case.run_with(&args, "primary = \"us-east-1\"\n");
    ran.says(1, &["The primary cannot be written into the files", "-no-edit leaves the files"]);
    assert!(!ran.stdout.contains("promote"), "{}", ran.stdout);
    assert_eq!(case.run(&["status"]).stdout, before.stdout);
}
