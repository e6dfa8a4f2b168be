//! A rustc wrapper that builds the big SDK crates one after the other, and can tell what each
//! crate costs.
//!
//! Each of them takes one to two gigabytes to compile; cargo would start several at once and
//! cannot be told otherwise. Building them with `-p` beforehand does not help: with one package
//! selected cargo resolves other features than for the workspace and builds them again.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::Result;

/// Which crates wait for each other.
const BIG: &str = "aws_sdk_";

/// The variable that names the file on which they wait.
const LOCK: &str = "LIFEBOAT_XTASK_RUSTC_LOCK";

/// The variable that names the file into which the cost of each crate is written.
const COSTS: &str = "LIFEBOAT_XTASK_RUSTC_COSTS";

/// What compiling a crate cost: the sums of all its builds, and the highest peak of memory.
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

    /// Reads a line of the log.
    pub(crate) fn parse(line: &str) -> Option<(String, Self)> {
        let mut words = line.split(' ');
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (cpu, wall) =
            (number().map(Duration::from_micros), number().map(Duration::from_micros));
        let peak = number()?;
        let name = words.next()?.to_owned();
        Some((name, Self { cpu: cpu?, wall: wall?, peak }))
    }

    fn line(&self, name: &str) -> String {
        format!("{} {} {} {name}\n", self.cpu.as_micros(), self.wall.as_micros(), self.peak)
    }
}

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
    if let Some(Err(error)) = costs.map(|log| write_cost(Path::new(&log), &name, begun.elapsed())) {
        eprintln!("the cost of {name} is not recorded: {error}");
    }
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Appends a line about the one child of this process; one write, because others append too.
fn write_cost(log: &Path, name: &str, wall: Duration) -> Result {
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = duration(used.user_time()) + duration(used.system_time());
    let peak = u64::try_from(used.max_rss()).unwrap_or_default() << 10;
    let mut log = OpenOptions::new().create(true).append(true).open(log)?;
    log.write_all(Cost { cpu, wall, peak }.line(name).as_bytes())?;
    Ok(())
}

fn duration(time: TimeVal) -> Duration {
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or_default());
    seconds + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or_default())
}
