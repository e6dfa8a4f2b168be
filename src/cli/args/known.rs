//! Commands on what the state holds, and on the program itself.

use std::path::PathBuf;

use clap::Args;

use super::StateCommand;
use crate::cli::completion::Shell;

/// `status`
#[derive(Clone, Debug, Args)]
pub struct Status {
    /// Read what is live, too, and tell whether another region does what the primary does, and whether
    /// two take writes to data with one writer; without the lock, and nothing is changed
    #[arg(long)]
    pub live: bool,
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
}

/// `output`
#[derive(Clone, Debug, Args)]
pub struct Output {
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
    /// Print the text itself, for scripts
    #[arg(long, requires = "name", conflicts_with = "json")]
    pub raw: bool,
    /// The output to show; without a name, all of them
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// `state`
#[derive(Clone, Debug, Args)]
pub struct State {
    /// What to do with it.
    #[command(subcommand)]
    pub command: StateCommand,
}

/// `force-unlock`
#[derive(Clone, Debug, Args)]
pub struct ForceUnlock {
    /// Break it without asking
    #[arg(long)]
    pub force: bool,
    /// The id of the lock, as the error shows it; a damaged lock has none
    #[arg(value_name = "LOCK_ID")]
    pub id: Option<String>,
}

/// `completion`
#[derive(Clone, Debug, Args)]
pub struct Completion {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// `man`
#[derive(Clone, Debug, Args)]
pub struct Man {
    /// The folder to write them to
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// `version`
#[derive(Clone, Debug, Args)]
pub struct Version {
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
}
