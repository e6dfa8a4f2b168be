//! One measurement: a command of the program in a folder, with what it cost and what it called.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lifeboat_testbed::Bed;

use crate::Result;
use crate::cost::{self, Cost};
use crate::scratch::Scratch;

/// How often a command that changes nothing is measured; the median counts.
const TIMES: usize = 5;

/// What a command cost, and how many calls it made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub(super) cost: Cost,
    pub(super) calls: Option<usize>,
    pub(super) mutating: usize,
}

/// A folder with a topology in which the program is run, with servers or without.
pub(super) struct Bench<'a> {
    program: &'a Path,
    folder: Scratch,
    /// The servers, where there are any.
    pub(super) bed: Option<Bed>,
}

impl<'a> Bench<'a> {
    /// A folder without servers.
    pub(super) fn new(program: &'a Path, files: &str) -> Result<Self> {
        let bench = Self { program, folder: Scratch::new("figures")?, bed: None };
        bench.write(files)?;
        Ok(bench)
    }

    /// A folder for Terraform, with what it is to know already; nothing where it is not installed.
    pub(super) fn of_terraform(files: &str, state: Option<&str>) -> Result<Option<Self>> {
        let program = Path::new("terraform");
        let bench = Self { program, folder: Scratch::new("figures")?, bed: None };
        fs::write(bench.folder.path().join("main.tf"), files)?;
        if let Some(state) = state {
            fs::write(bench.folder.path().join("terraform.tfstate"), state)?;
        }
        let mut init = bench.command(program.to_owned());
        match init.args(["init", "-input=false"]).output() {
            Ok(output) if output.status.success() => Ok(Some(bench)),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A folder with a pair of empty servers.
    pub(super) fn on_servers(program: &'a Path, files: &str) -> Result<Self> {
        Ok(Self { bed: Some(Bed::start()?), ..Self::new(program, files)? })
    }

    /// Changes the topology.
    pub(super) fn write(&self, files: &str) -> Result {
        fs::write(self.folder.path().join("main.dr.hcl"), files)?;
        Ok(())
    }

    /// Forgets what was applied.
    pub(super) fn forget(&self) -> Result {
        let state = self.folder.path().join(".lifeboat");
        if state.exists() {
            fs::remove_dir_all(state)?;
        }
        Ok(())
    }

    /// Runs a command once; its exit code must be the expected one.
    pub(super) fn once(&self, arguments: &[&str], code: i32) -> Result<Measured> {
        self.run(arguments, code, &[])
    }

    fn run(&self, arguments: &[&str], code: i32, more: &[(&str, &OsStr)]) -> Result<Measured> {
        let log = self.folder.path().join("cost.log");
        let (program, (name, value)) = cost::measuring(&log)?;
        let mut command = self.command(program);
        command.env(name, value).envs(more.iter().copied()).arg(self.program).args(arguments);
        if let Some(bed) = &self.bed {
            bed.proxy.ledger().clear();
        }
        let output = command.output()?;
        if output.status.code() != Some(code) {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let end: String = String::from_utf8_lossy(&output.stdout).chars().take(2000).collect();
            let name = self.program.display();
            return Err(format!("`{name} {arguments:?}`: {}: {said}{end}", output.status).into());
        }
        let line = fs::read_to_string(&log)?;
        fs::remove_file(&log)?;
        let (_, cost) = Cost::parse(&line).ok_or("the cost of a command is not told")?;
        let ledger = self.bed.as_ref().map(|bed| bed.proxy.ledger());
        let mutating = ledger.map_or(0, |ledger| ledger.mutating());
        Ok(Measured { cost, calls: ledger.map(|ledger| ledger.total()), mutating })
    }

    /// Runs a command once; the log has a line for each call.
    pub(super) fn logged(&self, arguments: &[&str], code: i32) -> Result<(Measured, String)> {
        let log = self.folder.path().join("calls.log");
        let more = [
            ("LIFEBOAT_LOG", OsStr::new("lifeboat_sdk=info")),
            ("LIFEBOAT_LOG_PATH", log.as_os_str()),
        ];
        let measured = self.run(arguments, code, &more)?;
        Ok((measured, fs::read_to_string(&log)?))
    }

    /// The median of several runs by processor time, with the highest peak and the most calls.
    pub(super) fn median(&self, arguments: &[&str], code: i32) -> Result<Measured> {
        let runs = (0..TIMES).map(|_| self.once(arguments, code));
        median(runs.collect::<Result<Vec<_>>>()?)
    }

    /// From the answer of the last call of this operation to the end of the last of all calls.
    pub(super) fn since(&self, operation: &str) -> Duration {
        let Some(bed) = &self.bed else { return Duration::ZERO };
        let calls = bed.proxy.ledger().entries();
        let ended = |mine: &dyn Fn(&str) -> bool| {
            let mine = calls.iter().filter(|call| mine(&call.operation));
            mine.filter_map(|call| call.ended).max().unwrap_or_default()
        };
        ended(&|_| true).saturating_sub(ended(&|name| name == operation))
    }

    /// The calls that came one after the other, at most: each began when the one before it had ended. With
    /// what was between them, in ms.
    pub(super) fn chain(&self) -> Vec<String> {
        let Some(bed) = &self.bed else { return Vec::new() };
        let mut calls: Vec<_> = bed.proxy.ledger().entries();
        calls.sort_by_key(|call| call.ended);
        let mut chain = Vec::new();
        let mut free = Duration::ZERO;
        // The one that ends first leaves the most time for the others.
        for call in calls {
            let Some(ended) = call.ended.filter(|_| call.started >= free) else { continue };
            let idle = call.started.saturating_sub(free).as_millis();
            let idle = if chain.is_empty() { 0 } else { idle };
            let told = format!("{} {} {}", call.operation, call.region, call.resource);
            chain.push(format!("{idle:>5} {told}"));
            free = ended;
        }
        chain
    }

    /// Runs a command once, and hands over what it said.
    pub(super) fn told(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(self.program.to_owned()).args(arguments).output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }

    /// The most calls of a service that began within one second.
    pub(super) fn busiest_second(&self, service: &str) -> usize {
        let Some(bed) = &self.bed else { return 0 };
        let calls = bed.proxy.ledger().entries();
        let began: Vec<Duration> =
            calls.iter().filter(|call| call.service == service).map(|call| call.started).collect();
        let within = |from: &Duration| {
            let second = *from..*from + Duration::from_secs(1);
            began.iter().filter(|at| second.contains(at)).count()
        };
        began.iter().map(within).max().unwrap_or_default()
    }

    fn command(&self, program: PathBuf) -> Command {
        let mut command = match &self.bed {
            Some(bed) => bed.command(program),
            None => Command::new(program),
        };
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }
}

/// The median by processor time and by wall time, the highest peak, the most calls.
pub(super) fn median(runs: Vec<Measured>) -> Result<Measured> {
    let middle = |of: fn(&Measured) -> Duration| {
        let mut all: Vec<Duration> = runs.iter().map(of).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().ok_or("nothing was measured")
    };
    Ok(Measured {
        cost: Cost {
            cpu: middle(|run| run.cost.cpu)?,
            wall: middle(|run| run.cost.wall)?,
            peak: runs.iter().map(|run| run.cost.peak).max().unwrap_or_default(),
        },
        calls: runs.iter().filter_map(|run| run.calls).max(),
        mutating: runs.iter().map(|run| run.mutating).max().unwrap_or_default(),
    })
}
