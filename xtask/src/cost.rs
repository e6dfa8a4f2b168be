//! What a program costs: processor time, wall time and peak memory, told by a process of its own
//! that starts nothing else, because the kernel adds up all children of a process.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::Result;

/// The variable that names the file into which the cost of the program is written.
const LOG: &str = "LIFEBOAT_XTASK_COST";

/// What running programs cost: the sums, and the highest peak of memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    /// In bytes.
    pub(crate) peak: u64,
}

impl Cost {
    pub(crate) fn add(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.wall += other.wall;
        self.peak = self.peak.max(other.peak);
    }

    /// Of the one child that this process has waited for.
    pub(crate) fn of_child(wall: Duration) -> Result<Self> {
        let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let cpu = duration(used.user_time()) + duration(used.system_time());
        let peak = u64::try_from(used.max_rss()).unwrap_or_default() << 10;
        Ok(Self { cpu, wall, peak })
    }

    /// Reads a line of a log.
    pub(crate) fn parse(line: &str) -> Option<(String, Self)> {
        let mut words = line.split_whitespace();
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (cpu, wall) =
            (number().map(Duration::from_micros), number().map(Duration::from_micros));
        let peak = number()?;
        let name = words.next()?.to_owned();
        Some((name, Self { cpu: cpu?, wall: wall?, peak }))
    }

    /// Appends a line to a log; one write, because others append too.
    pub(crate) fn append(&self, log: &Path, name: &str) -> Result {
        let (cpu, wall) = (self.cpu.as_micros(), self.wall.as_micros());
        let line = format!("{cpu} {wall} {} {name}\n", self.peak);
        OpenOptions::new().create(true).append(true).open(log)?.write_all(line.as_bytes())?;
        Ok(())
    }
}

/// This program again, as the one that runs another and writes down what it cost: append the
/// other and its arguments.
pub(crate) fn measuring(log: &Path) -> Result<(PathBuf, (&'static str, PathBuf))> {
    Ok((env::current_exe()?, (LOG, log.to_owned())))
}

/// Whether this process is such a one: the log.
pub(crate) fn log() -> Option<PathBuf> {
    env::var_os(LOG).map(PathBuf::from)
}

/// Runs the program that the arguments name.
pub(crate) fn measured(log: &Path) -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else { return ExitCode::FAILURE };
    let begun = Instant::now();
    let status = Command::new(&program).args(arguments).env_remove(LOG).status();
    let wall = begun.elapsed();
    let told = Cost::of_child(wall).and_then(|cost| cost.append(log, "program"));
    match (status, told) {
        (Ok(status), Ok(())) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            code.map_or(ExitCode::FAILURE, ExitCode::from)
        }
        (Err(error), _) => failed(&program.display().to_string(), &error),
        (_, Err(error)) => failed("its cost", error.as_ref()),
    }
}

fn failed(what: &str, error: &dyn std::error::Error) -> ExitCode {
    eprintln!("cannot measure {what}: {error}");
    ExitCode::FAILURE
}

fn duration(time: TimeVal) -> Duration {
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or_default());
    seconds + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or_default())
}
