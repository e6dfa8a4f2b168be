//! Planning as a whole with providers of a test's own: builds that lack a provider, and kinds of
//! which this build has none.

mod operated;
mod preflight;
mod records;
mod service;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{DynData, DynKind, erase};
use lifeboat_sdk::provider::{Configured, Environment, Provider};
use lifeboat_sdk::{
    Call, Ctx, Diagnostics, Failure, Interrupt, Kind, KnownDoc, Limits, Name, Schema,
};
use lifeboat_sdk_derive::Kind;
use lifeboat_state::model::State;
use tokio::sync::watch;

use super::files::Files;
use super::{Asked, Contexts, Loaded, Settings, load, planning};
use crate::builtin::Builtin;
use crate::event::Silent;
use crate::registry::Catalogue;

const TOPOLOGY: &str = r#"
topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"
}
region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }
bucket "exports" {
  name = { us-east-1 = "web-exports", us-west-2 = "web-exports-dr" }
}
"#;

/// A provider with one kind.
#[derive(Clone)]
struct Only {
    name: &'static str,
    kind: Arc<dyn DynKind>,
}

impl Only {
    fn of(name: &'static str, kind: impl Kind) -> Self {
        Self { name, kind: erase(kind) }
    }
}

/// Its configuration.
#[derive(Clone, Debug, PartialEq, Kind)]
struct Config {
    /// The region of what names none.
    #[kind(optional)]
    region: Option<String>,
}

impl Provider for Only {
    fn name(&self) -> &'static str {
        self.name
    }
    fn source(&self) -> &'static str {
        "example.com/a/a"
    }
    fn schema(&self) -> &'static Schema {
        <Config as lifeboat_sdk::Object>::SCHEMA
    }
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        vec![self.kind.clone()]
    }
    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        Vec::new()
    }
    fn calls(&self) -> &'static [&'static Call] {
        &[]
    }
    fn configure(&self, _: &KnownDoc, _: &Environment) -> Result<Arc<dyn Configured>, Failure> {
        Ok(Arc::new(self.clone()))
    }
}

impl Configured for Only {
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        vec![self.kind.clone()]
    }
    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        Vec::new()
    }
    fn default_region(&self) -> Option<Name> {
        Some("us-east-1".into())
    }
    fn default_tags(&self) -> Vec<(Name, Name)> {
        Vec::new()
    }
    fn limits(&self) -> Limits {
        Limits::default()
    }
    fn allowed_accounts(&self) -> Vec<Name> {
        Vec::new()
    }
    fn identity<'a>(&'a self, _: &'a Ctx, _: &'a str) -> BoxFuture<'a, Result<Name, Failure>> {
        Box::pin(std::future::ready(Ok("123456789012".into())))
    }
}

/// What a build with nothing but `terraform_data` says of the files.
async fn planned(text: &str) -> Diagnostics {
    planned_by(Catalogue::of(vec![Arc::new(Builtin)]), text, None, &Asked::default(), &[])
        .await
        .diagnostics
}

/// What a build with these providers makes of the files and a state, in regions of which some are
/// down.
async fn planned_by(
    catalogue: Catalogue,
    text: &str,
    state: Option<&State>,
    asked: &Asked,
    down: &[&str],
) -> planning::Made {
    let (loaded, settings, contexts) = loaded_by(catalogue, text, down);
    let (_run, interrupt) = watch::channel(Interrupt::default());
    planning::plan(&loaded, &settings, &contexts, state, asked, &Silent, interrupt).await
}

/// The files, and what planning them takes.
fn loaded_by(catalogue: Catalogue, text: &str, down: &[&str]) -> (Loaded, Settings, Contexts) {
    let folder = PathBuf::from("nowhere");
    let files = BTreeMap::from([("main.dr.hcl".to_owned(), text.as_bytes().to_vec())]);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let files = Arc::new(Files::stored(files, &folder));
    let contexts = Contexts { files, now, settled: false, seed: 0 };
    let settings = Settings {
        root: folder,
        variables: Vec::new(),
        environment: BTreeMap::new(),
        now,
        assume_down: down.iter().map(|region| lifeboat_sdk::Down::whole(*region)).collect(),
        parallelism: 1,
        seed: 0,
    };
    let (loaded, problems) =
        contexts.with(|context| load::load(&settings, catalogue, &*contexts.files, context));
    assert!(!problems.has_errors(), "{problems:?}");
    (loaded, settings, contexts)
}

#[tokio::test]
async fn a_block_whose_provider_the_build_lacks_is_shown_where_it_is() {
    let problems = planned(TOPOLOGY).await;
    let codes: Vec<&str> = problems.0.iter().map(|problem| problem.code).collect();
    assert!(codes.iter().all(|code| *code == "plan::kind_missing"), "{problems:?}");
    let first = problems.0.first().unwrap();
    assert!(first.detail.contains("bucket.exports.aws_s3_bucket"), "{first:?}");
    assert!(first.span.is_some() && first.help.is_some(), "{first:?}");
}

/// A phase that is not known would leave its hook out in silence.
#[test]
fn hooks_name_the_phases_that_promotions_have() {
    let phases = crate::plan::Phase::ALL.into_iter().filter(|p| *p != crate::plan::Phase::Change);
    let words: Vec<&str> = phases.map(crate::plan::Phase::word).collect();
    assert_eq!(crate::topology::hook::PHASES[..], words);
}
