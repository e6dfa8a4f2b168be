//! Patches: each plants a defect in the tree as it is now, or it shows nothing.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{TREE, none, planted, root, text};

/// What is wrong with a patch: it does not say what it plants, or git cannot apply it.
fn unfit(path: &str, patch: &str) -> Option<String> {
    if patch.starts_with("--- ") {
        return Some(format!("{path} does not say what it plants: write that above the patch"));
    }
    let why = refused(root(), patch)?;
    Some(format!("{path} does not apply: make it anew from the code as it is now ({why})"))
}

/// What git says against a patch, which it reads from its input.
fn refused(tree: &Path, patch: &str) -> Option<String> {
    let mut git = Command::new("git");
    git.current_dir(tree).args(["apply", "--check", "-"]);
    git.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut git = git.spawn().expect("git is there");
    git.stdin.take().expect("its input is a pipe").write_all(patch.as_bytes()).expect("it reads");
    let said = git.wait_with_output().expect("it ends");
    let error = String::from_utf8_lossy(&said.stderr).lines().next().unwrap_or_default().to_owned();
    (!said.status.success()).then_some(error)
}

#[test]
fn every_planted_defect_applies_to_the_tree() {
    let patches = TREE.files.iter().filter(|path| path.ends_with(".patch"));
    let patches: Vec<&String> = patches.collect();
    assert!(patches.len() >= 10, "{patches:?}");
    none("patches apply", patches.iter().filter_map(|path| unfit(path, &text(path))).collect());
    let stale = "It is stale.\n\n--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,1 +1,1 @@\n-//! Gone.\n+//! New.\n";
    let mute = stale.split_once("\n\n").expect("it has two parts").1;
    let found = [("a.patch", stale), ("b.patch", mute)].map(|(path, patch)| unfit(path, patch));
    planted(&found.into_iter().flatten().collect::<Vec<_>>(), &["does not apply", "does not say"]);
}
