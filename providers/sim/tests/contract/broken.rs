//! The broken kind: what it says right, it says as the sound one does.

use std::sync::Arc;

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{ChangeAction, DynKind};
use lifeboat_sdk::{
    Backfill, Backfilled, Batch, Change, Class, CopyOf, Ctx, Failure, Finding, Inventory, KnownDoc,
    Line, Name, Observation, Outcome, Ownership, Proof, RoleContext, RolePlan, Schema, Scope,
    Service, Synced, Target, Value,
};

/// A kind that forgets the size that it is given and takes every failure for absence.
pub(super) struct Broken(pub(super) Arc<dyn DynKind>);

fn forget(after: &KnownDoc) -> KnownDoc {
    KnownDoc::new(&after.value().with("size", Value::int(1))).unwrap()
}

fn absent() -> Observation<Value> {
    let failure = Failure::new(Class::NotFound, "any failure");
    Observation::Absent(Proof::from_failure(failure).unwrap())
}

impl DynKind for Broken {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn schema(&self) -> &'static Schema {
        self.0.schema()
    }
    fn service(&self) -> Service {
        self.0.service()
    }
    fn ownership(&self) -> Ownership {
        self.0.ownership()
    }
    fn batch(&self) -> Option<Batch> {
        self.0.batch()
    }
    fn commands(&self, scope: &Scope, changes: Vec<Change<KnownDoc>>) -> Option<Vec<Line>> {
        self.0.commands(scope, changes)
    }
    fn anywhere(&self) -> bool {
        self.0.anywhere()
    }
    fn within(&self) -> &'static str {
        self.0.within()
    }
    fn doubts(&self, live: &Value, planned: &Value) -> Vec<Finding> {
        self.0.doubts(live, planned)
    }
    fn longest(&self) -> Option<std::time::Duration> {
        self.0.longest()
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
        self.0.is_empty(ctx, scope, id)
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
        self.0.sync(ctx, scope, object, copy)
    }
    fn read<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        targets: &'a [Target],
    ) -> BoxFuture<'a, Vec<Observation<Value>>> {
        Box::pin(async move {
            let found = self.0.read(ctx, scope, targets).await;
            let found = found.into_iter().map(|o| match o {
                Observation::Unreadable(_) => absent(),
                Observation::Present(mut present) => {
                    present.object = present.object.with("tags", Value::null());
                    Observation::Present(present)
                }
                absent @ Observation::Absent(_) => absent,
            });
            found.collect()
        })
    }
    fn backfill<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        object: KnownDoc,
        copy: Backfill<'a>,
    ) -> BoxFuture<'a, Result<Backfilled, Failure>> {
        self.0.backfill(ctx, scope, object, copy)
    }
    fn inventory<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
    ) -> BoxFuture<'a, Result<Option<Inventory>, Failure>> {
        self.0.inventory(ctx, scope)
    }
    fn write<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        mut changes: Vec<Change<KnownDoc>>,
    ) -> BoxFuture<'a, Vec<Outcome<Value>>> {
        for change in &mut changes {
            match &mut change.action {
                ChangeAction::Create { after } | ChangeAction::Update { after, .. } => {
                    *after = forget(after);
                }
                ChangeAction::Delete { .. } => {}
            }
        }
        self.0.write(ctx, scope, changes)
    }
}
