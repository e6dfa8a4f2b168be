//! What people type after `guard`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::args::Values;
use crate::topology::region::{Isolated, PREFIX};

/// `guard`
#[derive(Clone, Debug, Args)]
pub struct Guard {
    /// The region that asks
    #[arg(value_name = "REGION")]
    pub region: String,
    /// The topology, where there are no files: of its name, the account and each region the names of
    /// the records' buckets are made
    #[arg(long, value_name = "TOPOLOGY", requires = "account", requires = "regions")]
    pub topology: Option<String>,
    /// The AWS account of the regions
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// The regions that hold records, the witness among them
    #[arg(long, value_name = "REGION", value_delimiter = ',', requires = "topology")]
    pub regions: Vec<String>,
    /// The bucket of a region's record and what keys begin with there [default: lifeboat/]; may be
    /// repeated
    #[arg(long, value_name = "REGION=BUCKET[/PREFIX]")]
    pub bucket: Vec<RecordIn>,
    /// What to say where no other record can be read [default: stop, or what the region block says]
    #[arg(long, value_name = "ANSWER", value_parser = isolated())]
    pub on_isolated: Option<Isolated>,
    /// Print one JSON document, also where something fails
    #[arg(long)]
    pub json: bool,
    /// Values of variables.
    #[command(flatten)]
    pub values: Values,
}

/// Where the record of a region lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordIn {
    /// The region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What keys begin with.
    pub prefix: String,
}

impl std::str::FromStr for RecordIn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').filter(|(region, rest)| {
            !region.is_empty() && !rest.is_empty() && !rest.starts_with('/')
        });
        let (region, rest) = parts.ok_or("write it as us-east-1=platform-records/web/")?;
        let (bucket, prefix) = match rest.split_once('/') {
            Some((bucket, prefix)) => (bucket, prefix),
            None => (rest, PREFIX),
        };
        let (region, bucket, prefix) = (region.to_owned(), bucket.to_owned(), prefix.to_owned());
        Ok(Self { region, bucket, prefix })
    }
}

fn isolated() -> impl TypedValueParser<Value = Isolated> {
    PossibleValuesParser::new(Isolated::WORDS)
        .map(|word| Isolated::parse(&word).unwrap_or_default())
}
