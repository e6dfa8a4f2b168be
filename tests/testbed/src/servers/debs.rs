//! Fetches packages of Debian into the cache and unpacks them there: by version and hash, without root, all or nothing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sha2::{Digest as _, Sha256};

use crate::error::Doing as _;
use crate::servers::install::{run, tail};
use crate::{Error, Result, cache_dir};

/// The release that the packages are of, as `/etc/os-release` has it.
const RELEASE: &str = "bookworm";

/// A server made of packages.
#[derive(Clone, Copy, Debug)]
pub struct Debs {
    /// The server's name.
    pub name: &'static str,
    /// A line `PACKAGE=VERSION SHA256` for each; lines with `#` say what it is.
    pub text: &'static str,
}

/// gdnsd, an authoritative name server.
pub const GDNSD: Debs = Debs { name: "gdnsd", text: include_str!("../../requirements/gdnsd.txt") };

/// A package, its version and the hash of its file.
struct Deb<'a> {
    name: &'a str,
    version: &'a str,
    sha256: &'a str,
}

impl Debs {
    /// The folder that the packages are unpacked in, fetched first where it is missing; nothing on a
    /// machine that has other packages than these: another system, release or processor.
    pub fn ensure(&self) -> Result<Option<PathBuf>> {
        let key = blake3::hash(self.text.as_bytes()).to_hex();
        let servers = cache_dir()?.join("servers");
        let root = servers.join(format!("{}-{}", self.name, &key[..16]));
        if !is_theirs() {
            return Ok(None);
        }
        if root.is_dir() {
            return Ok(Some(root));
        }
        fs::create_dir_all(&servers).doing(format!("create {}", servers.display()))?;
        let guard = servers.join(format!("{}.lock", self.name));
        let guard = File::create(&guard).doing(format!("open {}", guard.display()))?;
        guard.lock().doing("lock the folder of the test servers")?;
        if !root.is_dir() {
            self.install(&servers, &root)?;
        }
        Ok(Some(root))
    }

    fn each(&self) -> impl Iterator<Item = Deb<'_>> {
        let lines = self.text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| {
            let (package, sha256) = line.split_once(' ')?;
            let (name, version) = package.split_once('=')?;
            Some(Deb { name, version, sha256 })
        })
    }

    /// Unpacks beside the final folder and renames, while the caller holds the lock.
    fn install(&self, servers: &Path, root: &Path) -> Result<()> {
        let partial = servers.join(format!("{}.partial", self.name));
        if partial.exists() {
            fs::remove_dir_all(&partial).doing(format!("remove {}", partial.display()))?;
        }
        let (files, lists) = (partial.join("files"), partial.join("lists"));
        let parts = ["state/lists/partial", "cache/archives/partial"].map(|part| lists.join(part));
        for folder in [&files, &parts[0], &parts[1]] {
            fs::create_dir_all(folder).doing(format!("create {}", folder.display()))?;
        }
        // With the lists that the machine has; where it has none or old ones, with lists of our own.
        let mut fetched = run(&mut self.download(&files))?;
        if !fetched.status.success() {
            fetched = run(own(&lists, Command::new("apt-get").args(["-qq", "update"])))?;
            if fetched.status.success() {
                fetched = run(own(&lists, &mut self.download(&files)))?;
            }
        }
        let failed =
            |log: String| Error::Packages { server: self.name, cache: servers.to_owned(), log };
        if !fetched.status.success() {
            return Err(failed(tail(&fetched)));
        }
        for deb in self.each() {
            let file = file_of(&files, deb.name)?
                .ok_or_else(|| failed(format!("{} is not among what apt-get fetched", deb.name)))?;
            let bytes = fs::read(&file).doing(format!("read {}", file.display()))?;
            let sum: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
            if sum != deb.sha256 {
                let (name, wanted) = (file.display(), deb.sha256);
                return Err(failed(format!("{name} has the SHA-256 {sum}, not {wanted}")));
            }
            let mut unpack = Command::new("dpkg-deb");
            let unpacked = run(unpack.arg("--extract").arg(&file).arg(partial.join("root")))?;
            if !unpacked.status.success() {
                return Err(failed(tail(&unpacked)));
            }
        }
        fs::rename(partial.join("root"), root).doing(format!("rename to {}", root.display()))?;
        fs::remove_dir_all(&partial).doing(format!("remove {}", partial.display()))
    }

    fn download(&self, files: &Path) -> Command {
        let mut download = Command::new("apt-get");
        download.args(["-qq", "-o", "APT::Sandbox::User=root", "download"]).current_dir(files);
        download.args(self.each().map(|deb| format!("{}={}", deb.name, deb.version)));
        download
    }
}

/// Lets apt keep its lists in a folder of ours.
fn own<'a>(lists: &Path, command: &'a mut Command) -> &'a mut Command {
    let paths = [("Dir::State", "state"), ("Dir::Cache", "cache")];
    let paths = paths.map(|(name, folder)| format!("{name}={}", lists.join(folder).display()));
    // apt reads these options wherever they stand.
    command.args(paths.iter().flat_map(|path| ["-o", path]));
    command.args(["-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "APT::Sandbox::User=root"])
}

/// What apt-get named `PACKAGE_VERSION_ARCHITECTURE.deb`.
fn file_of(files: &Path, package: &str) -> Result<Option<PathBuf>> {
    let doing = || format!("list {}", files.display());
    let prefix = format!("{package}_");
    for entry in fs::read_dir(files).doing(doing())? {
        let entry = entry.doing(doing())?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// Whether this machine has such packages: what is pinned is of one release and one processor.
fn is_theirs() -> bool {
    let asked = |program: &str, argument: &str| -> Option<Output> {
        let output = Command::new(program).arg(argument).stdin(Stdio::null()).output();
        output.ok().filter(|output| output.status.success())
    };
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let release = release.lines().any(|l| l == format!("VERSION_CODENAME={RELEASE}"));
    let processor = asked("dpkg", "--print-architecture");
    let processor = processor.is_some_and(|o| o.stdout.trim_ascii() == b"amd64");
    release && processor && asked("apt-get", "--version").is_some()
}
