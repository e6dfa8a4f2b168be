//! Installs a server into the cache: once per requirements file and Python, hash-checked, and all or nothing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::error::Doing as _;
use crate::servers::ServerKind;
use crate::{Error, Result, cache_dir};

/// The oldest Python for which the requirements were resolved.
const OLDEST: (u32, u32) = (3, 10);

/// What a server consists of: every package with its version and the hashes of its files.
#[derive(Clone, Copy, Debug)]
pub struct Requirements {
    /// The server's name.
    pub name: &'static str,
    /// A requirements file for `pip install --require-hashes`.
    pub text: &'static str,
}

impl Requirements {
    /// The AWS CLI: no server, but made of the same.
    pub const AWS_CLI: Self =
        Self { name: "awscli", text: include_str!("../../requirements/awscli.txt") };

    /// The requirements of a server.
    pub fn of(kind: ServerKind) -> Self {
        let text = match kind {
            ServerKind::MiniStack => include_str!("../../requirements/ministack.txt"),
            ServerKind::Moto => include_str!("../../requirements/moto.txt"),
        };
        Self { name: kind.name(), text }
    }
}

/// An installed virtual environment.
#[derive(Clone, Debug)]
pub struct Venv {
    root: PathBuf,
}

impl Venv {
    /// The environment for these requirements in the cache, installed first where it is missing.
    pub fn ensure(requirements: &Requirements) -> Result<Self> {
        Self::ensure_in(&cache_dir()?.join("servers"), requirements)
    }

    /// As [`Venv::ensure`], in a folder of the caller's choice.
    pub fn ensure_in(servers: &Path, requirements: &Requirements) -> Result<Self> {
        let python = python()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(requirements.text.as_bytes()).update(python.as_bytes());
        let key = hasher.finalize().to_hex();
        let root = servers.join(format!("{}-{}", requirements.name, &key[..16]));
        if root.is_dir() {
            return Ok(Self { root });
        }
        fs::create_dir_all(servers).doing(format!("create {}", servers.display()))?;
        let guard = servers.join(format!("{}.lock", requirements.name));
        let guard = File::create(&guard).doing(format!("open {}", guard.display()))?;
        guard.lock().doing("lock the folder of the test servers")?;
        if !root.is_dir() {
            install(servers, &root, requirements)?;
        }
        Ok(Self { root })
    }

    /// Its interpreter.
    pub fn python(&self) -> PathBuf {
        self.root.join("bin/python")
    }
}

/// Installs beside the final folder and renames, while the caller holds the lock: a folder with
/// the final name is complete. (The scripts in `bin` name the folder they were made in; only the
/// interpreter is used, which finds its packages from where it lies.)
fn install(servers: &Path, root: &Path, requirements: &Requirements) -> Result<()> {
    let partial = servers.join(format!("{}.partial", requirements.name));
    if partial.exists() {
        fs::remove_dir_all(&partial).doing(format!("remove {}", partial.display()))?;
    }
    let failed = |output: &Output| Error::Install {
        server: requirements.name,
        cache: servers.to_owned(),
        log: tail(output),
    };
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&partial))?;
    if !made.status.success() {
        return Err(failed(&made));
    }
    let list = partial.join("requirements.txt");
    fs::write(&list, requirements.text).doing(format!("write {}", list.display()))?;
    // No source packages: their set-up scripts would run unchecked, and want compilers.
    let mut pip = Command::new(partial.join("bin/python"));
    pip.args(["-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]);
    pip.args(["--quiet", "--require-hashes", "--only-binary", ":all:", "--requirement"]).arg(&list);
    let installed = run(&mut pip)?;
    if !installed.status.success() {
        return Err(failed(&installed));
    }
    fs::rename(&partial, root).doing(format!("rename to {}", root.display()))
}

/// Checks this machine's Python and says what tells it from others.
fn python() -> Result<String> {
    let ask = "import sys; print(*sys.version_info[:2]); print(sys.version, sys.executable)\n\
               import ensurepip, venv";
    let output = Command::new("python3").args(["-I", "-c", ask]).stdin(Stdio::null()).output();
    let output =
        output.map_err(|error| Error::Python { found: format!("cannot run it: {error}") })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut version = said.lines().next().unwrap_or("").split(' ').map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (version.next(), version.next()) else {
        return Err(Error::Python { found: format!("it failed: {}", tail(&output)) });
    };
    if (major, minor) < OLDEST {
        return Err(Error::Python { found: format!("this is {major}.{minor}") });
    }
    if !output.status.success() {
        return Err(Error::Venv);
    }
    Ok(said)
}

pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).output().doing(format!("run {program}"))
}

/// The last lines of what a program wrote.
pub(crate) fn tail(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
