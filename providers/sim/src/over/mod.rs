//! Any kind on the simulated cloud: the real kind's schema and hooks, the cloud's reads and writes.

mod compared;
mod data;
mod late;
mod read;
mod write;

use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::schema::Shape;
use lifeboat_sdk::{
    Backfill, Backfilled, Batch, Change, Class, CopyOf, Ctx, Failure, Finding, Inventory, KnownDoc,
    Line, Location, Name, Observation, Outcome, Ownership, Present, RoleContext, RolePlan, Schema,
    Scope, Service, Synced, Target, Value,
};

use crate::ahead;
use crate::calls::Calls;
use crate::cloud::SimCloud;
use crate::cloud::store::refers;
use crate::cloud::world::Seen;

pub(crate) use data::OverData;

/// How an object behaves once it is made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Behaviour {
    /// Until it is usable.
    pub(crate) takes: Duration,
    /// Whether it fails instead.
    pub(crate) fails: bool,
}

/// A kind over the cloud.
#[derive(Clone)]
pub(crate) struct Over {
    /// Whose schema and hooks it has.
    template: Arc<dyn DynKind>,
    cloud: SimCloud,
    calls: &'static Calls,
    /// The attribute that names the object that this is a part of, and the kinds it may be of.
    parent: Option<(&'static str, Vec<&'static str>)>,
    behaviour: Option<fn(&Value) -> Behaviour>,
    /// Whose objects it sees: the credentials decide that, where the provider is configured.
    account: Option<Name>,
}

/// Where a call goes: as the engine names it, and as the cloud knows it.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) here: Scope,
}

impl<'a> Place<'a> {
    /// The place of a scope for the credentials of an account.
    pub(crate) fn new(scope: &'a Scope, account: Option<&Name>) -> Self {
        let account = account.unwrap_or(&scope.account).clone();
        Self { scope, here: Scope { account, ..scope.clone() } }
    }
}

impl Over {
    /// A kind over the cloud; `all` are the kinds that objects may be parts of.
    pub(crate) fn new(
        template: Arc<dyn DynKind>,
        cloud: &SimCloud,
        all: &[Arc<dyn DynKind>],
        behaviour: Option<fn(&Value) -> Behaviour>,
    ) -> Self {
        if template.ownership() == Ownership::Parent {
            cloud.lock().parts.insert(template.name().to_owned());
        }
        if template.anywhere() {
            cloud.lock().store.show_anywhere(template.name());
        }
        Self {
            cloud: cloud.clone(),
            calls: Calls::of(template.service().name),
            parent: parent(&*template, all),
            template,
            behaviour,
            account: None,
        }
    }

    /// The same with the credentials of an account.
    pub(crate) fn of_account(&self, account: Option<Name>) -> Self {
        Self { account, ..self.clone() }
    }

    /// Refuses a scope that is not of this kind: the caller's mistake.
    fn check(&self, scope: &Scope) -> Result<(), Failure> {
        let Service { name, home } = self.template.service();
        let fits = match (&scope.location, home) {
            (Location::Region(_), None) => true,
            (Location::Global { home: at }, Some(home)) => *at.0 == *home,
            (Location::Region(_), Some(_)) | (Location::Global { .. }, None) => false,
        };
        if fits && *scope.service == *name {
            return Ok(());
        }
        let text = format!("{} is not an object of {scope}", self.template.name());
        Err(Failure::new(Class::Invalid, text).code("InvalidScope"))
    }

    fn present(&self, seen: &Seen) -> Present<Value> {
        let tags = self.template.ownership() == Ownership::Tags;
        Present {
            owner: seen.owner.clone().filter(|_| tags),
            empty: self.template.holds_data(&seen.document).then_some(!seen.full),
            ..Present::new(seen.id.clone(), seen.document.clone())
        }
    }
}

/// The first attribute of a part that is named after another kind.
fn parent(
    template: &dyn DynKind,
    all: &[Arc<dyn DynKind>],
) -> Option<(&'static str, Vec<&'static str>)> {
    if template.ownership() != Ownership::Parent {
        return None;
    }
    template.schema().attributes.iter().find_map(|a| {
        let text = matches!(a.shape, Shape::String) && a.presence.configurable();
        let whole = all
            .iter()
            .filter(|kind| kind.ownership() != Ownership::Parent && refers(a.name, kind.name()));
        let kinds: Vec<&'static str> = whole.map(|kind| kind.name()).collect();
        (text && a.forces_replacement && !kinds.is_empty()).then_some((a.name, kinds))
    })
}

impl DynKind for Over {
    fn name(&self) -> &'static str {
        self.template.name()
    }
    fn schema(&self) -> &'static Schema {
        self.template.schema()
    }
    fn service(&self) -> Service {
        self.template.service()
    }
    fn ownership(&self) -> Ownership {
        self.template.ownership()
    }
    fn batch(&self) -> Option<Batch> {
        self.template.batch()
    }
    fn commands(&self, scope: &Scope, changes: Vec<Change<KnownDoc>>) -> Option<Vec<Line>> {
        self.template.commands(scope, changes)
    }
    fn longest(&self) -> Option<Duration> {
        self.template.longest()
    }
    fn anywhere(&self) -> bool {
        self.template.anywhere()
    }
    fn within(&self) -> &'static str {
        self.template.within()
    }
    fn doubts(&self, live: &Value, planned: &Value) -> Vec<Finding> {
        self.template.doubts(live, planned)
    }
    fn id_of(&self, desired: &Value) -> Option<Name> {
        self.template.id_of(desired)
    }
    fn normalise(&self, document: &Value) -> Value {
        self.template.normalise(document)
    }
    fn validate(&self, document: &Value) -> Vec<Finding> {
        self.template.validate(document)
    }
    fn takes_over(&self, desired: &Value) -> bool {
        self.template.takes_over(desired)
    }
    fn plan_role(&self, role: &RoleContext, document: &Value) -> RolePlan {
        self.template.plan_role(role, document)
    }
    fn holds_data(&self, document: &Value) -> bool {
        self.template.holds_data(document)
    }
    fn is_empty<'a>(
        &'a self,
        _: &'a Ctx,
        _: &'a Scope,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<bool>, Failure>> {
        // A read says so.
        Box::pin(std::future::ready(Ok(None)))
    }
    fn one_way_door(&self, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
        self.template.one_way_door(before, after)
    }
    fn sync<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        object: KnownDoc,
        copy: CopyOf<'a>,
    ) -> BoxFuture<'a, Result<Synced, Failure>> {
        let place = Place::new(scope, self.account.as_ref());
        if ahead::copies_late(self.name()) {
            return Box::pin(async move { self.compare_logs(ctx, &place, &object, copy).await });
        }
        if ahead::copies_all_ways(self.name()) {
            return Box::pin(async move { self.compare_tables(ctx, &place, &object, copy).await });
        }
        // What is written here is in all regions at once: it is enough that the copying is there.
        Box::pin(async move {
            let hint = object.value().clone();
            let target = Target { address: self.name().into(), id: None, hint };
            match self.observe(ctx, &place, &[target]).await.pop() {
                // What it holds alone is asked for of what copied once, too.
                Some(seen)
                    if matches!(seen, Observation::Present(_))
                        || (copy.name_first > 0 && !matches!(seen, Observation::Unreadable(_))) =>
                {
                    let how = "the simulated cloud copies at once".into();
                    let (oldest, behind, first) = (None, None, Vec::new());
                    Ok(Synced { compared: 1, missing: 0, oldest, behind, how, first })
                }
                Some(Observation::Unreadable(why)) => {
                    Err(Failure::new(Class::Unreachable, why.message))
                }
                _ => Err(Failure::new(Class::Other, "there is nothing that copies")),
            }
        })
    }
    fn backfill<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        object: KnownDoc,
        copy: Backfill<'a>,
    ) -> BoxFuture<'a, Result<Backfilled, Failure>> {
        // It has all that its source has, where that can be asked; who has just begun to copy may not
        // be seen everywhere yet.
        Box::pin(async move {
            let looks = CopyOf { scope: copy.scope, name: copy.name, wait: None, name_first: 1 };
            let told = self.sync(ctx, scope, object, looks).await?;
            Ok(Backfilled { compared: told.compared, ..Backfilled::default() })
        })
    }
    fn read<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        targets: &'a [Target],
    ) -> BoxFuture<'a, Vec<Observation<Value>>> {
        let place = Place::new(scope, self.account.as_ref());
        Box::pin(async move { self.observe(ctx, &place, targets).await })
    }
    fn inventory<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
    ) -> BoxFuture<'a, Result<Option<Inventory>, Failure>> {
        let place = Place::new(scope, self.account.as_ref());
        Box::pin(async move { self.tagged(ctx, &place).await })
    }
    fn write<'a>(
        &'a self,
        ctx: &'a Ctx,
        scope: &'a Scope,
        changes: Vec<Change<KnownDoc>>,
    ) -> BoxFuture<'a, Vec<Outcome<Value>>> {
        let place = Place::new(scope, self.account.as_ref());
        Box::pin(async move { self.change(ctx, &place, changes).await })
    }
}
