//! `bench failover`: what the clients of a name see of a promotion, with the seconds of Route 53.

use std::process::{Command, Stdio};

use crate::cargo::{Target, cargo, run};
use crate::{Result, test, tools};

/// Plays `tests/scenarios/failover`, one after the other; each prints its row.
pub(super) fn bench() -> Result {
    tools::check()?;
    if lifeboat_testbed::GDNSD.ensure()?.is_none() {
        return Err("this needs a name server, whose packages are Debian 12's, for amd64".into());
    }
    let tests = || -> Result<Command> {
        let mut tests = cargo(Target::Full)?;
        tests.args(["test", "--quiet", "--workspace", "--features", test::CRASHES]);
        tests.args(["--test", "main"]);
        Ok(tests)
    };
    run(tests()?.arg("--no-run"))?;
    println!(
        "\n| switch | old primary | TTL s | requests | failed | failed for s | first answer of the new one after s | command s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    // The rows come on standard error, past the harness, whose own words count where one fails.
    let mut tests = tests()?;
    tests.args(["--", "--test-threads=1", "scenarios::failover"]).env("LIFEBOAT_MATRIX", "full");
    let output = tests.stderr(Stdio::inherit()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stdout).into_owned().into())
}
