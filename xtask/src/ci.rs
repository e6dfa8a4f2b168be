//! `ci`: what must pass before a push, cheapest first; `.ci/run` calls it.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::cargo::{Target, cargo, root, run};
use crate::{Result, test, tools};

/// Runs everything, and stops at the first failure.
pub(crate) fn ci(_arguments: &[String]) -> Result {
    run(cargo(Target::Full)?.args(["fmt", "--all", "--check"]))?;
    deny()?;
    run(cargo(Target::Full)?.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        test::CRASHES,
        "--",
        "--deny",
        "warnings",
    ]))?;
    let mut doc = cargo(Target::Full)?;
    // With the features of the rest, examples (of which there are none) for those of
    // dev-dependencies: else the big SDKs are checked once more.
    doc.args(["doc", "--workspace", "--no-deps", "--lib", "--bins", "--examples"]);
    run(doc.args(["--features", test::CRASHES]).env("RUSTDOCFLAGS", "--deny warnings"))?;
    test::test(&[])
}

/// Licences, bans and sources; known vulnerabilities only where their database lies, because
/// this must run without a network.
fn deny() -> Result {
    // Those of other systems, too, which no build here fetches and every look at licences reads.
    run(cargo(Target::Full)?.args(["fetch", "--locked"]))?;
    let mut deny = Command::new(tools::cargo_deny()?);
    deny.current_dir(root()).args(["--offline", "--workspace", "--config", "deny.toml"]);
    deny.args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
    if advisories().is_some() {
        deny.arg("advisories");
    } else {
        println!(
            "\nThe database of advisories is not on this machine (`cargo deny fetch` gets it):"
        );
        println!("known vulnerabilities are not looked for.");
    }
    run(&mut deny)
}

/// Where cargo-deny keeps the database.
fn advisories() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")))?;
    Some(home.join("advisory-dbs")).filter(|dir| dir.is_dir())
}
