//! Child calls of cargo: one target folder for all tasks, and every command shown before it runs.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, rustc};

/// The file beside target folders that tells their clone.
const CLONE: &str = "clone";

/// Which target folder: builds with and without features do not wait for each other's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// All features: `$CARGO_TARGET_DIR`, else one in the cache for this clone.
    Full,
    /// No features: the same with `-core` after it.
    Core,
}

impl Target {
    /// The folder.
    pub(crate) fn dir(self) -> Result<PathBuf> {
        let set = env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty());
        let full = match set {
            Some(dir) => PathBuf::from(dir),
            None => of_this_clone()?,
        };
        let mut name = OsString::from(full.file_name().unwrap_or_default());
        if self == Self::Core {
            name.push("-core");
        }
        Ok(full.with_file_name(name))
    }
}

/// The target folder in the cache for this clone. Clones cannot share one: cargo gives the crates of
/// two clones the same file names, and takes what the other has built later for up to date. Those
/// of clones that are no more are removed.
fn of_this_clone() -> Result<PathBuf> {
    let builds = lifeboat_testbed::cache_dir()?.join("builds");
    let root = fs::canonicalize(root())?;
    let mine = builds.join(root.to_string_lossy().replace('/', "+"));
    let note = mine.join(CLONE);
    if note.exists() {
        return Ok(mine.join("all"));
    }
    fs::create_dir_all(&mine)?;
    fs::write(note, root.to_string_lossy().as_bytes())?;
    for other in fs::read_dir(&builds)?.flatten() {
        let clone = fs::read_to_string(other.path().join(CLONE));
        if clone.is_ok_and(|clone| !Path::new(&clone).exists())
            && let Err(error) = fs::remove_dir_all(other.path())
        {
            // Nothing is built with it; perhaps another clone removes it at this moment.
            println!("left behind: {}: {error}", other.path().display());
        }
    }
    Ok(mine.join("all"))
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A cargo command in the root of the repository.
pub(crate) fn cargo(target: Target) -> Result<Command> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).env("CARGO_TARGET_DIR", target.dir()?);
    // `cargo run` told this process about the package xtask; build scripts of others must not
    // see that, or they run anew.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    rustc::wrap(&mut command)?;
    Ok(command)
}

/// Shows a command, runs it, and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result {
    let shown = shown(command);
    println!("\n$ {shown}");
    let status = command.status().map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("`{shown}` failed: {status}").into())
}

/// A command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    let words: Vec<_> = std::iter::once(program).chain(arguments).collect();
    words.join(" ")
}

/// Builds the program and says where it is.
pub(crate) fn lifeboat(release: bool) -> Result<PathBuf> {
    let mut build = cargo(Target::Full)?;
    // The whole workspace, as for the tests: with other packages selected, cargo picks other
    // features for shared crates and builds the big ones twice. So it does without those of
    // dev-dependencies, which it takes in where examples are selected, of which there are none.
    build.args(["build", "--workspace", "--bins", "--examples"]);
    if release {
        build.arg("--release");
    }
    run(&mut build)?;
    let profile = if release { "release" } else { "debug" };
    Ok(Target::Full.dir()?.join(profile).join("lifeboat"))
}
