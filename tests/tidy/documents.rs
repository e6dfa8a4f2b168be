//! What the documents say of the tree: folders, commands, exit codes, variables, formats, CI.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use super::source::{Source, is_word};
use super::{TREE, none, planted, root, text};

/// The part of a document below a heading.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let Some(at) = document.find(&format!("\n## {heading}\n")) else { return "" };
    let rest = &document[at + 4 + heading.len()..];
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// Texts between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The folders of a set of files, all levels.
fn folders<'a>(files: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for file in files {
        found.extend(file.match_indices('/').map(|(at, _)| &file[..at]));
    }
    found
}

/// What the code map must name: top-level folders, crates, modules of `src/`.
fn places<'a>(files: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let folders = folders(files.iter().copied());
    let is_crate = |folder: &str| files.contains(format!("{folder}/Cargo.toml").as_str());
    let module = |path: &str| path.strip_prefix("src/").is_some_and(|rest| !rest.contains('/'));
    let mut found: BTreeSet<&str> =
        folders.iter().copied().filter(|f| !f.contains('/') || is_crate(f) || module(f)).collect();
    found.extend(files.iter().filter(|path| module(path)));
    found
}

/// What the code map lacks, and what it names that is not there.
fn code_map(map: &str, files: &BTreeSet<&str>) -> Vec<String> {
    let named: BTreeSet<&str> = quoted(map).map(|name| name.trim_end_matches('/')).collect();
    let folders = folders(files.iter().copied());
    let mut found = Vec::new();
    for place in places(files) {
        if !named.contains(place) {
            found.push(format!("`{place}` is not in the code map: say what is in it"));
        }
    }
    let is_path =
        |name: &&&str| name.contains('/') && name.chars().all(|c| is_word(c) || "/-.".contains(c));
    for name in named.iter().filter(is_path) {
        if !files.contains(name) && !folders.contains(name) {
            found.push(format!("the code map names `{name}`, which is not there"));
        }
    }
    found
}

/// Folders whose every child needs a README.
fn without_readme(files: &BTreeSet<&str>) -> Vec<String> {
    let folders = folders(files.iter().copied());
    let child = |folder: &&&str| {
        let parent = folder.split_once('/');
        parent.is_some_and(|(top, name)| {
            ["examples", "modules"].contains(&top) && !name.contains('/')
        })
    };
    let top = ["examples", "modules", "providers", "state", "tests"];
    let needed = folders.iter().filter(child).chain(&top);
    let lacking = needed.filter(|folder| !files.contains(format!("{folder}/README.md").as_str()));
    lacking.map(|folder| format!("{folder}/README.md is missing: write it")).collect()
}

/// The variants of an enum as a command line has them.
fn commands(args: &str) -> Vec<String> {
    let source = Source::new("args.rs", args);
    let body = source.code.split("pub enum Command {").nth(1).unwrap_or_default();
    let body = body.split('}').next().unwrap_or_default();
    let lines = body.lines().filter(|line| !line.trim_start().starts_with("#["));
    let body: String = lines.collect();
    let names = body.split(',').map(|v| v.trim().split('(').next().unwrap_or_default().trim());
    names.filter(|name| !name.is_empty()).map(kebab).collect()
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Commands, exit codes and variables that the README does not have.
fn untold(readme: &str, args: &str, exit: &str, variables: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for name in commands(args) {
        if !readme.contains(&format!("| `{name}")) {
            found.push(format!(
                "README.md does not list the command `{name}` of src/cli/args/mod.rs"
            ));
        }
    }
    let codes = exit.lines().filter_map(|line| line.trim().strip_suffix(',')?.rsplit_once("=> "));
    for (_, code) in codes.filter(|(_, code)| code.parse::<u8>().is_ok()) {
        if !readme.contains(&format!("| {code} |")) {
            found.push(format!("README.md does not list the exit code {code} of src/cli/exit.rs"));
        }
    }
    for name in variables.iter().filter(|name| !readme.contains(&***name)) {
        found.push(format!("README.md and CONTRIBUTING.md do not mention the variable {name}"));
    }
    found
}

/// The environment variables of ours that sources read.
fn variables<'a>(sources: impl IntoIterator<Item = &'a Source>) -> BTreeSet<String> {
    let literals = sources.into_iter().flat_map(|s| &s.literals).filter(|l| !l.test);
    let names = literals.map(|l| &l.text).filter(|t| {
        let ours = t.strip_prefix("LIFEBOAT_");
        ours.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    });
    // Those with `XTASK` are how its processes talk to each other.
    names.filter(|name| !name.contains("XTASK")).cloned().collect()
}

/// The number of a format, from the line of its constant.
fn format_version(source: &str, name: &str) -> Option<u32> {
    let line = source.lines().find(|line| line.contains(&format!("const {name}: u32 = ")))?;
    line.rsplit_once("= ")?.1.trim_end_matches(';').parse().ok()
}

/// Whether the formats in the changelog are those of the sources.
fn formats(changelog: &str, versions: &[(&str, Option<u32>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, version) in versions {
        let Some(version) = version else {
            found.push(format!("the version of the format of {name} was not found in its source"));
            continue;
        };
        if !changelog.contains(&format!("{name} {version}")) {
            found.push(format!("CHANGELOG.md does not say that the format of {name} is {version}"));
        }
    }
    found
}

/// The files that a check before a change stands on.
fn ci(run: &str, toolchain: &str, manifest: &str, files: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    if !run.contains("cargo xtask ci") {
        found.push(".ci/run does not call `cargo xtask ci`".to_owned());
    }
    let of = |text: &str, key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        line.trim_matches([' ', '=', '"']).to_owned()
    };
    let (channel, msrv) = (of(toolchain, "channel"), of(manifest, "rust-version"));
    if msrv.is_empty() || !channel.starts_with(&msrv) {
        found.push(format!("rust-toolchain.toml has {channel}, Cargo.toml {msrv}: make them one"));
    }
    let needed = [
        "Cargo.lock",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "clippy.toml",
        "deny.toml",
        "rustfmt.toml",
    ];
    for name in needed.iter().filter(|name| !files.contains(**name)) {
        found.push(format!("{name} is missing"));
    }
    found
}

fn files() -> BTreeSet<&'static str> {
    TREE.files.iter().map(String::as_str).collect()
}

#[test]
fn the_code_map_matches_the_tree() {
    let architecture = text("ARCHITECTURE.md");
    none("The code map matches the tree", code_map(section(&architecture, "Code map"), &files()));
}

#[test]
fn every_example_and_module_has_a_readme() {
    none("Folders say what is in them", without_readme(&files()));
}

#[test]
fn the_readme_lists_commands_exit_codes_and_variables() {
    let documents = text("README.md") + &text("CONTRIBUTING.md");
    let variables = variables(&TREE.sources);
    let (args, exit) = (text("src/cli/args/mod.rs"), text("src/cli/exit.rs"));
    none("The README is complete", untold(&documents, &args, &exit, &variables));
}

#[test]
fn the_changelog_names_the_formats() {
    let versions = [
        ("state", format_version(&text("state/src/generation/mod.rs"), "FORMAT")),
        ("journal", format_version(&text("state/src/journal/v1.rs"), "FORMAT")),
        ("plan", format_version(&text("src/plan/file/mod.rs"), "VERSION")),
    ];
    none("Formats are announced", formats(&text("CHANGELOG.md"), &versions));
}

#[test]
fn what_ci_needs_is_there() {
    let mode = root().join(".ci/run").metadata().map(|m| m.permissions().mode()).unwrap_or(0);
    let toolchain = text("rust-toolchain.toml");
    let mut found = ci(&text(".ci/run"), &toolchain, &text("Cargo.toml"), &files());
    if mode & 0o111 == 0 {
        found.push(".ci/run cannot be executed: chmod +x".to_owned());
    }
    none("CI has its files", found);
}

#[test]
fn planted_gaps_in_documents_are_seen() {
    let files = BTreeSet::from([
        "src/lib.rs",
        "src/plan/mod.rs",
        "providers/sim/Cargo.toml",
        "providers/README.md",
        "examples/a/main.dr.hcl",
    ]);
    let map = section(
        "# A\n\n## Code map\n\n`src/`, `src/plan`, `src/gone`, `a::b/c`, `providers`\n\n## B\n`src/lib.rs`",
        "Code map",
    );
    planted(
        &code_map(map, &files),
        &["`examples`", "`providers/sim`", "`src/lib.rs`", "names `src/gone`"],
    );
    planted(
        &without_readme(&files),
        &["examples/a/", "examples/R", "modules/", "state/", "tests/"],
    );
    let args = "/// A.\npub enum Command {\n    /// Break, or not\n    ForceUnlock(ForceUnlock),\n    Plan(Plan),\n}\n";
    let exit = "Self::Done => 0,\nSelf::Error => 1,\n";
    let source = Source::new("a.rs", "f(\"LIFEBOAT_LOG\", \"LIFEBOAT_VAR_\", \"LIFEBOAT_x\")");
    let variables = variables([&source]);
    planted(
        &untold("| `plan` |\n| 0 | done |\nLIFEBOAT_VAR_name", args, exit, &variables),
        &["`force-unlock`", "exit code 1", "LIFEBOAT_LOG"],
    );
    let version = format_version("pub const FORMAT: u32 = 2;", "FORMAT");
    planted(&formats("state 1", &[("state", version), ("plan", None)]), &["is 2", "plan was not"]);
    let complete = BTreeSet::from([
        "Cargo.lock",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "clippy.toml",
        "rustfmt.toml",
    ]);
    planted(
        &ci("cargo test", "channel = \"1.96.0\"", "rust-version = \"1.95\"", &complete),
        &["cargo xtask ci", "make them one", "deny.toml is missing"],
    );
}
