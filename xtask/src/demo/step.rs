//! The kinds of steps that a story is made of; each has one function.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use lifeboat_testbed::{Aws, Bed, Fault, Rule};

use crate::Result;
use crate::cargo::shown;
use crate::scratch::Scratch;

/// What the steps work on.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) bed: Bed,
    /// The binary `lifeboat`.
    pub(super) program: PathBuf,
    /// The copy of the example.
    pub(super) folder: Scratch,
}

/// One step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Runs `lifeboat` with these arguments; any of these exit codes is right.
    Run(&'static [&'static str], &'static [i32]),
    /// Runs `lifeboat drift`, which must exit 2 and name exactly these objects.
    Drift(&'static [&'static str]),
    /// Runs `lifeboat`, and again with the `-allow-destroy=COUNT` that it asks for.
    Destroy(&'static [&'static str]),
    /// Replaces text in a file of the example, as an operator would.
    Edit(&'static str, &'static str, &'static str),
    /// Does something behind the program's back; the text is what it prints.
    Tamper(fn(&Aws) -> Result<String>),
    /// Every call to this region hangs, but for those of global services.
    BlackOut(&'static str),
    /// All regions answer again.
    Restore,
    /// Looks at the servers and fails if they are not as told.
    Check(fn(&Aws) -> Result<String>),
}

impl Act {
    pub(super) fn play(self, stage: &Stage) -> Result {
        match self {
            Self::Run(arguments, codes) => run(stage, arguments, codes),
            Self::Drift(addresses) => drift(stage, addresses),
            Self::Destroy(arguments) => destroy(stage, arguments),
            Self::Edit(file, before, after) => edit(stage, file, before, after),
            Self::Tamper(act) | Self::Check(act) => {
                println!("{}", act(&stage.bed.aws())?);
                Ok(())
            }
            Self::BlackOut(region) => {
                stage.bed.proxy.inject(Rule::new(Fault::BlackHole).region(region).regional());
                Ok(())
            }
            Self::Restore => {
                stage.bed.proxy.clear();
                Ok(())
            }
        }
    }
}

fn run(stage: &Stage, arguments: &[&str], codes: &[i32]) -> Result {
    let code = lifeboat(stage, arguments, Stdio::inherit())?.0;
    if codes.contains(&code) {
        return Ok(());
    }
    Err(format!("exit code {code}, expected one of {codes:?}").into())
}

/// The report of `drift` has a line `# ADDRESS has …` for each object.
fn drift(stage: &Stage, addresses: &[&str]) -> Result {
    let mut command = stage.bed.command(&stage.program);
    command.arg("drift").current_dir(stage.folder.path()).stdin(Stdio::null());
    println!("$ {}", shown(&command));
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    if output.status.code() != Some(2) {
        return Err(format!("{}, expected exit code 2", output.status).into());
    }
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("# "));
    let mut named: Vec<&str> = named.filter_map(|line| line.split(" has ").next()).collect();
    named.retain(|name| !name.starts_with('('));
    named.sort_unstable();
    if named == addresses {
        return Ok(());
    }
    Err(format!("drift names {named:?}, expected {addresses:?}").into())
}

/// A guard that refuses says how many objects it wants to hear named.
fn destroy(stage: &Stage, arguments: &[&str]) -> Result {
    let (code, said) = lifeboat(stage, arguments, Stdio::piped())?;
    if code == 0 {
        return Ok(());
    }
    let count = said.split("-allow-destroy=").nth(1).unwrap_or_default();
    let count: String = count.chars().take_while(char::is_ascii_digit).collect();
    if count.is_empty() {
        return Err(format!("exit code {code}, and no word of -allow-destroy=COUNT").into());
    }
    let allow = format!("-allow-destroy={count}");
    let again: Vec<&str> = arguments.iter().copied().chain([allow.as_str()]).collect();
    run(stage, &again, &[0])
}

fn edit(stage: &Stage, file: &str, before: &str, after: &str) -> Result {
    let path = stage.folder.path().join(file);
    let text = fs::read_to_string(&path)?;
    if !text.contains(before) {
        return Err(format!("{file} does not hold `{before}`").into());
    }
    fs::write(&path, text.replacen(before, after, 1))?;
    println!("{file}: {before} \u{2192} {after}");
    Ok(())
}

/// Runs the program in the example; with a pipe its standard error is returned as well as shown.
fn lifeboat(stage: &Stage, arguments: &[&str], stderr: Stdio) -> Result<(i32, String)> {
    let mut command = stage.bed.command(&stage.program);
    command.args(arguments).current_dir(stage.folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::inherit()).stderr(stderr);
    println!("$ {}", shown(&command));
    let begun = Instant::now();
    let output = command.spawn()?.wait_with_output()?;
    std::io::stderr().write_all(&output.stderr)?;
    let code = output.status.code().ok_or_else(|| format!("it ended with {}", output.status))?;
    println!("(exit code {code} after {:.1} s)", begun.elapsed().as_secs_f64());
    Ok((code, String::from_utf8_lossy(&output.stderr).into_owned()))
}
