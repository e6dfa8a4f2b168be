//! What a task needs on this machine, and a sentence for what is missing.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::cargo::run;
use crate::{Result, cargo};

/// The version of cargo-deny whose configuration `deny.toml` is written for.
const DENY: &str = "0.20.2";

/// Checks the tools without which the tests cannot run, and mentions those that they can do without.
pub(crate) fn check() -> Result {
    println!("looking for the test servers (a first run installs them: 400 MB, a minute)");
    for server in [lifeboat_testbed::ServerKind::MiniStack, lifeboat_testbed::ServerKind::Moto] {
        // Says itself what is missing: Python, its venv module, or the package index.
        lifeboat_testbed::Venv::ensure(&lifeboat_testbed::Requirements::of(server))?;
    }
    if lifeboat_testbed::GDNSD.ensure()?.is_none() {
        println!(
            "gdnsd is missing (its packages are Debian 12's, for amd64): the tests that ask DNS are left out"
        );
    }
    if !answers("git", "--version") {
        return Err("git is missing: install it (Debian, Ubuntu: apt install git)".into());
    }
    if lifeboat_testbed::TERRAFORM_JSON.ensure()?.is_none() {
        println!("go is missing: the test that reads our JSON with terraform-json is left out");
    }
    Ok(())
}

/// Whether a program runs.
fn answers(program: &str, argument: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(argument).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Where cargo-deny is; installed into the cache first if it is missing there.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let tools = lifeboat_testbed::cache_dir()?.join("tools");
    let program = tools.join("bin/cargo-deny");
    let version = Command::new(&program).arg("--version").stdin(Stdio::null()).output();
    let current = version.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().last() == Some(DENY)
    });
    if !current {
        let mut install = cargo::cargo(cargo::Target::Full)?;
        install.args(["install", "--locked", "--version", DENY, "--root"]);
        run(install.arg(&tools).arg("cargo-deny"))?;
    }
    Ok(program)
}
