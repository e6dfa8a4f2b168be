//! Readers in Go: programs of tests that read what lifeboat writes with the libraries that tools for
//! Terraform use. Built once, into the cache; left out where Go is missing.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Doing as _;
use crate::servers::install::{run, tail};
use crate::{Error, Result, cache_dir};

/// A program in Go.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    name: &'static str,
    /// Its files, by name.
    files: &'static [(&'static str, &'static str)],
}

/// Reads with hashicorp/terraform-json: `plan`, `state`, `lines`, `validate`, `version`.
pub const TERRAFORM_JSON: Reader = Reader {
    name: "terraform-json",
    files: &[
        ("go.mod", include_str!("../../conformance/terraform-json/go.mod")),
        ("go.sum", include_str!("../../conformance/terraform-json/go.sum")),
        ("main.go", include_str!("../../conformance/terraform-json/main.go")),
    ],
};

impl Reader {
    /// Where the program is, built first where it is missing; nothing where Go is. Only a build asks
    /// the proxy for modules, and takes those alone whose sums are written down.
    pub fn ensure(&self) -> Result<Option<PathBuf>> {
        let asked = Command::new("go").arg("version").stdin(Stdio::null()).output();
        let Some(go) = asked.ok().filter(|output| output.status.success()) else {
            return Ok(None);
        };
        let mut hasher = blake3::Hasher::new();
        hasher.update(&go.stdout);
        for (name, text) in self.files {
            hasher.update(name.as_bytes()).update(text.as_bytes());
        }
        let tools = cache_dir()?.join("tools");
        let root = tools.join(format!("{}-{}", self.name, &hasher.finalize().to_hex()[..16]));
        if !root.is_dir() {
            fs::create_dir_all(&tools).doing(format!("create {}", tools.display()))?;
            let guard = tools.join(format!("{}.lock", self.name));
            let guard = File::create(&guard).doing(format!("open {}", guard.display()))?;
            guard.lock().doing("lock the folder of the tools")?;
            if !root.is_dir() {
                self.build(&tools, &root)?;
            }
        }
        Ok(Some(root.join(self.name)))
    }

    /// Builds beside the final folder and renames, while the caller holds the lock.
    fn build(&self, tools: &Path, root: &Path) -> Result<()> {
        let partial = tools.join(format!("{}.partial", self.name));
        if partial.exists() {
            fs::remove_dir_all(&partial).doing(format!("remove {}", partial.display()))?;
        }
        fs::create_dir_all(&partial).doing(format!("create {}", partial.display()))?;
        for (name, text) in self.files {
            fs::write(partial.join(name), text).doing(format!("write {name}"))?;
        }
        let mut go = Command::new("go");
        go.args(["build", "-o", self.name, "."]).current_dir(&partial);
        // Everything it downloads and builds is in the cache, and can be removed as other files.
        go.env("GOMODCACHE", tools.join("go/mod")).env("GOCACHE", tools.join("go/build"));
        go.env("GOFLAGS", "-mod=readonly -modcacherw -buildvcs=false -trimpath");
        go.env("GOTOOLCHAIN", "local").env("GOWORK", "off").env("CGO_ENABLED", "0");
        let built = run(&mut go)?;
        if !built.status.success() {
            let log = tail(&built);
            return Err(Error::Build { program: self.name, cache: tools.to_owned(), log });
        }
        fs::rename(&partial, root).doing(format!("rename to {}", root.display()))
    }

    /// What the program makes of an input: its output, or what it says is wrong with it. Nothing
    /// where Go is missing.
    pub fn read(&self, what: &str, input: &str) -> Result<Option<Result<String, String>>> {
        let Some(program) = self.ensure()? else { return Ok(None) };
        let doing = || format!("run {}", self.name);
        let mut command = Command::new(program);
        command.arg(what).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().doing(doing())?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).doing(doing())?;
        }
        let output = child.wait_with_output().doing(doing())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Some(match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(text(&output.stderr)),
        }))
    }
}
