//! `lifeboat completion`: scripts for shells, and what they ask for while somebody types.
//!
//! A script calls the program with the variable [`VARIABLE`] and the words of the line, and shows
//! what it prints. The words are completed by clap; where a value is one of those that the folder
//! holds (addresses, regions, generations, …), they come from `values`.

mod bash;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::args::{self, Cli};
use super::exit::Exit;
use super::workspace::Workspace;

/// The variable that the scripts set, to the name of their shell.
pub const VARIABLE: &str = "LIFEBOAT_COMPLETE";

/// The name of the program.
const PROGRAM: &str = "lifeboat";

/// The shells for which there is a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// From version 3.2 on.
    Bash,
    /// With its completion system (`compinit`).
    Zsh,
    /// From version 3 on.
    Fish,
    /// On all systems.
    Powershell,
    /// From version 0.18 on.
    Elvish,
}

impl Shell {
    /// What clap knows of it; for bash we have a script of our own.
    fn completer(self) -> Option<&'static dyn EnvCompleter> {
        match self {
            Self::Bash => None,
            Self::Zsh => Some(&Zsh),
            Self::Fish => Some(&Fish),
            Self::Powershell => Some(&Powershell),
            Self::Elvish => Some(&Elvish),
        }
    }
}

/// Runs `completion`: prints the script.
pub fn run(workspace: &Workspace, args: &args::Completion) -> Exit {
    let script = match args.shell.completer() {
        None => bash::SCRIPT.to_owned(),
        Some(shell) => {
            let mut script = Vec::new();
            let written =
                shell.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script);
            if let Err(error) = written {
                return workspace.failed(&error);
            }
            String::from_utf8_lossy(&script).into_owned()
        }
    };
    workspace.output.result(&script);
    Exit::Done
}

/// Answers a script: what the word under the cursor may become. Whatever goes wrong is no answer,
/// and never a word in the middle of a line that somebody types.
pub async fn answer(mut workspace: Workspace, shell: &str, words: &[OsString]) -> Exit {
    let folder = std::path::absolute(".").ok();
    let answer = if shell == "bash" {
        bash::answer(&mut workspace, words, folder.as_deref()).await
    } else {
        others(&mut workspace, shell, words, folder.as_deref()).await
    };
    workspace.output.result(&answer.unwrap_or_default());
    Exit::Done
}

/// The other shells: clap reads what they say and writes what they want to hear.
async fn others(
    workspace: &mut Workspace,
    shell: &str,
    words: &[OsString],
    folder: Option<&std::path::Path>,
) -> Option<String> {
    let shell = <Shell as clap::ValueEnum>::from_str(shell, false).ok()?.completer()?;
    let start = words.iter().position(|word| word == "--")? + 1;
    let typed = words.get(start..)?;
    let one_dash = typed.last().is_some_and(|word| has_one_dash(&word.to_string_lossy()));
    workspace.root = root(typed);
    let mut command = values::known(workspace, typed).await;
    let mut answer = Vec::new();
    let words = args::two_dashes(typed.to_vec());
    shell.write_complete(&mut command, words, folder, &mut answer).ok()?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let dash = |line: &str| match line.strip_prefix("--") {
        Some(rest) if one_dash => format!("-{rest}"),
        _ => line.to_owned(),
    };
    Some(text.split('\n').map(dash).collect::<Vec<_>>().join("\n"))
}

/// Whether an option was begun as Terraform's users do.
fn has_one_dash(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--")
}

/// The command line without values.
fn command() -> clap::Command {
    Cli::command()
}

/// The folder that a line asks for with `-chdir`.
fn root(words: &[OsString]) -> PathBuf {
    let words = args::two_dashes(words.to_vec());
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let typed = args::typed(&words, "--chdir");
    typed.last().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// The shell that asks, where one does.
pub fn asking(environment: &BTreeMap<String, String>) -> Option<&String> {
    environment.get(VARIABLE)
}
