//! What all settings of a bucket share: one read and one write, each over the bucket's name.

use std::future::Future;
use std::time::Duration;

use aws_sdk_s3::Client;
use futures_util::future::join_all;
use lifeboat_aws_core::Clients;
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Ctx, Failure, Kind, Object as _, Observation, Outcome,
    Present, Scope, Target, Value, WriteFailure,
};

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

    /// Makes a call.
    pub(crate) async fn call<T, F, Fut>(&self, call: &'static Call, make: F) -> Result<T, Failure>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        self.ctx.call(call, self.scope, make).await
    }

    /// Makes a call that may be refused because something that was just made is not seen
    /// everywhere yet; `early` knows such a refusal, which had no effect.
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

/// A kind whose objects are settings of a bucket, one at most each.
pub(crate) trait Setting: Kind {
    /// The handle on clients.
    fn clients(&self) -> &Clients;

    /// The bucket that the object is a setting of.
    fn bucket(object: &Self::Object) -> &str;

    /// Reads it; a failure of the class *not found* says that there is none.
    fn get(
        at: &At<'_>,
        target: &Target,
    ) -> impl Future<Output = Result<Self::Object, Failure>> + Send;

    /// Makes it as it shall be; `before` is what was there.
    fn put(
        at: &At<'_>,
        after: Self::Object,
        before: Option<&Self::Object>,
    ) -> impl Future<Output = Result<Self::Object, Failure>> + Send;

    /// Takes it away.
    fn remove(
        at: &At<'_>,
        before: &Self::Object,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Reads the settings of many buckets at the same time; permits are the session's.
pub(crate) async fn read<S: Setting>(
    kind: &S,
    ctx: &Ctx,
    scope: &Scope,
    targets: &[Target],
) -> Vec<Observation<S::Object>> {
    let client = match crate::client(kind.clients(), scope).await {
        Ok(client) => client,
        Err(failure) => {
            return targets.iter().map(|_| Observation::unreadable(scope, &failure)).collect();
        }
    };
    join_all(targets.iter().map(|target| read_one(kind, ctx, scope, &client, target))).await
}

async fn read_one<S: Setting>(
    kind: &S,
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    target: &Target,
) -> Observation<S::Object> {
    let Some(bucket) = bucket_of(target) else {
        let failure = Failure::new(Class::Other, "the name of its bucket is not known");
        return Observation::unreadable(scope, &failure);
    };
    let at = At { ctx, scope, client, bucket };
    match S::get(&at, target).await {
        Ok(object) => Observation::Present(Present::new(bucket, canonical(kind, object))),
        Err(failure) => Observation::from_failure(scope, failure),
    }
}

/// The object as it would have been written: what is read is then what was made, whatever the
/// spelling in which S3 gives it back.
fn canonical<S: Setting>(kind: &S, object: S::Object) -> S::Object {
    S::Object::decode(&kind.normalise(&object.encode())).unwrap_or(object)
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

/// Makes changes; each is about another bucket, so they go side by side.
pub(crate) async fn write<S: Setting>(
    kind: &S,
    ctx: &Ctx,
    scope: &Scope,
    changes: Vec<Change<S::Object>>,
) -> Vec<Outcome<S::Object>> {
    let client = match crate::client(kind.clients(), scope).await {
        Ok(client) => client,
        Err(failure) => return changes.iter().map(|_| Err(failure.clone().into())).collect(),
    };
    join_all(changes.into_iter().map(|change| write_one::<S>(ctx, scope, &client, change))).await
}

async fn write_one<S: Setting>(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    change: Change<S::Object>,
) -> Outcome<S::Object> {
    let at = |bucket| At { ctx, scope, client, bucket };
    match change.action {
        ChangeAction::Create { after } => {
            let bucket = S::bucket(&after).to_owned();
            let object = S::put(&at(&bucket), after, None).await?;
            let present = Present::new(&*bucket, object);
            match ctx.identified(&change.address, &bucket).await {
                Ok(()) => Ok(Some(present)),
                Err(failure) => Err(WriteFailure { failure, half_made: Some(present) }),
            }
        }
        ChangeAction::Update { id: _, before, after } => {
            let bucket = S::bucket(&after).to_owned();
            let object = S::put(&at(&bucket), after, Some(&before)).await?;
            Ok(Some(Present::new(&*bucket, object)))
        }
        ChangeAction::Delete { id: _, before } => {
            match S::remove(&at(S::bucket(&before)), &before).await {
                Err(failure) if failure.class != Class::NotFound => Err(failure.into()),
                _ => Ok(None),
            }
        }
    }
}
