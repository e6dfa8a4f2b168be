//! Commands that compare the files with what is live: `plan`, `apply`, `destroy`, `import`, `drift`.

use std::path::PathBuf;

use clap::Args;
use lifeboat_sdk::Name;

use super::options::{Locking, Planning, Values};
use super::{Adopting, Ahead, Consent, Naming, Retiring};
use crate::address::Address;
use crate::cli::abort::GivesUp;
use crate::cli::drift::Wanted;
use crate::engine::edit::Edit;
use crate::plan::{ByHand, Wish};

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
    /// Whether it goes on after a promotion of the same command.
    #[arg(skip)]
    pub follows: bool,
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
