//! `bench FOLDER`: how long plan and apply take on local servers, and how many calls they make.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lifeboat_testbed::Bed;

use crate::cargo::{lifeboat, root, shown};
use crate::scratch::Scratch;
use crate::{Result, tools};

/// How often a command that changes nothing is measured.
const TIMES: usize = 5;

/// One command: its arguments, the exit codes that are right, and how often it is measured.
type Row = (&'static [&'static str], &'static [i32], usize);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (&["init", "-input=false"], &[0], 1),
    (&["plan", "-input=false"], &[0], TIMES),
    (&["apply", "-input=false", "-auto-approve"], &[0], 1),
    (&["plan", "-input=false", "-detailed-exitcode"], &[0], TIMES),
    (&["drift"], &[0], TIMES),
];

/// Measures the commands on a copy of the folder (`examples/two-region-web` by default).
pub(crate) fn bench(arguments: &[String]) -> Result {
    tools::check()?;
    let program = lifeboat(true)?;
    let example = || root().join("examples/two-region-web");
    let folder = arguments.first().map_or_else(example, PathBuf::from);
    let bed = Bed::start()?;
    let folder = Scratch::copy_of("bench", &folder)?;
    println!(
        "\n{:<44} {:>9} {:>9} {:>7} {:>9}",
        "command", "fastest", "slowest", "calls", "mutating"
    );
    for row in ROWS {
        measure(&bed, &program, folder.path(), row)?;
    }
    println!("\n{}", bed.proxy.ledger().table());
    Ok(())
}

fn measure(bed: &Bed, program: &Path, folder: &Path, (arguments, codes, times): &Row) -> Result {
    let mut command = bed.command(program);
    command.args(*arguments).current_dir(folder).stdin(Stdio::null());
    let mut took = Vec::new();
    for _ in 0..*times {
        bed.proxy.ledger().clear();
        took.push(once(&mut command, codes)?);
    }
    let ledger = bed.proxy.ledger();
    let (fastest, slowest) = (took.iter().min(), took.iter().max());
    let millis = |time: Option<&Duration>| format!("{} ms", time.map_or(0, Duration::as_millis));
    let (calls, mutating) = (ledger.total(), ledger.mutating());
    let name = shown(&command);
    println!("{name:<44} {:>9} {:>9} {calls:>7} {mutating:>9}", millis(fastest), millis(slowest));
    Ok(())
}

fn once(command: &mut Command, codes: &[i32]) -> Result<Duration> {
    let begun = Instant::now();
    let output = command.output()?;
    let took = begun.elapsed();
    if output.status.code().is_some_and(|code| codes.contains(&code)) {
        return Ok(took);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("`{}` ended with {}:\n{said}", shown(command), output.status).into())
}
