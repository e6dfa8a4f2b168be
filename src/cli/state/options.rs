//! What people type after `state`.

use clap::{Args, Subcommand};

use crate::cli::args::{Locking, whole};

/// The commands of `state`.
#[derive(Clone, Debug, Subcommand)]
pub enum StateCommand {
    /// List the addresses of what exists
    List {
        /// List only these and what is in them
        #[arg(value_name = "ADDRESS")]
        addresses: Vec<String>,
    },
    /// Show one object
    Show {
        /// The address of the object, as `state list` has it
        #[arg(value_name = "ADDRESS")]
        address: String,
        /// Print one JSON document, also where something fails
        #[arg(long)]
        json: bool,
    },
    /// Move objects to another address; changes nothing live
    Mv(Mv),
    /// Forget objects without destroying them
    Rm(Rm),
    /// Print the state as one JSON document, without its secrets
    Pull(Pull),
    /// Verify all that is kept: generations, journals, lock, key, plans
    Check(Check),
    /// List the generations that are kept, newest first, and what made them
    History(History),
    /// Show what differs between two generations
    Diff(Diff),
    /// Take an earlier generation back, as a new one on top
    Restore(Restore),
}

impl StateCommand {
    /// Whether its result is to be JSON.
    pub fn json(&self) -> bool {
        match self {
            Self::Show { json, .. } => *json,
            Self::Mv(args) => args.change.json,
            Self::Rm(args) => args.change.json,
            Self::Pull(args) => args.json,
            Self::Check(args) => args.json,
            Self::History(args) => args.json,
            Self::Diff(args) => args.json,
            Self::Restore(args) => args.json,
            Self::List { .. } => false,
        }
    }
}

/// Options of the commands that change what the state knows.
#[derive(Clone, Debug, Default, Args)]
pub struct Change {
    /// Only tell what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// The lock.
    #[command(flatten)]
    pub locking: Locking,
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
}

/// `state mv`
#[derive(Clone, Debug, Args)]
pub struct Mv {
    /// How.
    #[command(flatten)]
    pub change: Change,
    /// What moves: an object, a resource, a topology block, a module
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// Its new address, of the same sort and type
    #[arg(value_name = "DESTINATION")]
    pub destination: String,
}

/// `state rm`
#[derive(Clone, Debug, Args)]
pub struct Rm {
    /// How.
    #[command(flatten)]
    pub change: Change,
    /// What is forgotten: objects, resources, topology blocks, modules
    #[arg(value_name = "ADDRESS", required = true)]
    pub addresses: Vec<String>,
}

/// `state pull`
#[derive(Clone, Debug, Args)]
pub struct Pull {
    /// Print this generation instead of the newest state
    #[arg(long, value_name = "N", value_parser = whole::<u64>)]
    pub serial: Option<u64>,
    /// Print failures as JSON too
    #[arg(long)]
    pub json: bool,
}

/// `state check`
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
}

/// `state history`
#[derive(Clone, Debug, Args)]
pub struct History {
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
}

/// `state diff`
#[derive(Clone, Debug, Args)]
pub struct Diff {
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
    /// Show only the names of what differs
    #[arg(long)]
    pub compact: bool,
    /// The serial of the old generation; without it, the one before the newest
    #[arg(value_name = "OLD", value_parser = whole::<u64>)]
    pub old: Option<u64>,
    /// The serial of the new generation; without it, the newest
    #[arg(value_name = "NEW", value_parser = whole::<u64>)]
    pub new: Option<u64>,
}

/// `state restore`
#[derive(Clone, Debug, Args)]
pub struct Restore {
    /// The lock.
    #[command(flatten)]
    pub locking: Locking,
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
    /// The serial of the generation
    #[arg(value_name = "SERIAL", value_parser = whole::<u64>)]
    pub serial: u64,
}
