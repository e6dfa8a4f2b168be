//! Rules of this repository that neither a type nor a lint holds.
//!
//! Each rule is a function from texts to sentences about what is wrong and what to do; it is run
//! over the tree, and over a planted violation that it must see.

mod codes;
mod crates;
mod documents;
mod files;
mod kinds;
mod patches;
mod source;
mod stages;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use source::Source;

/// Folders that hold what tools made.
const NOT_OURS: [&str; 4] = [".git", ".lifeboat", "target", "__pycache__"];

/// The repository as it lies on the disk.
struct Tree {
    /// Every file, from the root, with slashes, in order.
    files: BTreeSet<String>,
    /// Rust files outside of tests.
    sources: Vec<Source>,
    /// Rust files that are compiled for tests only.
    tests: Vec<Source>,
}

static TREE: LazyLock<Tree> = LazyLock::new(Tree::read);

impl Tree {
    fn read() -> Self {
        let mut files = BTreeSet::new();
        walk("", &mut files);
        let rust = files.iter().filter(|path| path.ends_with(".rs"));
        let all: Vec<Source> = rust.filter_map(|p| Some(Source::new(p, &try_text(p)?))).collect();
        let roots: Vec<String> = all.iter().flat_map(test_folders).collect();
        let is_test = |s: &Source| in_tests(&s.path) || roots.iter().any(|r| within(&s.path, r));
        let (tests, sources) = all.into_iter().partition(is_test);
        Self { files, sources, tests }
    }

    fn all(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().chain(&self.tests)
    }

    /// The files of a folder and of those in it.
    fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.iter().map(String::as_str).filter(move |path| path.starts_with(folder))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &str, files: &mut BTreeSet<String>) {
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if NOT_OURS.contains(&&*name) {
            continue;
        }
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if entry.path().is_dir() {
            walk(&path, files);
        } else {
            files.insert(path);
        }
    }
}

/// The text of a file; nothing where it is gone or no text.
fn try_text(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

fn text(path: &str) -> String {
    try_text(path).unwrap_or_else(|| panic!("{path} is missing: write it"))
}

/// Whether cargo compiles a file as a test: in the `tests` folder of its crate.
fn in_tests(path: &str) -> bool {
    let inside = match path.split('/').collect::<Vec<_>>()[..] {
        ["providers", _, ref rest @ ..] | ["state", ref rest @ ..] => rest.first().copied(),
        ["tests", "testbed", ref rest @ ..] => rest.first().copied(),
        ref rest => rest.first().copied(),
    };
    inside == Some("tests")
}

/// Where the modules lie that a file declares for tests only, without `.rs`.
fn test_folders(source: &Source) -> Vec<String> {
    let stem = source.path.trim_end_matches(".rs");
    let roots = ["mod", "lib", "main"];
    let folder = match stem.rsplit_once('/') {
        Some((folder, name)) if roots.contains(&name) => folder,
        _ => stem,
    };
    source.test_modules.iter().map(|module| format!("{folder}/{module}")).collect()
}

/// Whether a path is a module (`folder/name` without `.rs`) or in it.
fn within(path: &str, module: &str) -> bool {
    let rest = path.strip_prefix(module);
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// Fails with all violations of a rule.
#[track_caller]
fn none(rule: &str, violations: Vec<String>) {
    let count = violations.len();
    assert!(count == 0, "{rule} ({count}):\n  {}\n", violations.join("\n  "));
}

/// Fails unless a checker saw what was planted: one sentence with each of these words.
#[track_caller]
fn planted(violations: &[String], words: &[&str]) {
    assert_eq!(violations.len(), words.len(), "{violations:#?}");
    for (violation, word) in violations.iter().zip(words) {
        assert!(violation.contains(word), "{violation:?} does not say {word:?}");
    }
}

#[test]
fn tests_are_found_by_folder_and_by_declaration() {
    assert!(in_tests("tests/tidy/mod.rs") && in_tests("providers/sim/tests/main.rs"));
    assert!(in_tests("tests/testbed/tests/main.rs") && in_tests("state/tests/wire.rs"));
    assert!(!in_tests("tests/testbed/src/lib.rs") && !in_tests("providers/sim/src/tests.rs"));
    let folders = |path: &str| test_folders(&Source::new(path, "#[cfg(test)]\nmod fake;\n"));
    assert_eq!(folders("src/refresh/mod.rs"), ["src/refresh/fake"]);
    assert_eq!(folders("src/refresh.rs"), ["src/refresh/fake"]);
    assert!(within("src/refresh/fake/kinds.rs", "src/refresh/fake"));
    assert!(within("src/refresh/fake.rs", "src/refresh/fake"));
    assert!(!within("src/refresh/faker.rs", "src/refresh/fake"));
}
