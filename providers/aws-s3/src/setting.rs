//! What all settings of a bucket share: one kind for all, with one read and one write, each over
//! the bucket's name.

use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use aws_sdk_s3::Client;
use futures_util::future::join_all;
use lifeboat_aws_core::{Clients, aws, normalise, validate};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Backfill, Backfilled, Call, Change, ChangeAction, Class, Command, CopyOf, Ctx, Failure,
    Finding, Kind, Line, Name, Object, Observation, Outcome, Ownership, Present, Scope, Service,
    Synced, Target, Value, WriteFailure,
};

use crate::S3;

/// The code that proves a bucket's absence, and with it that of its settings.
pub(crate) const NO_BUCKET: &str = "NoSuchBucket";

/// A bucket and how calls about it are made.
pub(crate) struct At<'a> {
    pub(crate) ctx: &'a Ctx,
    pub(crate) scope: &'a Scope,
    pub(crate) client: &'a Client,
    pub(crate) bucket: &'a str,
}

impl At<'_> {
    /// See [`crate::owner`].
    pub(crate) fn owner(&self) -> Option<String> {
        crate::owner(self.scope)
    }

    /// The region of the bucket, as the attribute has it.
    pub(crate) fn region(&self) -> Option<String> {
        Some(self.scope.location.region().to_string())
    }

    /// The setting with what says where it is.
    fn headed<S: Setting>(&self, mut object: S) -> S {
        let Head { bucket, id, region } = object.head();
        self.bucket.clone_into(bucket);
        *id = Some(self.bucket.to_owned());
        *region = self.region();
        object
    }

    /// Makes a call.
    pub(crate) async fn call<T, F, Fut>(&self, call: &'static Call, make: F) -> Result<T, Failure>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        self.ctx.call(call, self.scope, make).await
    }

    /// Makes a call that may be refused because something that was just made is not seen
    /// everywhere yet; `early` knows such a refusal, which had no effect, or none that a second
    /// call would add to.
    pub(crate) async fn patiently<T, F, Fut>(
        &self,
        call: &'static Call,
        early: fn(&Failure) -> bool,
        make: F,
    ) -> Result<T, Failure>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        for pause in PAUSES {
            match self.call(call, &make).await {
                Err(failure) if early(&failure) => self.ctx.wait(pause).await?,
                done => return done,
            }
        }
        self.call(call, make).await
    }
}

/// How long something that was just made may stay unseen: about a quarter of a minute (IAM user
/// guide, "Changes that I make are not always immediately visible"; S3's settings take less).
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// A closure that makes a request about the bucket, which is named with its owner; `$absent` are
/// the codes that prove that there is no such object.
macro_rules! request {
    ($at:expr, $request:expr, $absent:expr) => {
        || async {
            let request = $request.bucket($at.bucket).set_expected_bucket_owner($at.owner());
            let answer = request.send().await;
            answer.map_err(|e| {
                lifeboat_aws_core::Codes::not_found(lifeboat_aws_core::failure(e), $absent)
            })
        }
    };
}
pub(crate) use request;

/// What a condition refused once it refuses again: it is not tried anew.
pub(crate) fn refused(failure: Failure) -> Failure {
    let met = failure.code.as_deref() == Some("PreconditionFailed");
    if met { Failure { class: Class::Other, ..failure } } else { failure }
}

/// The same as a backfill, by whose name a fence lets it through (`lifeboat_sdk::backfill::AGENT`).
macro_rules! as_backfill {
    ($at:expr, $request:expr, $absent:expr) => {
        || async {
            let request = $request.bucket($at.bucket).set_expected_bucket_owner($at.owner());
            let agent = lifeboat_aws_core::Agent(lifeboat_sdk::backfill::AGENT);
            let answer = request.customize().interceptor(agent).send().await;
            answer.map_err(|e| {
                let failure = lifeboat_aws_core::failure(e);
                $crate::setting::refused(lifeboat_aws_core::Codes::not_found(failure, $absent))
            })
        }
    };
}
pub(crate) use as_backfill;

/// A setting of a bucket, one object at most each: its id is the bucket's name.
///
/// It is its own configuration and state; [`SettingKind`] makes a kind of it.
pub(crate) trait Setting: Object + Default {
    /// The type's name.
    const NAME: &'static str;

    /// What all settings have.
    fn head(&mut self) -> Head<'_>;

    /// See [`Kind::normalise`].
    fn normalise(document: &Value) -> Value {
        normalise::containers(Self::SCHEMA.attributes, document)
    }

    /// See [`Kind::validate`].
    fn validate(_document: &Value) -> Vec<Finding> {
        Vec::new()
    }

    /// See [`Kind::one_way_door`].
    fn one_way_door(_before: Option<&Value>, _after: Option<&Value>) -> Option<String> {
        None
    }

    /// Reads it, but for its head; a failure of the class *not found* says that there is none.
    fn get(at: &At<'_>, target: &Target) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Makes it so, and notes what S3 adds; `before` is what was there.
    fn put(
        &mut self,
        at: &At<'_>,
        before: Option<&Self>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// See [`Kind::sync`].
    fn sync(
        self,
        _source: &At<'_>,
        _target: &At<'_>,
        _copy: CopyOf<'_>,
    ) -> impl Future<Output = Result<Synced, Failure>> + Send {
        let text = format!("{} copies nothing", Self::NAME);
        std::future::ready(Err(Failure::new(Class::Other, text)))
    }

    /// See [`Kind::backfill`].
    fn backfill(
        self,
        _source: &At<'_>,
        _target: &At<'_>,
        _copy: Backfill<'_>,
    ) -> impl Future<Output = Result<Backfilled, Failure>> + Send {
        let text = format!("{} copies nothing", Self::NAME);
        std::future::ready(Err(Failure::new(Class::Other, text)))
    }

    /// Takes it away.
    fn remove(&self, at: &At<'_>) -> impl Future<Output = Result<(), Failure>> + Send;

    /// The operation by which a person sets it, and the option that says to what; `None` where that is
    /// not written down.
    const SET: Option<[&'static str; 2]> = None;

    /// The operation by which a person takes it away.
    const REMOVE: Option<&'static str> = None;

    /// The value of that option.
    fn argument(&self) -> Option<String> {
        None
    }
}

/// Where a setting is.
pub(crate) struct Head<'a> {
    /// The attribute `bucket`.
    pub(crate) bucket: &'a mut String,
    /// The attribute `id`: the bucket's name.
    pub(crate) id: &'a mut Option<String>,
    /// The attribute `region`: the bucket's.
    pub(crate) region: &'a mut Option<String>,
}

/// The kind of a setting.
pub(crate) struct SettingKind<S> {
    clients: Clients,
    setting: PhantomData<fn() -> S>,
}

impl<S> SettingKind<S> {
    /// With clients to make calls or none.
    pub(crate) fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone(), setting: PhantomData }
    }
}

impl<S: Setting> Kind for SettingKind<S> {
    type Object = S;
    const NAME: &'static str = S::NAME;
    const SERVICE: Service = S3;
    const OWNERSHIP: Ownership = Ownership::Parent;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        desired.get("bucket").and_then(Value::as_str).map(Into::into)
    }

    fn normalise(&self, document: &Value) -> Value {
        S::normalise(document)
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let mut findings = S::validate(document);
        findings.extend(validate::region(document, &self.clients));
        findings
    }

    fn one_way_door(&self, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
        S::one_way_door(before, after)
    }

    /// Reads the settings of many buckets at the same time; permits are the session's.
    async fn read(&self, ctx: &Ctx, scope: &Scope, targets: &[Target]) -> Vec<Observation<S>> {
        let client = match crate::client(&self.clients, scope).await {
            Ok(client) => client,
            Err(failure) => {
                return Observation::all_unreadable(targets, scope, &failure);
            }
        };
        join_all(targets.iter().map(|target| read_one(ctx, scope, &client, target))).await
    }

    async fn sync(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        mut object: S,
        copy: CopyOf<'_>,
    ) -> Result<Synced, Failure> {
        let bucket = object.head().bucket.clone();
        let client = crate::client(&self.clients, scope).await?;
        let other = crate::client(&self.clients, copy.scope).await?;
        let source = At { ctx, scope, client: &client, bucket: &bucket };
        let target = At { ctx, scope: copy.scope, client: &other, bucket: copy.name };
        object.sync(&source, &target, copy).await
    }

    async fn backfill(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        mut object: S,
        copy: Backfill<'_>,
    ) -> Result<Backfilled, Failure> {
        let bucket = object.head().bucket.clone();
        let client = crate::client(&self.clients, scope).await?;
        let other = crate::client(&self.clients, copy.scope).await?;
        let source = At { ctx, scope, client: &client, bucket: &bucket };
        let target = At { ctx, scope: copy.scope, client: &other, bucket: copy.name };
        object.backfill(&source, &target, copy).await
    }

    /// Makes changes; each is about another bucket, so they go side by side.
    async fn write(&self, ctx: &Ctx, scope: &Scope, changes: Vec<Change<S>>) -> Vec<Outcome<S>> {
        let client = match crate::client(&self.clients, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        join_all(changes.into_iter().map(|change| write_one(ctx, scope, &client, change))).await
    }

    fn commands(&self, scope: &Scope, changes: &[Change<S>]) -> Option<Vec<Line>> {
        changes.iter().map(|change| command(scope, &change.action).map(Line::Run)).collect()
    }
}

/// What makes a change by hand.
fn command<S: Setting>(scope: &Scope, action: &ChangeAction<S>) -> Option<Command> {
    let (object, [operation, option]) = match action {
        ChangeAction::Create { after } | ChangeAction::Update { after, .. } => (after, S::SET?),
        ChangeAction::Delete { before, .. } => (before, [S::REMOVE?, ""]),
    };
    let bucket = object.encode();
    let command = aws(scope, "s3api", operation)
        .option("--bucket", bucket.get("bucket")?.as_str()?)
        .maybe("--expected-bucket-owner", crate::owner(scope));
    match option {
        "" => Some(command),
        option => Some(command.option(option, object.argument()?)),
    }
}

async fn read_one<S: Setting>(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    target: &Target,
) -> Observation<S> {
    let Some(bucket) = bucket_of(target) else {
        let failure = Failure::new(Class::Other, "the name of its bucket is not known");
        return Observation::unreadable(scope, &failure);
    };
    let at = At { ctx, scope, client, bucket };
    match S::get(&at, target).await {
        Ok(object) => Observation::Present(Present::new(bucket, canonical(at.headed(object)))),
        Err(failure) => Observation::from_failure(scope, failure),
    }
}

/// The object as it would have been written: what is read is then what was made, whatever the
/// spelling in which S3 gives it back.
fn canonical<S: Setting>(object: S) -> S {
    S::decode(&S::normalise(&object.encode())).unwrap_or(object)
}

async fn write_one<S: Setting>(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    change: Change<S>,
) -> Outcome<S> {
    let at = |bucket| At { ctx, scope, client, bucket };
    match change.action {
        ChangeAction::Create { mut after } => {
            let bucket = after.head().bucket.clone();
            after.put(&at(&bucket), None).await?;
            let present = Present::new(&*bucket, at(&bucket).headed(after));
            match ctx.identified(&change.address, &bucket).await {
                Ok(()) => Ok(Some(present)),
                Err(failure) => Err(WriteFailure { failure, half_made: Some(present) }),
            }
        }
        ChangeAction::Update { id: _, before, mut after } => {
            let bucket = after.head().bucket.clone();
            after.put(&at(&bucket), Some(&before)).await?;
            Ok(Some(Present::new(&*bucket, at(&bucket).headed(after))))
        }
        ChangeAction::Delete { id: _, mut before } => {
            let bucket = before.head().bucket.clone();
            match before.remove(&at(&bucket)).await {
                Err(failure) if failure.class != Class::NotFound => Err(failure.into()),
                _ => Ok(None),
            }
        }
    }
}

/// The bucket's name: the id (Terraform's `BUCKET,ACCOUNT` too), else the attribute.
pub(crate) fn bucket_of(target: &Target) -> Option<&str> {
    let id = target.id.as_deref().map(|id| id.split(',').next().unwrap_or(id));
    id.or_else(|| target.hint.get("bucket").and_then(Value::as_str))
}

/// Whether what a bucket has without being told counts as the object all the same: only where
/// state says so, or an import asks for whatever is there. Such a setting can never be removed,
/// only set back; after that it is the bucket's own again and no object.
pub fn at_default(target: &Target, same: impl FnOnce(&Value) -> bool) -> bool {
    let imported = target.hint.entries().is_none_or(|entries| {
        entries.iter().all(|(name, value)| {
            value.is_null() || value.is_unknown() || matches!(&**name, "bucket" | "region" | "id")
        })
    });
    target.id.is_some() && (imported || same(&target.hint))
}

/// The failure that says there is no such object because the bucket has only its default.
pub(crate) fn only_default(call: &'static Call, scope: &Scope, what: &str) -> Failure {
    Failure::new(Class::NotFound, "the bucket has only its default").code(what).of(call, scope)
}

/// The failure for a well-formed answer without what it must hold.
pub(crate) fn hollow(call: &'static Call, scope: &Scope, what: &str) -> Failure {
    Failure::new(Class::Garbled, format!("the answer holds no {what}")).of(call, scope)
}
