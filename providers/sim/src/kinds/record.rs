//! `sim_record`: a name in a zone of a global service; the records of a zone change together.

use lifeboat_sdk::{
    Batch, Change, Ctx, Kind, Name, Observation, Outcome, Ownership, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use super::{text, unmade, unread};

/// `sim_record`: a name in a zone.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Record {
    /// The zone.
    #[kind(required, forces_replacement, identity)]
    pub zone: String,
    /// The name, in whatever case, with or without a dot at its end.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The type.
    #[kind(required, forces_replacement, rename = "type")]
    pub kind: String,
    /// How long answers may be kept, in seconds.
    #[kind(default = "300")]
    pub ttl: Option<i64>,
    /// What it answers.
    #[kind(required, set)]
    pub values: Vec<String>,
    /// The id: `ZONE_NAME_TYPE`.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The whole name.
    #[kind(computed)]
    pub fqdn: Option<String>,
}

/// The kind `sim_record`.
#[derive(Debug)]
pub struct RecordKind;

/// The name as the service keeps it.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

impl Kind for RecordKind {
    type Object = Record;
    const NAME: &'static str = "sim_record";
    const SERVICE: Service = Service { name: "simdns", home: Some("us-east-1") };
    const OWNERSHIP: Ownership = Ownership::Name;
    const BATCH: Option<Batch> =
        Some(Batch { key: "zone", parent: "", limit: 100, weight: 1, update_weight: 2 });

    fn id_of(&self, desired: &Value) -> Option<Name> {
        let zone = text(desired, "zone")?;
        let (name, kind) = (plain(text(desired, "name")?), text(desired, "type")?);
        Some(format!("{zone}_{name}_{kind}").into())
    }

    fn normalise(&self, document: &Value) -> Value {
        match text(document, "name") {
            Some(name) => document.with("name", Value::string(plain(name))),
            None => document.clone(),
        }
    }

    async fn read(
        &self,
        _ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<Record>> {
        unread(scope, targets.len())
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<Record>>,
    ) -> Vec<Outcome<Record>> {
        unmade(changes.len())
    }
}
