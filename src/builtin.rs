//! The built-in provider `terraform`: `terraform_data`, which has no remote side.

use std::sync::{Arc, LazyLock};

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{DynData, DynKind, erase};
use lifeboat_sdk::provider::{Configured, Environment, Provider};
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Ctx, Failure, Kind, KnownDoc, Limits, Name, Observation,
    Outcome, Ownership, Present, Schema, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;

/// The name of the provider.
pub const NAME: &str = "terraform";

/// `terraform_data`: a value kept in state, that changes when its input does.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct TerraformData {
    /// A unique id, made when the object is created.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// Any value.
    pub input: Option<Value>,
    /// The input, once applied.
    #[kind(computed, volatile)]
    pub output: Option<Value>,
    /// A change of this value replaces the object.
    #[kind(forces_replacement)]
    pub triggers_replace: Option<Value>,
}

struct TerraformDataKind;

impl Kind for TerraformDataKind {
    type Object = TerraformData;
    const NAME: &'static str = "terraform_data";
    const SERVICE: Service = Service { name: NAME, home: None };
    const OWNERSHIP: Ownership = Ownership::StateOnly;

    /// Without an input there will be no output: what refers to it is known before apply.
    fn normalise(&self, document: &Value) -> Value {
        if document.get("input").is_none_or(Value::is_null) {
            return document.with("output", Value::null());
        }
        document.clone()
    }

    async fn read(
        &self,
        _ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<TerraformData>> {
        let as_stored = |target: &Target| {
            let stored = <TerraformData as lifeboat_sdk::Object>::decode(&target.hint)
                .map_err(|e| Failure::new(Class::Garbled, e.to_string()));
            match (stored, &target.id) {
                (Ok(mut object), id) => {
                    // Of what is imported the id is all there is.
                    let given = id.as_ref().map(ToString::to_string).unwrap_or_default();
                    let id = object.id.get_or_insert(given).clone();
                    Observation::Present(Present::new(id, object))
                }
                (Err(failure), _) => Observation::unreadable(scope, &failure),
            }
        };
        targets.iter().map(as_stored).collect()
    }

    async fn write(
        &self,
        _ctx: &Ctx,
        _scope: &Scope,
        changes: Vec<Change<TerraformData>>,
    ) -> Vec<Outcome<TerraformData>> {
        let done = |change: Change<TerraformData>| {
            let (id, after) = match change.action {
                ChangeAction::Delete { .. } => return Ok(None),
                ChangeAction::Create { after } => {
                    let id =
                        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, change.token.as_bytes());
                    (Name::from(id.to_string()), after)
                }
                ChangeAction::Update { id, after, .. } => (id, after),
            };
            let output = after.input.clone();
            let object = TerraformData { id: Some(id.to_string()), output, ..after };
            Ok(Some(Present::new(id, object)))
        };
        changes.into_iter().map(done).collect()
    }
}

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Builtin;

static EMPTY: LazyLock<Schema> =
    LazyLock::new(|| Schema { version: 0, doc: "Built in; takes no arguments.", attributes: &[] });

impl Provider for Builtin {
    fn name(&self) -> &'static str {
        NAME
    }
    fn source(&self) -> &'static str {
        "terraform.io/builtin/terraform"
    }
    fn schema(&self) -> &'static Schema {
        &EMPTY
    }
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        vec![erase(TerraformDataKind)]
    }
    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        Vec::new()
    }
    fn calls(&self) -> &'static [&'static Call] {
        &[]
    }
    fn configure(
        &self,
        _config: &KnownDoc,
        _environment: &Environment,
    ) -> Result<Arc<dyn Configured>, Failure> {
        Ok(Arc::new(Self))
    }
}

impl Configured for Builtin {
    fn kinds(&self) -> Vec<Arc<dyn DynKind>> {
        Provider::kinds(self)
    }
    fn data_sources(&self) -> Vec<Arc<dyn DynData>> {
        Vec::new()
    }
    fn default_region(&self) -> Option<Name> {
        None
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
    fn identity<'a>(
        &'a self,
        _ctx: &'a Ctx,
        _region: &'a str,
    ) -> BoxFuture<'a, Result<Name, Failure>> {
        Box::pin(async { Ok(Name::from("local")) })
    }
}
