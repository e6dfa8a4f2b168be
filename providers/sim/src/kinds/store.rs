//! `sim_store`: a named store of data in a region, with tags, rules and a lock for good.

use std::collections::BTreeMap;

use lifeboat_sdk::{
    Change, Ctx, DataSource, Failure, Finding, Kind, Name, Observation, Outcome, Ownership, Path,
    Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

use super::{SIM, not_configured, text, unmade, unread};

/// `sim_store`: a store of data in one region.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Store {
    /// The name, unique in its region; also the id.
    #[kind(required, forces_replacement, identity)]
    pub name: String,
    /// The region; the provider's by default.
    #[kind(optional_computed, forces_replacement, identity)]
    pub region: Option<String>,
    /// The size in GiB.
    #[kind(default = "1")]
    pub size: Option<i64>,
    /// The class, in whatever case; the service chooses one if none is given.
    #[kind(optional_computed)]
    pub class: Option<String>,
    /// Whether it is locked: nothing unlocks it.
    #[kind(default = "false")]
    pub locked: Option<bool>,
    /// Whether it may be deleted with data in it.
    #[kind(default = "false")]
    pub force_destroy: Option<bool>,
    /// What happens to old data.
    #[kind(block)]
    pub rule: Vec<StoreRule>,
    /// Who may read it.
    #[kind(set)]
    pub readers: Vec<String>,
    /// A policy in JSON.
    #[kind(json)]
    pub policy: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: Option<BTreeMap<String, String>>,
    /// The id: the name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The ARN.
    #[kind(computed, identity)]
    pub arn: Option<String>,
    /// Where it is reached.
    #[kind(computed)]
    pub endpoint: Option<String>,
    /// Counts its changes.
    #[kind(computed, volatile)]
    pub version: Option<i64>,
}

/// One rule of a store.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct StoreRule {
    /// Its name.
    pub name: String,
    /// After how many days.
    pub days: i64,
    /// Its id.
    #[kind(computed)]
    pub rule_id: Option<String>,
}

/// The kind `sim_store`.
#[derive(Debug)]
pub struct StoreKind;

impl Kind for StoreKind {
    type Object = Store;
    const NAME: &'static str = "sim_store";
    const SERVICE: Service = SIM;
    const OWNERSHIP: Ownership = Ownership::Tags;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        text(desired, "name").map(Into::into)
    }

    fn normalise(&self, document: &Value) -> Value {
        let document = match document.get("tags").filter(|tags| !tags.is_null()) {
            Some(tags) => document.with("tags_all", tags.clone()),
            None => document.clone(),
        };
        match text(&document, "class") {
            Some(class) => document.with("class", Value::string(class.to_uppercase())),
            None => document,
        }
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let size = document.get("size").and_then(Value::as_i64);
        let wrong = size.filter(|size| *size < 1).map(|size| Finding {
            path: Path::attr("size"),
            summary: "a store has no room",
            detail: format!("The size is {size} GiB; a store holds at least 1."),
            help: "write `size = 1` or more".into(),
            warning: false,
        });
        wrong.into_iter().collect()
    }

    fn holds_data(&self, _document: &Value) -> bool {
        true
    }

    fn one_way_door(&self, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
        let locked = |document: Option<&Value>| {
            document.and_then(|d| d.get("locked")).and_then(Value::as_bool) == Some(true)
        };
        (!locked(before) && locked(after)).then(|| "a locked store is never unlocked".into())
    }

    async fn read(&self, _ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<Store>> {
        unread(scope, targets.len())
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<Store>>,
    ) -> Vec<Outcome<Store>> {
        unmade(changes.len())
    }
}

/// `sim_store`: a store that exists, found by its name.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct StoreQuery {
    /// The name.
    pub name: String,
    /// The region; the provider's by default.
    #[kind(optional_computed)]
    pub region: Option<String>,
    /// The id.
    #[kind(computed)]
    pub id: Option<String>,
    /// The ARN.
    #[kind(computed)]
    pub arn: Option<String>,
    /// The size in GiB.
    #[kind(computed)]
    pub size: Option<i64>,
    /// Tags with those of the provider.
    #[kind(computed)]
    pub tags_all: Option<BTreeMap<String, String>>,
}

/// The data source `sim_store`.
#[derive(Debug)]
pub struct StoreData;

impl DataSource for StoreData {
    type Object = StoreQuery;
    const NAME: &'static str = "sim_store";
    const SERVICE: Service = SIM;

    async fn read(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        _document: StoreQuery,
    ) -> Result<StoreQuery, Failure> {
        Err(not_configured())
    }
}
