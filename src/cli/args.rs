//! What people type: commands and options, with one or two dashes as in Terraform.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use lifeboat_sdk::Name;

use super::abort::GivesUp;
use super::completion::Shell;
use super::drift::Wanted;
use super::graph::Type;
use crate::address::Address;
use crate::engine::edit::Edit;
use crate::plan::{ByHand, Wish};
use crate::view::graph::Format;

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
        let planning = match self {
            Self::Plan(args) => &args.planning,
            Self::Apply(args) => &args.planning,
            Self::Destroy(args) => &args.planning,
            Self::Promote(args) => &args.how.planning,
            Self::Failback(args) => &args.how.planning,
            Self::Adopt(args) => &args.how.planning,
            Self::Drift(args) => &args.planning,
            Self::Fence(args) => return args.how.input != Some(false),
            Self::Unfence(args) => return args.how.input != Some(false),
            Self::Evacuate(args) => return args.how.input != Some(false),
            Self::Retire(args) => return args.input != Some(false),
            Self::Preflight(args) => return args.input != Some(false),
            Self::Simulate(args) => return args.input != Some(false),
            Self::Import(args) => return args.input != Some(false),
            _ => return false,
        };
        planning.input != Some(false)
    }
}

/// Steps at the same time, where nothing is said (design.md, section 12).
pub(super) const PARALLELISM: usize = 64;

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
    /// Treat a region as unreachable without asking it; may be repeated
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
    /// Print a JSON object per line, also where something fails
    #[arg(long)]
    pub json: bool,
    /// With false, fail where an approval would be asked for
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
    /// Wait so long for the lock of another run: 30s, 5m
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: String,
}

/// `init`
#[derive(Clone, Debug, Args)]
pub struct Init {
    /// Fill an empty folder from the bundle beside this region's role record: files, state and an
    /// open promotion. Credentials and endpoints are those of the environment
    #[arg(long, value_name = "REGION")]
    pub from_region: Option<String>,
    /// The topology, of whose name, account and region the name of the record's bucket is made
    #[arg(long, value_name = "TOPOLOGY", requires = "from_region", conflicts_with = "bucket")]
    pub topology: Option<String>,
    /// The AWS account of the region
    #[arg(long, value_name = "ACCOUNT", requires = "from_region")]
    pub account: Option<String>,
    /// The bucket of the record, where the region block names one
    #[arg(long, value_name = "BUCKET", requires = "from_region")]
    pub bucket: Option<String>,
    /// What keys begin with in that bucket [default: lifeboat/]
    #[arg(long, value_name = "PREFIX", requires = "bucket")]
    pub prefix: Option<String>,
    /// Accepted for Terraform's sake: init asks nothing
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub input: Option<bool>,
    /// Print a JSON object per line, also where something fails
    #[arg(long)]
    pub json: bool,
}

/// `validate`
#[derive(Clone, Debug, Args)]
pub struct Validate {
    /// Values of variables.
    #[command(flatten)]
    pub values: Values,
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
}

/// `fmt`
#[derive(Clone, Debug, Args)]
pub struct Fmt {
    /// Name the files that were not in their canonical form [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub list: Option<bool>,
    /// Rewrite those files [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub write: Option<bool>,
    /// Show what changes in them
    #[arg(long)]
    pub diff: bool,
    /// Rewrite nothing, and exit 3 if there is something to rewrite
    #[arg(long)]
    pub check: bool,
    /// Go into the folders in folders, too
    #[arg(long)]
    pub recursive: bool,
    /// Files *.dr.hcl and *.drvars.hcl, or folders of them; without any, the current folder. A
    /// single - takes the standard input to the standard output
    #[arg(value_name = "TARGET")]
    pub targets: Vec<PathBuf>,
}

/// `plan`
#[derive(Clone, Debug, Args)]
pub struct Plan {
    /// How to plan.
    #[command(flatten)]
    pub planning: Planning,
    /// Plan to remove everything that the state holds
    #[arg(long)]
    pub destroy: bool,
    /// Save the plan for `lifeboat apply FILE`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Which promotion is meant.
    #[command(flatten)]
    pub naming: Naming,
    /// A promotion that is planned ahead.
    #[command(flatten)]
    pub ahead: Ahead,
    /// Exit 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Write the blocks that `import` blocks lack to this new *.dr.hcl of the root module, from
    /// what is live, and plan with them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["destroy", "refresh_only"])]
    pub generate_config_out: Option<PathBuf>,
}

/// `apply`
#[derive(Clone, Debug, Default, Args)]
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
    /// Remove everything that the state holds
    #[arg(long)]
    pub destroy: bool,
    /// Copy to the primary what only this region holds, where the primary has nothing under the key
    #[arg(long, value_name = "REGION", conflicts_with_all = ["destroy", "plan", "discard_diverged"])]
    pub copy_diverged: Option<String>,
    /// Give up what only this region holds, and let it follow: `lifeboat status` tells what it is
    #[arg(long, value_name = "REGION", conflicts_with_all = ["destroy", "plan"])]
    pub discard_diverged: Option<String>,
    /// A plan that `lifeboat plan -out=PLAN` has saved; without one, plan now
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// What `import` takes in: it is an apply of one object, of which nothing is changed.
    #[arg(skip)]
    pub import: Option<(Address, Name)>,
    /// Whether it is a `failback`.
    #[arg(skip)]
    pub failback: bool,
    /// What `promote` writes into the files.
    #[arg(skip)]
    pub edit: Option<Editing>,
    /// Whether it comes in the place of a run of the same command that was given up.
    #[arg(skip)]
    pub instead: bool,
    /// What `adopt` takes over.
    #[arg(skip)]
    pub adopt: Option<Adopting>,
    /// How much of a promotion was done by hand before.
    #[arg(skip)]
    pub by_hand: Option<ByHand>,
    /// What `fence` and `unfence` want, and nothing else.
    #[arg(skip)]
    pub fencing: Option<Wish>,
    /// What `retire` deletes, and nothing else.
    #[arg(skip)]
    pub retire: Option<Retiring>,
    /// How the open promotion is given up.
    #[arg(skip)]
    pub gives_up: Option<GivesUp>,
}

/// The files with another primary.
#[derive(Clone, Debug)]
pub struct Editing {
    /// What is written.
    pub edit: Edit,
    /// Whether it is, or is only planned with.
    pub keep: bool,
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

/// `import`
#[derive(Clone, Debug, Args)]
pub struct Import {
    /// Values of variables.
    #[command(flatten)]
    pub values: Values,
    /// The lock.
    #[command(flatten)]
    pub locking: Locking,
    /// With false, fail where the value of a variable would be asked for
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub input: Option<bool>,
    /// Print a JSON object per line, also where something fails
    #[arg(long)]
    pub json: bool,
    /// The address that the files give it: its block must be there
    #[arg(value_name = "ADDRESS")]
    pub address: String,
    /// What the provider calls the object, such as the name of a bucket; with @REGION it says where
    #[arg(value_name = "ID")]
    pub id: String,
}

/// `drift`
#[derive(Clone, Debug, Args)]
pub struct Drift {
    /// How to plan.
    #[command(flatten)]
    pub planning: Planning,
    /// Report as text, json, junit, sarif, markdown or github (workflow commands), to a file where
    /// one is named; may be repeated, so that one look makes several reports [default: text]
    #[arg(long, value_name = "FORMAT[=FILE]", conflicts_with = "json")]
    pub format: Vec<Wanted>,
    /// Look for objects, too, that carry the tags of this topology and are in no state; that costs
    /// a call or more for each object of the account that can have tags
    #[arg(long, conflicts_with_all = ["target", "exclude"])]
    pub unmanaged: bool,
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

/// `graph`
#[derive(Clone, Debug, Args)]
pub struct Graph {
    /// Values of variables.
    #[command(flatten)]
    pub values: Values,
    /// What to draw; without it the resources of the files, and what they need of each other
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<Type>,
    /// Draw the steps of a plan that `lifeboat plan -out=PLAN` has saved, by region
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// Draw references that form a cycle, in red, with -type=plan
    #[arg(long)]
    pub draw_cycles: bool,
    /// How to draw it [default: dot]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// `console`
#[derive(Clone, Debug, Args)]
pub struct Console {
    /// Values of variables.
    #[command(flatten)]
    pub values: Values,
    /// Print a JSON object per answer, also where something fails
    #[arg(long)]
    pub json: bool,
}

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

/// A whole number.
pub(in crate::cli) fn whole<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "it is not a whole number such as 1".to_owned())
}

/// The values of an option in a command line that cannot be parsed.
pub fn typed<'w>(words: &'w [impl AsRef<str>], option: &str) -> Vec<&'w str> {
    let next = words.iter().skip(1).map(|word| Some(word.as_ref())).chain([None]);
    let value = |(word, next): (&'w str, Option<&'w str>)| {
        let rest = word.strip_prefix(option)?;
        if rest.is_empty() { next } else { rest.strip_prefix('=') }
    };
    words.iter().map(AsRef::as_ref).zip(next).filter_map(value).collect()
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

/// What the parser says, with one dash where people typed options so: it knows only two.
pub fn as_typed(text: &str, args: &[OsString]) -> String {
    let option = |arg: &OsString, dashes: &str| {
        let name = arg.to_string_lossy().strip_prefix(dashes).map(str::to_owned);
        name.is_some_and(|n| n.len() > 1 && n.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    if !args.iter().any(|a| option(a, "-")) || args.iter().any(|a| option(a, "--")) {
        return text.to_owned();
    }
    let mut parts = text.split("--");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let inside = out.ends_with(|c: char| c.is_ascii_alphanumeric());
        let name = part.starts_with(|c: char| c.is_ascii_alphabetic());
        out.push_str(if name && !inside { "-" } else { "--" });
        out.push_str(part);
    }
    out
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
    fn what_was_typed_with_one_dash_is_said_with_one() {
        let said = "'--bogus' found, '-- --bogus', 'a--b'";
        let args = |option: &str| [OsString::from("lifeboat"), option.into()];
        assert_eq!(as_typed(said, &args("-bogus")), "'-bogus' found, '-- -bogus', 'a--b'");
        assert_eq!(as_typed(said, &args("--bogus")), said);
        assert_eq!(as_typed(said, &args("plan")), said);
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
