//! Kinds and data sources as the engine sees them: what is typed for its author is decoded before and
//! encoded after each call.

use std::sync::Arc;
use std::time::Duration;

use crate::backfill::{Backfill, Backfilled};
use crate::command::Line;
use crate::context::Ctx;
use crate::failure::{Class, Failure};
use crate::future::BoxFuture;
use crate::inventory::Inventory;
use crate::kind::{
    Batch, Change, ChangeAction, DataSource, DynData, DynKind, Finding, Kind, Object, Outcome,
    Ownership, RoleContext, RolePlan, Service, Target, WriteFailure,
};
use crate::observation::{Observation, Present};
use crate::schema::Schema;
use crate::scope::Scope;
use crate::sync::{CopyOf, Synced};
use crate::value::{KnownDoc, Name, Value};

/// Turns a kind into what the engine works with.
pub fn erase<K: Kind>(kind: K) -> Arc<dyn DynKind> {
    Arc::new(Erased(kind))
}

/// Turns a data source into what the engine works with.
pub fn erase_data<D: DataSource>(data: D) -> Arc<dyn DynData> {
    Arc::new(Erased(data))
}

struct Erased<K>(K);

fn decode_action<O: Object>(action: ChangeAction<KnownDoc>) -> Result<ChangeAction<O>, Failure> {
    let decode = |doc: &KnownDoc| {
        O::decode(doc.value()).map_err(|e| Failure::new(Class::Invalid, e.to_string()))
    };
    Ok(match action {
        ChangeAction::Create { after } => ChangeAction::Create { after: decode(&after)? },
        ChangeAction::Update { id, before, after } => {
            ChangeAction::Update { id, before: decode(&before)?, after: decode(&after)? }
        }
        ChangeAction::Delete { id, before } => {
            ChangeAction::Delete { id, before: decode(&before)? }
        }
    })
}

fn decode_change<O: Object>(change: Change<KnownDoc>) -> Result<Change<O>, Failure> {
    let Change { address, token, owner, action } = change;
    Ok(Change { address, token, owner, action: decode_action(action)? })
}

fn encode_outcome<O: Object>(outcome: Outcome<O>) -> Outcome<Value> {
    let encode = |present: Present<O>| present.map(|o| o.encode());
    match outcome {
        Ok(present) => Ok(present.map(encode)),
        Err(WriteFailure { failure, half_made }) => {
            Err(WriteFailure { failure, half_made: half_made.map(encode) })
        }
    }
}

impl<K: Kind> DynKind for Erased<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }
    fn schema(&self) -> &'static Schema {
        K::Object::SCHEMA
    }
    fn service(&self) -> Service {
        K::SERVICE
    }
    fn ownership(&self) -> Ownership {
        K::OWNERSHIP
    }
    fn batch(&self) -> Option<Batch> {
        K::BATCH
    }
    fn longest(&self) -> Option<Duration> {
        K::LONGEST
    }
    fn anywhere(&self) -> bool {
        K::ANYWHERE
    }
    fn within(&self) -> &'static str {
        K::WITHIN
    }
    fn doubts(&self, live: &Value, planned: &Value) -> Vec<Finding> {
        self.0.doubts(live, planned)
    }
    fn id_of(&self, desired: &Value) -> Option<Name> {
        self.0.id_of(desired)
    }
    fn normalise(&self, document: &Value) -> Value {
        self.0.normalise(document)
    }
    fn validate(&self, document: &Value) -> Vec<Finding> {
        self.0.validate(document)
    }
    fn takes_over(&self, desired: &Value) -> bool {
        self.0.takes_over(desired)
    }
    fn plan_role(&self, role: &RoleContext, document: &Value) -> RolePlan {
        self.0.plan_role(role, document)
    }
    fn holds_data(&self, document: &Value) -> bool {
        self.0.holds_data(document)
    }
    fn is_empty<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<bool>, Failure>> {
        Box::pin(self.0.is_empty(ctx, scope, id))
    }
    fn one_way_door(&self, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
        self.0.one_way_door(before, after)
    }
    fn sync<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        object: KnownDoc,
        copy: CopyOf<'a>,
    ) -> BoxFuture<'a, Result<Synced, Failure>> {
        Box::pin(async move {
            let object = K::Object::decode(object.value())
                .map_err(|e| Failure::new(Class::Invalid, e.to_string()))?;
            self.0.sync(ctx, scope, object, copy).await
        })
    }
    fn backfill<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        object: KnownDoc,
        copy: Backfill<'a>,
    ) -> BoxFuture<'a, Result<Backfilled, Failure>> {
        Box::pin(async move {
            let object = K::Object::decode(object.value())
                .map_err(|e| Failure::new(Class::Invalid, e.to_string()))?;
            self.0.backfill(ctx, scope, object, copy).await
        })
    }
    fn read<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        targets: &'a [Target],
    ) -> BoxFuture<'a, Vec<Observation<Value>>> {
        Box::pin(async move {
            let found = self.0.read(ctx, scope, targets).await;
            found.into_iter().map(|o| o.map(|object| object.encode())).collect()
        })
    }
    fn inventory<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
    ) -> BoxFuture<'a, Result<Option<Inventory>, Failure>> {
        Box::pin(self.0.inventory(ctx, scope))
    }
    fn write<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        changes: Vec<Change<KnownDoc>>,
    ) -> BoxFuture<'a, Vec<Outcome<Value>>> {
        Box::pin(async move {
            // All decode before any is called: a batch is not half tried for a bad document.
            let decoded: Vec<_> = changes.into_iter().map(decode_change::<K::Object>).collect();
            if let Some(failure) = decoded.iter().find_map(|d| d.as_ref().err()).cloned() {
                return decoded.iter().map(|_| Err(failure.clone().into())).collect();
            }
            let changes = decoded.into_iter().filter_map(Result::ok).collect();
            self.0.write(ctx, scope, changes).await.into_iter().map(encode_outcome).collect()
        })
    }
    fn commands(&self, scope: &Scope, changes: Vec<Change<KnownDoc>>) -> Option<Vec<Line>> {
        let changes = changes.into_iter().map(decode_change).collect::<Result<Vec<_>, _>>().ok()?;
        self.0.commands(scope, &changes)
    }
}

impl<D: DataSource> DynData for Erased<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }
    fn schema(&self) -> &'static Schema {
        D::Object::SCHEMA
    }
    fn service(&self) -> Service {
        D::SERVICE
    }
    fn read<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        document: KnownDoc,
    ) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move {
            let query = D::Object::decode(document.value())
                .map_err(|e| Failure::new(Class::Invalid, e.to_string()))?;
            Ok(self.0.read(ctx, scope, query).await?.encode())
        })
    }
}
