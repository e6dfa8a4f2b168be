//! A damaged, foreign or newer state stops every command that would build on it.

use super::{Case, ONE};

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
        refused(&case, &["generation 2", "Generation 1 is whole"]);
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
        refused(&case, &["generation 2"]);
    }
}

#[test]
fn a_state_of_a_newer_version_is_left_alone() {
    let case = grown();
    let text = String::from_utf8(case.read(NEWEST)).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    let first = format!("lifeboat-state 9 {}", rest.len());
    let digest = blake3::hash(format!("{first}\n{rest}").as_bytes());
    case.write(NEWEST, format!("{first} {digest}\n{rest}"));
    refused(&case, &["newer"]);
}

#[test]
fn a_generation_of_another_lineage_is_refused() {
    let (case, other) = (grown(), grown());
    case.write(NEWEST, other.read(NEWEST));
    refused(&case, &["generation"]);
}
