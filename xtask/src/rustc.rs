//! A rustc wrapper that builds the big SDK crates one after the other, and can tell what each
//! crate costs.
//!
//! Each of them takes one to two gigabytes to compile, EC2's nearly eight; cargo would start several
//! at once and cannot be told otherwise. Building them with `-p` beforehand does not help: with one package
//! selected cargo resolves other features than for the workspace and builds them again.

use std::env;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::Result;
use crate::cost::Cost;

/// Which crates wait for each other.
const BIG: &str = "aws_sdk_";

/// The variable that names the file on which they wait.
const LOCK: &str = "LIFEBOAT_XTASK_RUSTC_LOCK";

/// The variable that names the file into which the cost of each crate is written.
const COSTS: &str = "LIFEBOAT_XTASK_RUSTC_COSTS";

/// Has the cost of each crate that a cargo command compiles written into a file.
///
/// # Errors
/// Another wrapper takes this one's place.
pub(crate) fn record(command: &mut Command, log: &Path) -> Result {
    if env::var_os("RUSTC_WRAPPER").is_some() {
        return Err("unset RUSTC_WRAPPER: what a compiler cache saves would not be seen".into());
    }
    command.env(COSTS, log);
    Ok(())
}

/// Puts the wrapper into a cargo command's environment, unless there is one already (sccache).
pub(crate) fn wrap(command: &mut Command) -> Result {
    if env::var_os("RUSTC_WRAPPER").is_some() || env::var_os("CARGO_BUILD_RUSTC_WRAPPER").is_some()
    {
        return Ok(());
    }
    let cache = lifeboat_testbed::cache_dir()?;
    std::fs::create_dir_all(&cache)?;
    command.env("RUSTC_WRAPPER", env::current_exe()?).env(LOCK, cache.join("rustc.lock"));
    Ok(())
}

/// Whether cargo runs this program in rustc's place: it puts the real one first.
pub(crate) fn is_wrapper() -> bool {
    env::var_os(LOCK).is_some()
        && env::args_os().nth(1).is_some_and(|first| {
            Path::new(&first)
                .file_stem()
                .is_some_and(|name| name == "rustc" || name == "clippy-driver")
        })
}

/// Runs the real compiler, for a big crate under the lock.
pub(crate) fn wrapped() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let mut rustc = Command::new(arguments.next().unwrap_or_else(|| "rustc".into()));
    let arguments: Vec<_> = arguments.collect();
    rustc.args(&arguments);
    let mut pairs = arguments.windows(2);
    let name = pairs.find(|pair| pair[0] == "--crate-name");
    let name = name.map(|pair| pair[1].to_string_lossy()).unwrap_or_default();
    let (big, costs) = (name.starts_with(BIG), env::var_os(COSTS));
    if !big && costs.is_none() {
        let failed = rustc.exec();
        eprintln!("cannot run {}: {failed}", rustc.get_program().display());
        return ExitCode::FAILURE;
    }
    let lock = env::var_os(LOCK).filter(|_| big).and_then(|path| File::create(path).ok());
    if let Some(Err(error)) = lock.as_ref().map(File::lock) {
        eprintln!("building the SDK crates at once, as the lock failed: {error}");
    }
    let begun = Instant::now();
    let status = match rustc.status() {
        Ok(status) => status,
        Err(failed) => {
            eprintln!("cannot run {}: {failed}", rustc.get_program().display());
            return ExitCode::FAILURE;
        }
    };
    if let Some(Err(error)) = costs.map(|log| cost(&name, begun.elapsed(), Path::new(&log))) {
        eprintln!("the cost of {name} is not recorded: {error}");
    }
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cost(name: &str, wall: Duration, log: &Path) -> Result {
    Cost::of_child(wall)?.append(log, name)
}
