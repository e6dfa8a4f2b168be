//! Options that several commands have.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;

use crate::cli::loss::Since;

/// Steps at the same time, where nothing is said (design.md, section 12).
pub(in crate::cli) const PARALLELISM: usize = 64;

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1 is needed".to_owned()),
        Ok(count) => Ok(count),
        Err(_) => Err("it is not a whole number".to_owned()),
    }
}

/// Options of the commands that evaluate the files.
#[derive(Clone, Debug, Default, Args)]
pub struct Values {
    /// Set a variable of the root module; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub var: Vec<String>,
    /// Read variables from a file; may be repeated
    #[arg(long, value_name = "FILE")]
    pub var_file: Vec<PathBuf>,
}

/// Options of the commands that change something, on what they say and ask.
#[derive(Clone, Debug, Default, Args)]
pub struct Telling {
    /// Print a JSON object per line, also where something fails
    #[arg(long)]
    pub json: bool,
    /// With false, fail where an approval would be asked for
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub input: Option<bool>,
    /// Show only the names of what changes
    #[arg(long)]
    pub compact: bool,
}

impl Telling {
    /// Whether anything may be asked for: `-input=false` forbids it.
    pub(in crate::cli) fn may_ask(&self) -> bool {
        self.input != Some(false)
    }

    /// Whether an approval can be asked for.
    pub(in crate::cli) fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal() && self.may_ask()
    }
}

/// Options of the commands that plan.
#[derive(Clone, Debug, Default, Args)]
pub struct Planning {
    /// Values of variables.
    #[command(flatten)]
    pub values: Values,
    /// Plan only these resources and what they need; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Plan all but these resources; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub exclude: Vec<String>,
    /// Leave everything in this region as it is; may be repeated
    #[arg(long, value_name = "REGION")]
    pub exclude_region: Vec<String>,
    /// Replace this object with a new one; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<String>,
    /// Only take what is live into the state
    #[arg(long)]
    pub refresh_only: bool,
    /// Read what is live first [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub refresh: Option<bool>,
    /// Treat a region as unreachable, and the global services that are at home in it; a promotion that leaves
    /// it still fences what answers there; may be repeated
    #[arg(long, value_name = "REGION")]
    pub assume_down: Vec<String>,
    /// The same, but for the global services that are at home in it.
    #[arg(skip)]
    pub leaves: Option<String>,
    /// Since when the region that is left takes no writes, where it does not answer: 2026-11-21T18:00:00Z,
    /// or 15m before now [default: it may take them still]
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    pub since: Option<Since>,
    /// Take so many steps at the same time
    #[arg(long, value_name = "N", default_value_t = PARALLELISM, value_parser = at_least_one)]
    pub parallelism: usize,
    /// How it is told.
    #[command(flatten)]
    pub telling: Telling,
    /// Exit 6 instead of 0 when something could not be read
    #[arg(long)]
    pub unreachable_exitcode: bool,
}

/// Options of the commands that take the lock.
#[derive(Clone, Debug, Default, Args)]
pub struct Locking {
    /// Wait so long for the lock of another run: 30s, 5m
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: String,
}
