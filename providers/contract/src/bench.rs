//! The bench: makes, changes, reads and removes objects of a case, and tidies up behind itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lifeboat_sdk::context::IdentifiedSink;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::{ChangeAction, DynKind, WriteFailure};
use lifeboat_sdk::session::{Limits, Purpose, Session};
use lifeboat_sdk::{
    Change, Ctx, Failure, KnownDoc, Name, Observation, Owner, Ownership, Present, Proof, Scope,
    Target, Value,
};

use crate::case::{Case, Subject, document, resolve};
use crate::planner::{Action, Plan, plan};
use crate::server::Server;

/// Why a rule ended before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It does not hold.
    Failed(String),
    /// There is nothing to try.
    NotApplicable(String),
}

/// What a step of a rule gives.
pub(crate) type Tried<T> = Result<T, Stop>;

/// Ends a rule that does not hold.
pub(crate) fn fail<T>(text: impl Into<String>) -> Tried<T> {
    Err(Stop::Failed(text.into()))
}

/// Ends a rule that has nothing to try.
pub(crate) fn skip<T>(text: impl Into<String>) -> Tried<T> {
    Err(Stop::NotApplicable(text.into()))
}

/// What one write came to.
pub(crate) type Written = Result<Option<Present<Value>>, Box<WriteFailure<Value>>>;

/// An object that exists.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) kind: Arc<dyn DynKind>,
    pub(crate) scope: Scope,
    pub(crate) present: Present<Value>,
}

/// Remembers the ids that were told.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl IdentifiedSink for Told {
    fn identified<'a>(
        &'a self,
        _address: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        lock(&self.0).push(id.to_owned());
        Box::pin(async { Ok(()) })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One rule's work on one case.
pub(crate) struct Bench<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) server: &'a dyn Server,
    pub(crate) case: &'a Case,
    rule: usize,
    tokens: Mutex<u32>,
    needs: Mutex<Vec<Made>>,
    made: Mutex<Vec<Made>>,
    told: Arc<Told>,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(
        subject: &'a Subject,
        server: &'a dyn Server,
        case: &'a Case,
        rule: usize,
    ) -> Self {
        Self {
            subject,
            server,
            case,
            rule,
            tokens: Mutex::new(0),
            needs: Mutex::default(),
            made: Mutex::default(),
            told: Arc::default(),
        }
    }

    pub(crate) fn kind(&self) -> &Arc<dyn DynKind> {
        &self.subject.kind
    }

    fn limits(&self) -> Limits {
        self.server.limits()
    }

    /// A context with fresh guards, so that what failed before is forgotten.
    pub(crate) fn ctx(&self, purpose: Purpose) -> Ctx {
        let session = Session::new(purpose);
        session.limit(&self.subject.place.provider, self.limits());
        let session = Arc::new(session);
        match purpose {
            Purpose::Refresh => Ctx::read_only(session),
            Purpose::Apply => Ctx::writing(session, self.told.clone()),
        }
    }

    /// The ids that were told since this was last asked.
    pub(crate) fn told(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.told.0))
    }

    /// A token that was never used.
    pub(crate) fn token(&self) -> Name {
        let mut tokens = lock(&self.tokens);
        *tokens += 1;
        format!("contract-{}-{}-{}-{tokens}", self.kind().name(), self.case.name, self.rule).into()
    }

    pub(crate) fn address(&self) -> Name {
        // Rules do not see what an earlier one left behind.
        format!("{}.{}_{}", self.kind().name(), self.case.name, self.rule).into()
    }

    fn owner_of(&self, kind: &dyn DynKind, address: &Name) -> Option<Owner> {
        (kind.ownership() == Ownership::Tags)
            .then(|| Owner { topology: "contract".into(), address: address.clone() })
    }

    /// The owner that objects of the case are written with.
    pub(crate) fn owner(&self) -> Option<Owner> {
        self.owner_of(&**self.kind(), &self.address())
    }

    /// Makes what the case needs; the steps as whole documents.
    pub(crate) async fn prepare(&self) -> Tried<Vec<Value>> {
        let mut made: Vec<(String, Value)> = Vec::new();
        for need in &self.case.needs {
            let config = resolve(&need.config, &made);
            let config = document(need.kind.schema().attributes, &config)
                .or_else(|why| fail(format!("{} is not a configuration: {why}", need.name)))?;
            let Some(plan) = plan(&*need.kind, &config, None) else {
                return fail(format!("{} is not wanted in this role", need.name));
            };
            let address: Name =
                format!("{}.{}_{}_{}", need.kind.name(), self.case.name, need.name, self.rule)
                    .into();
            let change = Change {
                owner: self.owner_of(&*need.kind, &address),
                address,
                token: self.token(),
                action: ChangeAction::Create { after: known(&plan.after)? },
            };
            let scope = self.subject.place.scope(&*need.kind, &plan.after);
            let ctx = self.ctx(Purpose::Apply);
            match write_to(&*need.kind, &ctx, &scope, change).await? {
                Ok(Some(present)) => {
                    made.push((need.name.clone(), present.object.clone()));
                    lock(&self.needs).push(Made { kind: need.kind.clone(), scope, present });
                }
                Ok(None) => return fail(format!("making {} made nothing", need.name)),
                Err(e) => return fail(format!("{} could not be made: {}", need.name, e.failure)),
            }
        }
        let attributes = self.kind().schema().attributes;
        let steps = self.case.steps.iter().map(|step| {
            document(attributes, &resolve(step, &made))
                .or_else(|why| fail(format!("a step is not a configuration: {why}")))
        });
        steps.collect()
    }

    /// Remembers to remove an object.
    pub(crate) fn keep(&self, scope: &Scope, present: Present<Value>) {
        let made = Made { kind: self.kind().clone(), scope: scope.clone(), present };
        lock(&self.made).push(made);
    }

    /// The scope of a document of the kind.
    pub(crate) fn scope(&self, document: &Value) -> Scope {
        self.subject.place.scope(&**self.kind(), document)
    }

    /// The plan for a new object.
    pub(crate) fn fresh(&self, config: &Value) -> Tried<Plan> {
        match plan(&**self.kind(), config, None) {
            Some(plan) => Ok(plan),
            None => skip("there is no such object in the primary region"),
        }
    }

    /// One write.
    pub(crate) async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        token: &Name,
        action: ChangeAction<KnownDoc>,
    ) -> Tried<Written> {
        let change =
            Change { address: self.address(), token: token.clone(), owner: self.owner(), action };
        write_to(&**self.kind(), ctx, scope, change).await
    }

    /// Makes a planned object, whatever comes of it.
    pub(crate) async fn try_create(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        plan: &Plan,
        token: &Name,
    ) -> Tried<Written> {
        let after = known(&plan.after)?;
        let written = self.write(ctx, scope, token, ChangeAction::Create { after }).await?;
        self.settle(&written).await;
        let present = match &written {
            Ok(present) => present.clone(),
            Err(e) => e.half_made.clone(),
        };
        if let Some(present) = present {
            self.keep(scope, present);
        }
        Ok(written)
    }

    /// Waits until reads show what a write in doubt did.
    async fn settle(&self, written: &Written) {
        let stale = self.server.stale();
        if written.as_ref().is_err_and(|e| e.failure.in_doubt()) && !stale.is_zero() {
            tokio::time::sleep(stale).await;
        }
    }

    /// Makes an object of a configuration; the plan and the object.
    pub(crate) async fn create(&self, config: &Value) -> Tried<(Plan, Made)> {
        let plan = self.fresh(config)?;
        let scope = self.scope(&plan.after);
        let ctx = self.ctx(Purpose::Apply);
        match self.try_create(&ctx, &scope, &plan, &self.token()).await? {
            Ok(Some(present)) => Ok((plan, Made { kind: self.kind().clone(), scope, present })),
            Ok(None) => fail("a create answered that there is nothing"),
            Err(e) => fail(format!("a create failed: {}", e.failure)),
        }
    }

    /// Brings an object to a configuration, by update or replacement; what was planned and is.
    pub(crate) async fn bring(&self, made: &Made, config: &Value) -> Tried<(Plan, Made)> {
        let prior = &made.present;
        let Some(plan) = plan(&**self.kind(), config, Some(&prior.object)) else {
            return skip("there is no such object in the primary region");
        };
        match plan.action {
            Action::NoOp => Ok((plan, made.clone())),
            Action::Create | Action::Replace => {
                self.delete(made).await?;
                self.create(config).await
            }
            Action::Update => {
                let action = ChangeAction::Update {
                    id: prior.id.clone(),
                    before: known(&prior.object)?,
                    after: known(&plan.after)?,
                };
                let ctx = self.ctx(Purpose::Apply);
                match self.write(&ctx, &made.scope, &self.token(), action).await? {
                    Ok(Some(present)) => {
                        self.keep(&made.scope, present.clone());
                        Ok((plan, Made { present, ..made.clone() }))
                    }
                    Ok(None) => fail("an update answered that there is nothing"),
                    Err(e) => fail(format!("an update failed: {}", e.failure)),
                }
            }
        }
    }

    /// Removes an object.
    pub(crate) async fn delete(&self, made: &Made) -> Tried<()> {
        match self.try_delete(&self.ctx(Purpose::Apply), made).await? {
            Ok(None) => Ok(()),
            Ok(Some(_)) => fail("a delete answered with an object"),
            Err(e) => fail(format!("a delete failed: {}", e.failure)),
        }
    }

    /// Removes an object, whatever comes of it.
    pub(crate) async fn try_delete(&self, ctx: &Ctx, made: &Made) -> Tried<Written> {
        let before = known(&made.present.object)?;
        let change = Change {
            address: self.address(),
            token: self.token(),
            owner: None,
            action: ChangeAction::Delete { id: made.present.id.clone(), before },
        };
        let written = write_to(&*made.kind, ctx, &made.scope, change).await?;
        self.settle(&written).await;
        Ok(written)
    }

    /// Reads an object, with its id or by its configuration alone.
    pub(crate) async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        id: Option<&Name>,
        hint: &Value,
    ) -> Tried<Observation<Value>> {
        let target = Target { address: self.address(), id: id.cloned(), hint: hint.clone() };
        let mut found = self.kind().read(ctx, scope, &[target]).await;
        match (found.pop(), found.is_empty()) {
            (Some(found), true) => Ok(found),
            _ => fail("a read of one target did not give one observation"),
        }
    }

    /// Reads what must be there.
    pub(crate) async fn present(
        &self,
        scope: &Scope,
        id: Option<&Name>,
        hint: &Value,
    ) -> Tried<Present<Value>> {
        let how = if id.is_some() { "by its id" } else { "by its configuration" };
        match self.read(&self.ctx(Purpose::Refresh), scope, id, hint).await? {
            Observation::Present(present) => Ok(present),
            Observation::Absent(proof) => fail(format!("read {how} it is absent: {proof}")),
            Observation::Unreadable(u) => fail(format!("it cannot be read {how}: {}", u.message)),
        }
    }

    /// Reads what must not be there.
    pub(crate) async fn absent(
        &self,
        scope: &Scope,
        id: Option<&Name>,
        hint: &Value,
    ) -> Tried<Proof> {
        match self.read(&self.ctx(Purpose::Refresh), scope, id, hint).await? {
            Observation::Absent(proof) => Ok(proof),
            Observation::Present(_) => fail("it is still there"),
            Observation::Unreadable(u) => {
                fail(format!("it should be absent, but cannot be read: {}", u.message))
            }
        }
    }

    /// Whether it is somebody else's, so that nothing is made or removed.
    pub(crate) fn operated(&self) -> bool {
        self.kind().ownership() == Ownership::Operated
    }

    /// Reads what was deleted: it must not be there, but what is operated stays as it was.
    pub(crate) async fn deleted(
        &self,
        scope: &Scope,
        id: Option<&Name>,
        hint: &Value,
        was: &Value,
    ) -> Tried<()> {
        if !self.operated() {
            return self.absent(scope, id, hint).await.map(drop);
        }
        match self.present(scope, id, hint).await?.object {
            object if object == *was => Ok(()),
            _ => fail("a delete changed what is operated"),
        }
    }

    /// Removes the objects of the kind that were made; what is gone already is no matter.
    pub(crate) async fn tidy_own(&self) -> Tried<()> {
        let made = std::mem::take(&mut *lock(&self.made));
        self.remove(made).await
    }

    /// Removes everything that was made, what the case needed last.
    pub(crate) async fn tidy(&self) -> Tried<()> {
        let own = self.tidy_own().await;
        let needs = std::mem::take(&mut *lock(&self.needs));
        own.and(self.remove(needs).await)
    }

    async fn remove(&self, made: Vec<Made>) -> Tried<()> {
        let mut result = Ok(());
        let mut gone: Vec<(&str, Scope, Name)> = Vec::new();
        for made in made.iter().rev() {
            let key = (made.kind.name(), made.scope.clone(), made.present.id.clone());
            if gone.contains(&key) {
                continue;
            }
            let ctx = self.ctx(Purpose::Apply);
            if let Err(e) = self.try_delete(&ctx, made).await? {
                result = fail(format!("{} could not be removed: {}", made.present.id, e.failure));
            }
            gone.push(key);
        }
        result
    }
}

/// A document with null for what is unknown, as a kind is given it.
pub(crate) fn known(document: &Value) -> Tried<KnownDoc> {
    let plain = document.transform(&lifeboat_sdk::Path::root(), &mut |_, value| {
        value.is_unknown().then(|| Value::Null(value.ty()))
    });
    KnownDoc::new(&plain).or_else(|paths| fail(format!("unknown at {paths:?}")))
}

async fn write_to(
    kind: &dyn DynKind,
    ctx: &Ctx,
    scope: &Scope,
    change: Change<KnownDoc>,
) -> Tried<Written> {
    let mut outcomes = kind.write(ctx, scope, vec![change]).await;
    match (outcomes.pop(), outcomes.is_empty()) {
        (Some(outcome), true) => Ok(outcome.map_err(Box::new)),
        _ => fail("one change did not give one outcome"),
    }
}
