//! What the tests share: a place, contexts, changes and documents.

use std::sync::Arc;

use lifeboat_contract::{Place, document, plan};
use lifeboat_sdk::context::IdentifiedSink;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{ChangeAction, DynKind};
use lifeboat_sdk::session::{Purpose, Session};
use lifeboat_sdk::value::json::from_json;
use lifeboat_sdk::{
    Change, Ctx, Failure, KnownDoc, Observation, Outcome, Owner, Path, Present, Scope, Target,
    Value,
};
use lifeboat_sim::{SimCloud, SimProvider};

pub(crate) struct NoJournal;

impl IdentifiedSink for NoJournal {
    fn identified<'a>(
        &'a self,
        _address: &'a str,
        _id: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

pub(crate) const ACCOUNT: &str = "123456789012";

pub(crate) fn place() -> Place {
    Place { provider: "sim".into(), account: ACCOUNT.into(), region: "us-east-1".into() }
}

pub(crate) fn applying() -> Ctx {
    Ctx::writing(Arc::new(Session::new(Purpose::Apply)), Arc::new(NoJournal))
}

pub(crate) fn refreshing() -> Ctx {
    Ctx::read_only(Arc::new(Session::new(Purpose::Refresh)))
}

/// A kind of the provider `sim` and the document of a configuration, unknowns as null.
pub(crate) struct Thing {
    pub(crate) kind: Arc<dyn DynKind>,
    pub(crate) document: Value,
    pub(crate) scope: Scope,
    pub(crate) address: String,
}

impl Thing {
    pub(crate) fn new(cloud: &SimCloud, kind: &str, config: &str) -> Self {
        Self::of(SimProvider::new(cloud).kind(kind).unwrap(), config)
    }

    pub(crate) fn of(kind: Arc<dyn DynKind>, config: &str) -> Self {
        let config = from_json(config, None).unwrap();
        let config = document(kind.schema().attributes, &config).unwrap();
        let planned = plan(&*kind, &config, None).unwrap().after;
        let known = planned.transform(&Path::root(), &mut |_, value| {
            value.is_unknown().then(|| Value::Null(value.ty()))
        });
        let scope = place().scope(&*kind, &known);
        let address = format!("{}.it", kind.name());
        Self { kind, document: known, scope, address }
    }

    fn change(&self, action: ChangeAction<KnownDoc>) -> Change<KnownDoc> {
        Change {
            address: self.address.as_str().into(),
            token: format!("token of {:?}", self.document).into(),
            owner: Some(Owner { topology: "test".into(), address: self.address.as_str().into() }),
            action,
        }
    }

    pub(crate) fn creation(&self) -> Change<KnownDoc> {
        self.change(ChangeAction::Create { after: KnownDoc::new(&self.document).unwrap() })
    }

    async fn write(&self, ctx: &Ctx, action: ChangeAction<KnownDoc>) -> Outcome<Value> {
        self.kind.write(ctx, &self.scope, vec![self.change(action)]).await.remove(0)
    }

    pub(crate) async fn create(&self, ctx: &Ctx) -> Outcome<Value> {
        self.kind.write(ctx, &self.scope, vec![self.creation()]).await.remove(0)
    }

    pub(crate) async fn created(&self) -> Present<Value> {
        self.create(&applying()).await.unwrap().unwrap()
    }

    pub(crate) async fn update(
        &self,
        ctx: &Ctx,
        now: &Present<Value>,
        after: &Value,
    ) -> Outcome<Value> {
        let action = ChangeAction::Update {
            id: now.id.clone(),
            before: KnownDoc::new(&now.object).unwrap(),
            after: KnownDoc::new(after).unwrap(),
        };
        self.write(ctx, action).await
    }

    pub(crate) async fn delete(&self, ctx: &Ctx, now: &Present<Value>) -> Outcome<Value> {
        let before = KnownDoc::new(&now.object).unwrap();
        self.write(ctx, ChangeAction::Delete { id: now.id.clone(), before }).await
    }

    pub(crate) async fn read(&self, ctx: &Ctx, id: Option<&str>) -> Observation<Value> {
        let target = Target {
            address: self.address.as_str().into(),
            id: id.map(Into::into),
            hint: self.document.clone(),
        };
        self.kind.read(ctx, &self.scope, &[target]).await.remove(0)
    }
}
