//! What people type: commands and options, with one or two dashes as in Terraform.
//!
//! Options of a command that has more to say for itself stand in the command's own file.

mod changes;
mod files;
mod known;
mod options;
mod typed;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use changes::{Apply, Destroy, Drift, Editing, Import, Plan};
pub use files::{Console, Fmt, Graph, Init, Validate};
pub use known::{Completion, ForceUnlock, Man, Output, State, Status, Version};
pub(super) use options::PARALLELISM;
pub use options::{Locking, Planning, Telling, Values};
pub(in crate::cli) use typed::whole;
pub use typed::{as_typed, two_dashes, typed};

pub use super::adopt::{Adopt, Adopting};
pub use super::consent::{Consent, Naming, Terms, Word};
pub use super::fence::{Evacuate, Fence, Unfence};
pub use super::guard::options::Guard;
pub use super::loss::Since;
pub use super::preflight::Preflight;
pub use super::promote::{Failback, Promote};
pub use super::report::Report;
pub use super::retire::{Retire, Wanted as Retiring};
pub use super::simulate::Simulate;
pub use super::standing::Ahead;
pub use super::state::options::StateCommand;
pub use super::watch::options::Watch;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "lifeboat",
    version,
    about = "A plan/apply reconciler for disaster recovery",
    long_about = "Makes a topology live that HCL files (*.dr.hcl) declare: regions, replication,\n\
                  retention, DNS failover. `lifeboat plan` compares the files with what is live,\n\
                  `lifeboat apply` makes it so, `lifeboat drift` tells what changed outside.\n\
                  Options take one dash or two.",
    after_help = "Exit codes: 0 done or nothing to do, 1 an error, 2 changes (drift, and plan with\n\
                  -detailed-exitcode), 3 fmt -check found something to do, 4 applied in part,\n\
                  5 refused by a guard, 6 something could not be read. With -json failures are JSON on stdout too.",
    max_term_width = 80,
    disable_help_subcommand = false
)]
pub struct Cli {
    /// Work in another folder
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub chdir: Option<PathBuf>,
    /// Print without colour, as with the variable NO_COLOR
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_color: bool,
    /// Log to stderr: -v info, -vv debug, -vvv trace. The variable LIFEBOAT_LOG takes a filter,
    /// LIFEBOAT_LOG_PATH a file. No level logs what requests and answers hold
    #[arg(short, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the files and keep the state out of git
    Init(Init),
    /// Check the files without reading anything live
    Validate(Validate),
    /// Rewrite files in their canonical form
    Fmt(Fmt),
    /// Show what apply would change
    Plan(Plan),
    /// Make live what the files say
    Apply(Box<Apply>),
    /// Remove everything that the state holds
    Destroy(Destroy),
    /// Make another region the primary
    Promote(Promote),
    /// Make the region that the last promotion left the primary again, when it is time to
    Failback(Failback),
    /// Take over that people made another region the primary by hand, where all that is live agrees
    Adopt(Adopt),
    /// Keep writes out of a region, and let no other region take its place
    Fence(Fence),
    /// Let a region take writes again that is fenced by hand
    Unfence(Unfence),
    /// Take the traffic away from a region; the primary stays
    Evacuate(Evacuate),
    /// Delete what promotions left and is kept under another name, after a final snapshot
    Retire(Retire),
    /// Check what a promotion would need; changes nothing itself
    Preflight(Preflight),
    /// Play the loss of a region on what the state says; calls nobody and changes nothing
    Simulate(Simulate),
    /// Tell what changed outside of lifeboat; changes nothing itself
    Drift(Drift),
    /// Take an object that exists into the state; changes nothing live
    Import(Import),
    /// Show a saved plan or the state
    Show(super::show::Show),
    /// Show the outputs of the root module
    Output(Output),
    /// Look into the state, verify it, or change what it knows
    State(State),
    /// Break the lock of a run that is dead, or one that cannot be read
    ForceUnlock(ForceUnlock),
    /// Draw what needs what
    Graph(Graph),
    /// Evaluate expressions over the files, the variables and the state
    Console(Console),
    /// Ask whether a region may write: exit 0 if the role record of another says so, else 5
    Guard(Guard),
    /// Look at the primary from a standby, and tell people when it is silent; never promotes
    Watch(Watch),
    /// Show what the state holds on one page
    Status(Status),
    /// Tell the last promotion, or the open one: who wanted it, when, what it took, what proves it
    Report(Report),
    /// Print the script that completes commands and values in a shell
    Completion(Completion),
    /// Write the manual pages, for those who make packages
    #[command(hide = true)]
    Man(Man),
    /// Show the version
    Version(Version),
}

impl Command {
    /// Whether values may be asked for: `-input=false` forbids it.
    pub fn asks(&self) -> bool {
        let telling = match self {
            Self::Plan(args) => &args.planning.telling,
            Self::Apply(args) => &args.planning.telling,
            Self::Destroy(args) => &args.planning.telling,
            Self::Promote(args) => &args.how.planning.telling,
            Self::Failback(args) => &args.how.planning.telling,
            Self::Adopt(args) => &args.how.planning.telling,
            Self::Drift(args) => &args.planning.telling,
            Self::Fence(args) => &args.how.telling,
            Self::Unfence(args) => &args.how.telling,
            Self::Evacuate(args) => &args.how.telling,
            Self::Retire(args) => &args.telling,
            Self::Preflight(args) => return args.input != Some(false),
            Self::Simulate(args) => return args.input != Some(false),
            Self::Import(args) => return args.input != Some(false),
            _ => return false,
        };
        telling.may_ask()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
