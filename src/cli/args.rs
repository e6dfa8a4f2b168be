//! What people type: commands and options, with one or two dashes as in Terraform.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "lifeboat",
    version,
    about = "A plan/apply reconciler for disaster recovery",
    long_about = "Declares a topology in HCL files (*.dr.hcl): regions, replication, retention, DNS failover.\n\
                  `lifeboat plan` compares the files with what is live, `lifeboat apply` makes it so,\n\
                  `lifeboat drift` tells what changed outside. Options take one or two dashes.",
    after_help = "Exit codes: 0 done or nothing to do, 1 error, 2 changes (plan -detailed-exitcode, drift),\n\
                  4 applied in part, 5 refused by a guard, 6 something could not be read.",
    disable_help_subcommand = false
)]
pub struct Cli {
    /// Work in another folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub chdir: Option<PathBuf>,
    /// No colour; NO_COLOR is honoured too.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Log to stderr: -v info, -vv debug, -vvv trace. LIFEBOAT_LOG takes a filter,
    /// LIFEBOAT_LOG_PATH a file.
    #[arg(short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prepare the folder: state, modules, .gitignore
    Init(Init),
    /// Check the files without reading anything live
    Validate(Validate),
    /// Show what apply would change
    Plan(Plan),
    /// Make live what the files say
    Apply(Apply),
    /// Remove everything that the state holds
    Destroy(Destroy),
    /// Tell what changed outside; changes nothing (exit 0, 2, 1 or 6)
    Drift(Drift),
    /// Show a saved plan or the state
    Show(Show),
    /// Show the outputs of the root module
    Output(Output),
    /// Look into the state
    State(State),
    /// Break the state lock of another run
    ForceUnlock(ForceUnlock),
    /// One page about the topology: roles, regions, what is unread
    Status(Status),
    /// Show the version
    Version(Version),
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

/// Options of the commands that plan.
#[derive(Clone, Debug, Default, Args)]
pub struct Planning {
    /// Values of variables.
    #[command(flatten)]
    pub values: Values,
    /// Only these resources and what they need; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// All but these resources; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub exclude: Vec<String>,
    /// Leave everything in this region as it is; may be repeated
    #[arg(long, value_name = "REGION")]
    pub exclude_region: Vec<String>,
    /// Make this object anew; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<String>,
    /// Only take what is live into state
    #[arg(long)]
    pub refresh_only: bool,
    /// Read live objects first [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub refresh: Option<bool>,
    /// Treat a region as unreachable without asking it; may be repeated
    #[arg(long, value_name = "REGION")]
    pub assume_down: Vec<String>,
    /// Steps at the same time
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub parallelism: usize,
    /// One JSON object per line
    #[arg(long)]
    pub json: bool,
    /// Accepted for Terraform's sake: nothing is ever asked here but approvals
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub input: Option<bool>,
    /// Show only the names of what changes
    #[arg(long)]
    pub compact: bool,
    /// Exit 6 instead of 0 when something could not be read
    #[arg(long)]
    pub unreachable_exitcode: bool,
}

/// Options of the commands that take the lock.
#[derive(Clone, Debug, Default, Args)]
pub struct Locking {
    /// Wait for the lock, such as 30s
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: String,
}

/// Consent to what guards refuse.
#[derive(Clone, Debug, Default, Args)]
pub struct Consent {
    /// Apply without asking
    #[arg(long)]
    pub auto_approve: bool,
    /// Allow exactly so many deletions and replacements
    #[arg(long, value_name = "COUNT")]
    pub allow_destroy: Option<usize>,
    /// Allow a change that can never be taken back; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub confirm_one_way: Vec<String>,
}

/// `init`
#[derive(Clone, Debug, Args)]
pub struct Init {
    /// Accepted for Terraform's sake.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub input: Option<bool>,
    /// One JSON object per line
    #[arg(long)]
    pub json: bool,
}

/// `validate`
#[derive(Clone, Debug, Args)]
pub struct Validate {
    /// Values of variables.
    #[command(flatten)]
    pub values: Values,
    /// One JSON document
    #[arg(long)]
    pub json: bool,
}

/// `plan`
#[derive(Clone, Debug, Args)]
pub struct Plan {
    /// How to plan.
    #[command(flatten)]
    pub planning: Planning,
    /// Plan the removal of everything
    #[arg(long)]
    pub destroy: bool,
    /// Save the plan
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// `apply`
#[derive(Clone, Debug, Args)]
pub struct Apply {
    /// How to plan.
    #[command(flatten)]
    pub planning: Planning,
    /// What is allowed.
    #[command(flatten)]
    pub consent: Consent,
    /// The lock.
    #[command(flatten)]
    pub locking: Locking,
    /// Remove everything
    #[arg(long)]
    pub destroy: bool,
    /// A saved plan
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
}

/// `destroy`
#[derive(Clone, Debug, Args)]
pub struct Destroy {
    /// How to plan.
    #[command(flatten)]
    pub planning: Planning,
    /// What is allowed.
    #[command(flatten)]
    pub consent: Consent,
    /// The lock.
    #[command(flatten)]
    pub locking: Locking,
}

/// `drift`
#[derive(Clone, Debug, Args)]
pub struct Drift {
    /// How to plan.
    #[command(flatten)]
    pub planning: Planning,
}

/// `show`
#[derive(Clone, Debug, Args)]
pub struct Show {
    /// One JSON document in Terraform's shape
    #[arg(long)]
    pub json: bool,
    /// A saved plan; the state without one
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
}

/// `output`
#[derive(Clone, Debug, Args)]
pub struct Output {
    /// One JSON document
    #[arg(long)]
    pub json: bool,
    /// The text itself, for scripts
    #[arg(long, requires = "name", conflicts_with = "json")]
    pub raw: bool,
    /// One output
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

/// The commands of `state`.
#[derive(Clone, Debug, Subcommand)]
pub enum StateCommand {
    /// List the addresses of what exists
    List {
        /// Only these and what is in them
        #[arg(value_name = "ADDRESS")]
        addresses: Vec<String>,
    },
    /// Show one object
    Show {
        /// Its address
        #[arg(value_name = "ADDRESS")]
        address: String,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Take an earlier generation back, as a new one on top
    Restore {
        /// Its serial
        #[arg(value_name = "SERIAL")]
        serial: u64,
    },
}

/// `force-unlock`
#[derive(Clone, Debug, Args)]
pub struct ForceUnlock {
    /// Do not ask
    #[arg(long)]
    pub force: bool,
    /// The id of the lock, as the error shows it; a damaged lock has none
    #[arg(value_name = "LOCK_ID")]
    pub id: Option<String>,
}

/// `status`
#[derive(Clone, Debug, Args)]
pub struct Status {
    /// One JSON document
    #[arg(long)]
    pub json: bool,
}

/// `version`
#[derive(Clone, Debug, Args)]
pub struct Version {
    /// One JSON document
    #[arg(long)]
    pub json: bool,
}

/// Arguments with two dashes where one was typed: `-out=x` becomes `--out=x`.
pub fn two_dashes(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut verbatim = false;
    args.into_iter()
        .enumerate()
        .map(|(i, arg)| {
            let text = arg.to_string_lossy().into_owned();
            verbatim |= text == "--";
            let name = text.strip_prefix('-').unwrap_or_default();
            let long = name.len() > 1
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && !name.chars().all(|c| c == 'v');
            if i > 0 && long && !verbatim { format!("--{name}").into() } else { arg }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(args: &[&str]) -> Vec<String> {
        two_dashes(args.iter().map(OsString::from))
            .into_iter()
            .map(|a| a.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        assert_eq!(
            fixed(&[
                "lifeboat", "-chdir=x", "plan", "-out=p", "--json", "-var", "a=-b", "-vv", "-"
            ]),
            ["lifeboat", "--chdir=x", "plan", "--out=p", "--json", "--var", "a=-b", "-vv", "-"]
        );
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
