//! A damaged, foreign or newer state stops every command that would build on it.

use super::{Case, ONE, stored};

const NEWEST: &str = ".lifeboat/state/generations/00000000000000000002";

/// Two generations.
fn grown() -> Case {
    let case = Case::of(ONE);
    case.ok(&["apply", "-auto-approve"]);
    case.ok(&["apply", "-auto-approve", "-var=size=2"]);
    case
}

/// Every command that reads state tells the same, and none of them writes.
fn refused(case: &Case, texts: &[&str]) {
    let before = case.read(NEWEST);
    let commands: [&[&str]; 7] = [
        &["plan"],
        &["apply", "-auto-approve"],
        &["destroy", "-auto-approve"],
        &["drift"],
        &["output"],
        &["state", "list"],
        &["show", "-json"],
    ];
    for args in commands {
        case.run(args).says(1, texts);
    }
    assert_eq!(case.read(NEWEST), before);
    assert!(!case.path(&NEWEST.replace("2", "3")).exists());
}

#[test]
fn a_cut_state_names_the_generation_before() {
    let case = grown();
    let whole = case.read(NEWEST);
    for length in [0, 1, 40, whole.len() / 2, whole.len() - 1] {
        case.write(NEWEST, &whole[..length]);
        refused(&case, &["state::damaged", "Generation 2", "`lifeboat state restore 1`"]);
    }
}

#[test]
fn a_flipped_bit_is_seen_wherever_it_is() {
    let case = grown();
    let whole = case.read(NEWEST);
    for at in [0, 20, 60, whole.len() / 2, whole.len() - 2] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        case.write(NEWEST, flipped);
        refused(&case, &["state::damaged", "Generation 2"]);
    }
}

#[test]
fn a_state_of_a_newer_version_is_left_alone() {
    let case = grown();
    let text = String::from_utf8(case.read(NEWEST)).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    stored::versioned(&case, 2, 9, rest);
    refused(&case, &["state::newer", "Use the version"]);
}

#[test]
fn a_generation_of_another_lineage_is_refused() {
    let (case, other) = (grown(), grown());
    case.write(NEWEST, other.read(NEWEST));
    refused(&case, &["state::damaged", "it was replaced"]);
}

#[test]
fn a_generation_that_is_not_kept_is_told_with_those_that_are() {
    let case = grown();
    let texts = ["state::no_generation", "There is no generation 7. These are kept: 1, 2."];
    case.run(&["state", "restore", "7"]).says(1, &texts);
    case.run(&["state", "restore", "1"]).says(0, &["Generation 1 is back as generation 3."]);
    case.run(&["output", "size"]).says(0, &["1"]);
    Case::of(ONE).run(&["state", "restore", "1"]).says(1, &["There is no state yet"]);
}

#[test]
fn a_record_that_cannot_be_read_names_its_object() {
    let case = grown();
    stored::generation(&case, 2, |text| text.replace(r#"["object""#, r#"["objects""#));
    let told = ["state::unreadable", "terraform_data.web", "lifeboat state restore"];
    for args in [&["plan"][..], &["drift"], &["show"], &["apply", "-auto-approve"]] {
        case.run(args).says(1, &told);
    }
    case.ok(&["state", "restore", "1"]);
    case.run(&["plan"]).says(0, &["No changes"]);
}

#[test]
fn an_object_of_a_type_that_this_build_lacks_is_left_alone() {
    let case = grown();
    stored::generation(&case, 2, |text| text.replace("terraform_data", "terraform_queue"));
    let told = ["engine::kind_gone", "terraform_queue.web", "Use the build that made it"];
    for args in [&["plan"][..], &["destroy", "-auto-approve"]] {
        case.run(args).says(1, &told);
    }
    case.run(&["state", "list"]).says(0, &["terraform_queue.web"]);
    case.run(&["state", "show", "terraform_queue.web"]).says(0, &["input ", "= 2"]);
    case.run(&["state", "diff"]).says(0, &["data.web was removed", "queue.web was added", "= 2"]);
}

#[test]
fn a_damaged_lock_is_replaced_by_force_unlock() {
    const LOCK: &str = ".lifeboat/state/lock";
    let case = grown();
    case.run(&["force-unlock"]).says(1, &["No lock is named", "not locked"]);
    let whole = case.read(LOCK);
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        case.write(LOCK, &whole[..length]);
        let hint = ["is damaged", "`lifeboat force-unlock`"];
        case.run(&["plan"]).says(1, &hint);
        case.run(&["apply", "-auto-approve"]).says(1, &hint);
        case.run_with(&["force-unlock"], "no\n").says(1, &["cancelled"]);
        case.run_with(&["force-unlock"], "yes\n").says(0, &["has been replaced"]);
        case.run(&["plan", "-detailed-exitcode", "-var=size=2"]).says(0, &["No changes"]);
    }
    case.write(LOCK, "gone\u{1b}wrong");
    let saw = ["Its 10 bytes are:", "gone", "wrong", "has been replaced"];
    let all = case.run(&["force-unlock", "-force", "0"]);
    assert!(all.code == 0 && !all.stderr.contains('\u{1b}'), "{all:#?}");
    let both = format!("{}{}", all.stderr, all.stdout);
    assert!(saw.iter().all(|text| both.contains(text)), "{all:#?}");
    case.run(&["apply", "-auto-approve", "-var=size=3"]).says(0, &["1 changed"]);
    assert_eq!(case.ok(&["status", "-json"]).json()["serial"], 3);
}

#[test]
fn a_state_that_cannot_be_read_is_no_empty_one() {
    let case = Case::of(ONE);
    case.write(".lifeboat/state/generations", "in the way");
    case.run(&["plan"]).says(1, &["state::unusable", "The state cannot be used"]);
}
