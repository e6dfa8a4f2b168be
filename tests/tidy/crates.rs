//! Who may depend on whom, and whether a dependency is used and has its reason.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use super::source::words;
use super::{TREE, none, planted, root, text};

/// A crate of the workspace.
struct Crate {
    name: String,
    /// Its folder from the root; empty for the root package.
    folder: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    /// Whether it is there for tests only.
    dev: bool,
}

static CRATES: LazyLock<Vec<Crate>> = LazyLock::new(workspace);

/// What each crate of ours may depend on, besides tests; a prefix with `*`.
const LAYERS: [(&str, &[&str]); 9] = [
    ("lifeboat-sdk", &[]),
    ("lifeboat-sdk-derive", &[]),
    // Its feature `contract`: the emulated servers as the contract suite sees them.
    ("lifeboat-testbed", &["lifeboat-sdk", "lifeboat-contract"]),
    ("lifeboat-contract", &["lifeboat-sdk"]),
    ("lifeboat-state", &["lifeboat-sdk"]),
    ("lifeboat-aws", &["lifeboat-sdk", "lifeboat-aws-*"]),
    ("lifeboat", &["*"]),
    ("xtask", &["lifeboat-testbed"]),
    // Every provider, and every crate with the kinds of one SDK.
    ("*", &["lifeboat-sdk", "lifeboat-sdk-derive", "lifeboat-aws-core"]),
];

/// What tests of any crate may use besides.
const IN_TESTS: [&str; 5] =
    ["lifeboat-sdk", "lifeboat-contract", "lifeboat-sim", "lifeboat-testbed", "lifeboat-state"];

/// Crates whose library has another name than their package.
const RENAMED: [(&str, &str); 1] = [("md-5", "md5")];

/// Crates that build without any SDK.
const WITHOUT_AN_SDK: [&str; 3] = ["lifeboat", "lifeboat-sdk", "lifeboat-state"];

fn workspace() -> Vec<Crate> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = cargo.current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo tells JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(package).collect()
}

fn package(package: &Value) -> Crate {
    let string = |value: &Value| value.as_str().expect("a text").to_owned();
    let manifest = string(&package["manifest_path"]);
    let folder = manifest.strip_prefix(&*root().to_string_lossy()).unwrap_or(&manifest);
    let folder = folder.trim_end_matches("Cargo.toml").trim_matches('/').to_owned();
    let dependency =
        |d: &Value| Dependency { name: string(&d["name"]), dev: d["kind"].as_str() == Some("dev") };
    let dependencies = package["dependencies"].as_array().expect("dependencies");
    let dependencies = dependencies.iter().map(dependency).collect();
    Crate { name: string(&package["name"]), folder, dependencies }
}

fn is_ours(name: &str) -> bool {
    name == "lifeboat" || name == "xtask" || name.starts_with("lifeboat-")
}

fn fits(name: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(name == pattern, |prefix| name.starts_with(prefix))
}

fn layers(crates: &[Crate]) -> Vec<String> {
    let mut found = Vec::new();
    for own in crates {
        let row = LAYERS.iter().find(|(name, _)| fits(&own.name, name));
        let allowed = row.map_or(&[][..], |(_, allowed)| *allowed);
        for other in own.dependencies.iter().filter(|d| is_ours(&d.name)) {
            let tests = other.dev && IN_TESTS.contains(&&*other.name);
            if !tests && !allowed.iter().any(|pattern| fits(&other.name, pattern)) {
                let (own, other) = (&own.name, &other.name);
                found
                    .push(format!("{own} depends on {other}: its layer may not (ARCHITECTURE.md)"));
            }
        }
    }
    found
}

/// SDKs where they cost every build, or in two crates.
fn sdks(crates: &[Crate]) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for own in crates {
        for sdk in own.dependencies.iter().filter(|d| d.name.starts_with("aws-")) {
            let (own, sdk) = (&*own.name, &*sdk.name);
            if WITHOUT_AN_SDK.contains(&own) {
                found.push(format!("{own} depends on {sdk}: the core builds without any SDK"));
            }
            if sdk.starts_with("aws-sdk-") && !seen.insert(sdk) {
                found.push(format!(
                    "{own} depends on {sdk}, as another crate does: one crate per SDK"
                ));
            }
        }
    }
    found
}

/// Dependencies that the sources of their crate never name.
fn unused(own: &Crate, sources: &[&str]) -> Vec<String> {
    let named = |d: &&Dependency| {
        let renamed = RENAMED.iter().find(|(package, _)| *package == d.name);
        let name = renamed.map_or_else(|| d.name.replace('-', "_"), |(_, n)| (*n).to_owned());
        sources.iter().any(|code| words(code, &name).next().is_some())
    };
    let tell = |d: &Dependency| format!("{} depends on {} and never names it", own.name, d.name);
    let mut found: Vec<String> = own.dependencies.iter().filter(|d| !named(d)).map(tell).collect();
    found.dedup();
    found
}

/// The names in a table of a manifest.
fn keys(manifest: &str, table: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != format!("[{table}]")).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let keys = lines.filter_map(|line| line.split_once([' ', '.', '=']));
    keys.map(|(key, _)| key.to_owned())
        .filter(|key| !key.is_empty() && !key.contains('#'))
        .collect()
}

/// Dependencies that no crate takes, and those of others without a reason.
fn listed(manifest: &str, crates: &[Crate], architecture: &str) -> Vec<String> {
    let taken: BTreeSet<&str> =
        crates.iter().flat_map(|c| &c.dependencies).map(|d| &*d.name).collect();
    let mut found = Vec::new();
    for name in keys(manifest, "workspace.dependencies") {
        if !taken.contains(&*name) {
            found.push(format!("Cargo.toml lists {name}, and no crate takes it: remove it"));
        }
    }
    for name in taken.into_iter().filter(|name| !is_ours(name)) {
        if !architecture.contains(&format!("`{name}`")) {
            found.push(format!("ARCHITECTURE.md has no reason for the dependency `{name}`"));
        }
    }
    found
}

/// The code of a crate, its tests included. The root package has what no other crate has.
fn sources_of(own: &Crate) -> Vec<&'static str> {
    let inside = |c: &Crate, path: &str| path.starts_with(&format!("{}/", c.folder));
    let belongs = |path: &str| match &*own.folder {
        "" => !CRATES.iter().any(|c| !c.folder.is_empty() && inside(c, path)),
        _ => inside(own, path),
    };
    TREE.all().filter(|s| belongs(&s.path)).map(|s| &*s.code).collect()
}

#[test]
fn crates_depend_on_lower_layers_only() {
    none("Crates have layers", layers(&CRATES));
}

#[test]
fn each_sdk_is_in_one_crate_and_in_no_core_crate() {
    none("SDKs are kept apart", sdks(&CRATES));
}

#[test]
fn every_dependency_is_used_and_has_a_reason() {
    let mut found: Vec<String> =
        CRATES.iter().flat_map(|own| unused(own, &sources_of(own))).collect();
    found.extend(listed(&text("Cargo.toml"), &CRATES, &text("ARCHITECTURE.md")));
    none("Dependencies are used and have a reason", found);
}

#[test]
fn planted_dependencies_are_seen() {
    let own = |name: &str, normal: &[&str], dev: &[&str]| {
        let dependency = |dev| move |name: &&str| Dependency { name: (*name).to_owned(), dev };
        let normal = normal.iter().map(dependency(false));
        let dependencies = normal.chain(dev.iter().map(dependency(true))).collect();
        Crate { name: name.to_owned(), folder: format!("providers/{name}"), dependencies }
    };
    let crates = [
        own("lifeboat-sdk", &["serde", "lifeboat-state"], &[]),
        own("lifeboat-aws-s3", &["lifeboat-sdk", "lifeboat-aws-core"], &["lifeboat-sim"]),
        own("lifeboat-aws-iam", &["lifeboat-aws-s3"], &["lifeboat"]),
        own("lifeboat-aws", &["lifeboat-aws-s3", "lifeboat-sim"], &[]),
    ];
    planted(
        &layers(&crates),
        &[
            "sdk depends on lifeboat-state",
            "iam depends on lifeboat-aws-s3",
            "iam depends on lifeboat:",
            "aws depends on lifeboat-sim",
        ],
    );
    let crates = [
        own("lifeboat-state", &["aws-types"], &[]),
        own("a", &["aws-sdk-s3"], &[]),
        own("b", &["aws-sdk-s3"], &[]),
    ];
    planted(&sdks(&crates), &["lifeboat-state depends on aws-types", "b depends on aws-sdk-s3"]);
    let a = own("a", &["serde-json", "md-5", "tokio"], &[]);
    planted(
        &unused(&a, &["use md5::Md5; use tokio_util::A;", "serde_json::to_string"]),
        &["tokio"],
    );
    let manifest =
        "[workspace.dependencies]\n# Ours.\na.workspace = true\nb = \"1\"\n\n[lints]\nc = 1\n";
    let crates = [own("x", &["a", "d"], &[])];
    planted(&listed(manifest, &crates, "`a` is"), &["lists b", "dependency `d`"]);
}
