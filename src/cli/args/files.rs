//! Commands on the files, which read nothing live: `init`, `validate`, `fmt`, `graph`, `console`.

use std::path::PathBuf;

use clap::Args;

use super::options::Values;
use crate::cli::graph::Type;
use crate::view::graph::Format;

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
