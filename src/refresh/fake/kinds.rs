//! The kinds of the cloud: with tags, part of a parent, batched, and a data source.

use lifeboat_sdk::kind::{DecodeError, Kind};
use lifeboat_sdk::{
    Attribute, Batch, Call, Change, ChangeAction, Class, Ctx, DataSource, Failure, Inventory, Name,
    Object, Observation, Outcome, Ownership, Presence, Present, Proof, Schema, Scope, Service,
    Shape, Target, Value, WriteFailure,
};

use super::{Cloud, Fault, Live, alive};

pub(crate) const THING: &str = "a_thing";
pub(crate) const PART: &str = "a_part";
pub(crate) const ROW: &str = "a_row";
pub(crate) const DATA: &str = "a_clock";

pub(super) static WHO: Call = Call::read("fake", "Who", "fake:Who");
static READ: Call = Call::read("fake", "Read", "fake:Read");
static WRITE: Call = Call::write("fake", "Write", "fake:Write");
const SERVICE: Service = Service { name: "fake", home: None };

const fn attribute(name: &'static str, presence: Presence, shape: Shape) -> Attribute {
    Attribute { name, presence, shape, ..Attribute::PLAIN }
}

static SCHEMA: Schema = Schema {
    version: 3,
    doc: "",
    attributes: &[
        Attribute { identity: true, ..attribute("id", Presence::Computed, Shape::String) },
        Attribute {
            forces_replacement: true,
            ..attribute("name", Presence::Required, Shape::String)
        },
        attribute("region", Presence::Optional, Shape::String),
        attribute("size", Presence::Optional, Shape::Number),
        attribute("zone", Presence::Optional, Shape::String),
        attribute("input", Presence::Optional, Shape::String),
        Attribute { json: true, ..attribute("policy", Presence::Optional, Shape::String) },
        Attribute { volatile: true, ..attribute("etag", Presence::Computed, Shape::String) },
        Attribute { role: true, ..attribute("writable", Presence::Optional, Shape::Bool) },
    ],
};

macro_rules! document {
    ($name:ident) => {
        #[derive(Clone)]
        pub(crate) struct $name(Value);
        impl Object for $name {
            const SCHEMA: &'static Schema = &SCHEMA;
            fn decode(document: &Value) -> Result<Self, DecodeError> {
                assert!(document.is_wholly_known(), "a kind sees no unknown");
                Ok(Self(document.clone()))
            }
            fn encode(&self) -> Value {
                Value::object(SCHEMA.attributes.iter().map(|a| {
                    let value = self.0.get(a.name).cloned();
                    (a.name.into(), value.unwrap_or(Value::Null(a.shape.ty())))
                }))
            }
        }
    };
}
document!(Doc);

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The id that an object of this configuration has where its name is its id.
fn path_of(document: &Value) -> String {
    match (text(document, "zone"), text(document, "name")) {
        (zone, name) if zone.is_empty() => name,
        (zone, name) => format!("{zone}/{name}"),
    }
}

/// How ids of a kind are found: by tags, or from the configuration.
#[derive(Clone, Copy, PartialEq)]
enum Ids {
    MadeUp,
    FromName,
}

/// What lies in a region and carries tags; `list KIND` and `tags ID` are the calls that can fail.
async fn inventory(
    cloud: &Cloud,
    kind: &'static str,
    ctx: &Ctx,
    scope: &Scope,
) -> Result<Inventory, Failure> {
    let home = scope.location.region().to_string();
    let failed = |call: String| match cloud.fault(&call) {
        Some(Fault::Answer(class)) => Err(Failure::new(class, "no")),
        _ => Ok(()),
    };
    let list = || async {
        alive(cloud, scope).await?;
        failed(format!("list {kind}"))
    };
    ctx.call(&READ, scope, list).await?;
    let inner = cloud.lock().objects.clone();
    let here = inner
        .into_iter()
        .filter(|((of, _), live)| *of == kind && text(&live.document, "region") == home);
    Ok(Inventory::of(here.map(|((_, id), live)| {
        let owner = failed(format!("tags {id}")).map(|()| live.owner);
        (id.into(), owner)
    })))
}

async fn read(
    cloud: &Cloud,
    kind: &'static str,
    ids: Ids,
    ctx: &Ctx,
    scope: &Scope,
    targets: &[Target],
) -> Vec<Observation<Doc>> {
    let mut out = Vec::new();
    for target in targets {
        let result = ctx
            .call(&READ, scope, || async {
                alive(cloud, scope).await?;
                let call = format!("read {}", target.address);
                if let Some(Fault::Answer(class)) = cloud.fault(&call) {
                    return Err(Failure::new(class, "no"));
                }
                *cloud.lock().reads.entry(target.address.to_string()).or_default() += 1;
                let missing = Failure::new(Class::NotFound, "no such thing").code("NoSuchThing");
                find(cloud, kind, ids, target).ok_or(missing)
            })
            .await;
        out.push(match result {
            Ok(present) => Observation::Present(present),
            Err(failure) => Observation::from_failure(scope, failure),
        });
    }
    let swallow = cloud.lock().swallow;
    out.truncate(out.len().saturating_sub(swallow));
    out
}

fn find(cloud: &Cloud, kind: &'static str, ids: Ids, target: &Target) -> Option<Present<Doc>> {
    let inner = cloud.lock();
    let id = match (&target.id, ids) {
        (Some(id), _) => Some(id.to_string()),
        (None, Ids::FromName) => Some(path_of(&target.hint)),
        (None, Ids::MadeUp) => {
            // Of several with these tags the one that is meant.
            let ours =
                |live: &Live| live.owner.as_ref().is_some_and(|o| o.address == target.address);
            let found = inner.objects.iter().filter(|((k, _), live)| *k == kind && ours(live));
            let meant = |live: &Live| text(&live.document, "name") == text(&target.hint, "name");
            found.max_by_key(|(_, live)| meant(live)).map(|((_, id), _)| id.clone())
        }
    };
    let id = id?;
    let live = inner.objects.get(&(kind, id.clone()))?.clone();
    Some(Present { owner: live.owner, ..Present::new(id, Doc(live.document)) })
}

async fn write(
    cloud: &Cloud,
    kind: &'static str,
    ids: Ids,
    ctx: &Ctx,
    scope: &Scope,
    change: Change<Doc>,
) -> Outcome<Doc> {
    let call = format!("{} {}", verb(&change.action), change.address);
    let fault = cloud.fault(&call);
    let result = ctx
        .call(&WRITE, scope, || async {
            alive(cloud, scope).await?;
            if let Some(Fault::Answer(class)) = &fault {
                return Err(Failure::new(*class, "no"));
            }
            // The request is on its way, then the answer: a process may die before or between.
            tokio::task::yield_now().await;
            let made = act(cloud, kind, ids, &change, &fault);
            let made = made.map_err(|class| Failure::new(class, "there is one already"));
            tokio::task::yield_now().await;
            match &fault {
                Some(Fault::LostReply) => Err(Failure::new(Class::Unreachable, "lost")),
                Some(Fault::Wait(notify)) => {
                    notify.notified().await;
                    made
                }
                _ => made,
            }
        })
        .await?;
    let Some(present) = result else { return Ok(None) };
    if matches!(change.action, ChangeAction::Create { .. }) {
        ctx.identified(&change.address, &present.id).await?;
    }
    if let Some(Fault::HalfMade) = fault {
        let failure = Failure::new(Class::Other, "the tags were refused");
        return Err(WriteFailure { failure, half_made: Some(present) });
    }
    if let Some(Fault::SlowReady) = fault {
        ctx.wait(std::time::Duration::from_secs(3600)).await?;
    }
    Ok(Some(present))
}

fn verb(action: &ChangeAction<Doc>) -> &'static str {
    match action {
        ChangeAction::Create { .. } => "create",
        ChangeAction::Update { .. } => "update",
        ChangeAction::Delete { .. } => "delete",
    }
}

fn act(
    cloud: &Cloud,
    kind: &'static str,
    ids: Ids,
    change: &Change<Doc>,
    fault: &Option<Fault>,
) -> Result<Option<Present<Doc>>, Class> {
    let mut inner = cloud.lock();
    inner.ledger.push(format!("{} {}", verb(&change.action), change.address));
    let (id, after) = match &change.action {
        ChangeAction::Create { after } => {
            let id = match ids {
                Ids::MadeUp => format!("{kind}-{}", inner.next + 1),
                Ids::FromName => path_of(&after.0),
            };
            // The same token again means the same object.
            let made = inner.tokens.get(&change.token).cloned();
            if let Some(live) = made.as_ref().and_then(|id| inner.objects.get(&(kind, id.clone())))
            {
                let id = made.clone().unwrap_or_default();
                let owner = live.owner.clone();
                return Ok(Some(Present { owner, ..Present::new(id, Doc(live.document.clone())) }));
            }
            inner.next += 1;
            if ids == Ids::MadeUp {
                inner.tokens.insert(change.token.clone(), id.clone());
            }
            if inner.objects.contains_key(&(kind, id.clone())) {
                return Err(Class::Exists);
            }
            (id, after)
        }
        ChangeAction::Update { id, after, .. } => (id.to_string(), after),
        ChangeAction::Delete { id, .. } => {
            inner.objects.remove(&(kind, id.to_string()));
            return Ok(None);
        }
    };
    let mut document = after.encode().with("id", Value::string(id.as_str()));
    if let Some(Fault::Inconsistent) = fault {
        document = document.with("size", Value::int(-1));
    }
    let owner = change.owner.clone();
    if let Some(Fault::Vain) = fault {
        return Ok(Some(Present { owner, ..Present::new(id, Doc(document)) }));
    }
    inner
        .objects
        .insert((kind, id.clone()), Live { document: document.clone(), owner: owner.clone() });
    Ok(Some(Present { owner, ..Present::new(id, Doc(document)) }))
}

macro_rules! kind {
    ($name:ident, $kind:ident, $ids:expr, $ownership:expr, $batch:expr) => {
        pub(crate) struct $name(pub(crate) Cloud);
        impl Kind for $name {
            type Object = Doc;
            const NAME: &'static str = $kind;
            const SERVICE: Service = SERVICE;
            const OWNERSHIP: Ownership = $ownership;
            const BATCH: Option<Batch> = $batch;
            fn id_of(&self, desired: &Value) -> Option<Name> {
                ($ids == Ids::FromName).then(|| path_of(desired).into())
            }
            async fn read(
                &self,
                ctx: &Ctx,
                scope: &Scope,
                targets: &[Target],
            ) -> Vec<Observation<Doc>> {
                read(&self.0, $kind, $ids, ctx, scope, targets).await
            }
            async fn inventory(
                &self,
                ctx: &Ctx,
                scope: &Scope,
            ) -> Result<Option<Inventory>, Failure> {
                if $ownership != Ownership::Tags {
                    return Ok(None);
                }
                inventory(&self.0, $kind, ctx, scope).await.map(Some)
            }
            async fn write(
                &self,
                ctx: &Ctx,
                scope: &Scope,
                changes: Vec<Change<Doc>>,
            ) -> Vec<Outcome<Doc>> {
                let mut out = Vec::new();
                for change in changes {
                    out.push(write(&self.0, $kind, $ids, ctx, scope, change).await);
                }
                out
            }
        }
    };
}
const ROWS: Batch =
    Batch { key: "zone", parent: "a_zone", limit: 100, weight: 1, update_weight: 2 };
kind!(Things, THING, Ids::MadeUp, Ownership::Tags, None);
kind!(Parts, PART, Ids::FromName, Ownership::Parent, None);
kind!(Rows, ROW, Ids::FromName, Ownership::Name, Some(ROWS));

/// A data source that answers the time.
pub(crate) struct Now(pub(crate) Cloud);

impl DataSource for Now {
    type Object = Doc;
    const NAME: &'static str = DATA;
    const SERVICE: Service = SERVICE;
    async fn read(&self, ctx: &Ctx, scope: &Scope, document: Doc) -> Result<Doc, Failure> {
        ctx.call(&READ, scope, || async {
            alive(&self.0, scope).await?;
            Ok(Doc(document.0.with("id", Value::string("now"))))
        })
        .await
    }
}

/// The proof that nothing is there.
pub(crate) fn proof() -> Proof {
    let missing = Failure::new(Class::NotFound, "").code("NoSuchThing");
    Proof::from_failure(missing).unwrap()
}
