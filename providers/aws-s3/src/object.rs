//! `aws_s3_object`: a text that is kept in a bucket, and written only over what was read.

use std::error::Error;
use std::time::Duration;

use aws_sdk_s3::Client;
use futures_util::future::join_all;
use lifeboat_aws_core::{Clients, Codes as _, aws, validate};
use lifeboat_sdk::kind::all_failed;
use lifeboat_sdk::{
    Call, Change, ChangeAction, Class, Command, Ctx, Failure, Finding, Kind, Line, Name,
    Observation, Outcome, Ownership, Path, Present, Scope, Service, Target, Value,
};
use lifeboat_sdk_derive::Kind;
use tokio::time::timeout;

use crate::S3;
use crate::setting::{At, NO_BUCKET, hollow, request};

/// Reads an object.
pub const GET: Call = Call::read("s3", "GetObject", "s3:GetObject").data();
/// Writes an object.
pub const PUT: Call = Call::write("s3", "PutObject", "s3:PutObject").data();
/// Removes an object; a bucket that keeps versions keeps this one.
pub const DELETE: Call = Call::write("s3", "DeleteObject", "s3:DeleteObject").data();

const ABSENT: &[&str] = &[NO_BUCKET, "NoSuchKey"];

/// What a conditional write is refused with: the object is another one, or another write of it is
/// under way (S3 user guide, "How to prevent object overwrites with conditional writes").
const REFUSED: &[&str] = &["PreconditionFailed", "ConditionalRequestConflict"];

/// The longest text in bytes: what is larger does not belong into a plan.
const LONGEST: usize = 1 << 20;

/// A text that is kept in a bucket. It is made only where there is no object of that key, and
/// replaced only if it is still what was read.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct S3Object {
    /// The bucket.
    #[kind(required, forces_replacement, identity)]
    pub bucket: String,
    /// The key in the bucket.
    #[kind(required, forces_replacement, identity)]
    pub key: String,
    /// Bucket and key: `BUCKET/KEY`.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The bucket's region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// The text, at most 1 MiB of UTF-8.
    pub content: String,
    /// The media type.
    #[kind(default = "\"application/octet-stream\"")]
    pub content_type: Option<String>,
    /// What S3 calls this content.
    #[kind(computed, volatile, compared)]
    pub etag: Option<String>,
    /// The version, in a bucket that keeps them.
    #[kind(computed, volatile)]
    pub version_id: Option<String>,
}

/// The kind, with clients to make calls or none.
pub(crate) struct ObjectKind(pub(crate) Clients);

impl Kind for ObjectKind {
    type Object = S3Object;
    const NAME: &'static str = "aws_s3_object";
    const SERVICE: Service = S3;
    const OWNERSHIP: Ownership = Ownership::Parent;

    fn id_of(&self, desired: &Value) -> Option<Name> {
        let text = |name| desired.get(name).and_then(Value::as_str);
        Some(format!("{}/{}", text("bucket")?, text("key")?).into())
    }

    fn validate(&self, document: &Value) -> Vec<Finding> {
        let mut findings: Vec<Finding> = validate::region(document, &self.0).into_iter().collect();
        let length = document.get("content").and_then(Value::as_str).map_or(0, str::len);
        if length > LONGEST {
            findings.push(Finding {
                path: Path::attr("content"),
                summary: "The text is too long",
                detail: format!("The content has {length} bytes; at most {LONGEST} are kept here."),
                help: "Upload the file with another tool.".to_owned(),
                warning: false,
            });
        }
        findings
    }

    async fn read(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        targets: &[Target],
    ) -> Vec<Observation<S3Object>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => {
                return Observation::all_unreadable(targets, scope, &failure);
            }
        };
        join_all(targets.iter().map(|target| read_one(ctx, scope, &client, target))).await
    }

    async fn write(
        &self,
        ctx: &Ctx,
        scope: &Scope,
        changes: Vec<Change<S3Object>>,
    ) -> Vec<Outcome<S3Object>> {
        let client = match crate::client(&self.0, scope).await {
            Ok(client) => client,
            Err(failure) => return all_failed(&changes, &failure),
        };
        join_all(changes.into_iter().map(|change| write_one(ctx, scope, &client, change))).await
    }

    fn commands(&self, scope: &Scope, changes: &[Change<S3Object>]) -> Option<Vec<Line>> {
        Some(changes.iter().map(|change| command(scope, &change.action).into()).collect())
    }
}

/// What makes a change by hand, and only over what was read.
fn command(scope: &Scope, action: &ChangeAction<S3Object>) -> Command {
    let of = |operation, object: &S3Object| {
        let command = aws(scope, "s3api", operation).option("--bucket", &object.bucket);
        command.option("--key", &object.key).maybe("--expected-bucket-owner", crate::owner(scope))
    };
    let put = |object: &S3Object| {
        let kind = object.content_type.as_deref();
        of("put-object", object).maybe("--content-type", kind).file("--body", &object.content)
    };
    match action {
        ChangeAction::Create { after } => put(after).option("--if-none-match", "*"),
        ChangeAction::Update { before, after, .. } => match &before.etag {
            Some(etag) => put(after).option("--if-match", etag),
            None => put(after).option("--if-none-match", "*"),
        },
        ChangeAction::Delete { before, .. } => of("delete-object", before),
    }
}

async fn read_one(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    target: &Target,
) -> Observation<S3Object> {
    let text = |name| target.hint.get(name).and_then(Value::as_str);
    let id = target.id.as_deref().and_then(|id| id.split_once('/'));
    let Some((bucket, key)) = id.or_else(|| text("bucket").zip(text("key"))) else {
        let failure = Failure::new(Class::Other, "its bucket and key are not known");
        return Observation::unreadable(scope, &failure);
    };
    match get(&At { ctx, scope, client, bucket }, key).await {
        Ok(object) => Observation::Present(Present::new(format!("{bucket}/{key}"), object)),
        Err(failure) => Observation::from_failure(scope, failure),
    }
}

/// An object as S3 gives it.
pub(crate) struct Fetched {
    pub(crate) body: Vec<u8>,
    pub(crate) etag: String,
    content_type: Option<String>,
    version_id: Option<String>,
}

/// What S3 calls what was written.
pub(crate) struct Written {
    pub(crate) etag: String,
    version_id: Option<String>,
}

/// Reads an object to its end, which belongs to the attempt: the SDK's time-out ends with the head of
/// the answer.
pub(crate) async fn fetch(at: &At<'_>, key: &str) -> Result<Fetched, Failure> {
    let limit = at.ctx.session().attempt(at.scope);
    let read = || async {
        let answer = request!(at, at.client.get_object().key(key), ABSENT)().await?;
        let (etag, version) = (answer.e_tag, answer.version_id);
        let kind = answer.content_type;
        let body = timeout(limit, answer.body.collect()).await.map_err(|_| slow(limit))?;
        let body = body.map_err(|error| cut(&error))?;
        Ok((body.to_vec(), kind, etag, version))
    };
    let (body, content_type, etag, version_id) = at.call(&GET, read).await?;
    let etag = etag.ok_or_else(|| hollow(&GET, at.scope, "ETag"))?;
    Ok(Fetched { body, etag, content_type, version_id })
}

/// Writes an object if it is still what was read: none, or that with this name of its content.
pub(crate) async fn send(
    at: &At<'_>,
    key: &str,
    body: &[u8],
    content_type: Option<&str>,
    read: Option<&str>,
) -> Result<Written, Failure> {
    let put = || {
        let input = at.client.put_object().key(key).body(body.to_vec().into());
        let input = input.set_content_type(content_type.map(str::to_owned));
        match read {
            Some(etag) => input.if_match(etag),
            None => input.if_none_match("*"),
        }
    };
    let written = at.call(&PUT, request!(at, put(), &[NO_BUCKET])).await;
    let answer = written.map_err(|failure| failure.conflict(REFUSED))?;
    let etag = answer.e_tag.ok_or_else(|| hollow(&PUT, at.scope, "ETag"))?;
    Ok(Written { etag, version_id: answer.version_id })
}

/// The object as it is now.
async fn get(at: &At<'_>, key: &str) -> Result<S3Object, Failure> {
    let Fetched { body, etag, content_type, version_id } = fetch(at, key).await?;
    let content = String::from_utf8(body).map_err(|_| {
        Failure::new(Class::Other, "the object holds no text of UTF-8").of(&GET, at.scope)
    })?;
    Ok(S3Object {
        bucket: at.bucket.to_owned(),
        key: key.to_owned(),
        id: Some(format!("{}/{key}", at.bucket)),
        region: at.region(),
        content,
        content_type,
        etag: Some(etag),
        version_id,
    })
}

/// An answer whose body goes on for longer than an attempt.
fn slow(limit: Duration) -> Failure {
    let text = format!("the object was not read to its end within {} s", limit.as_secs());
    Failure::new(Class::Unreachable, text)
}

/// An answer whose body did not come to its end, or is not what was sent: no other answer is
/// concluded from it.
fn cut(error: &dyn Error) -> Failure {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Failure::new(Class::Garbled, format!("the object could not be read to its end: {cause}"))
}

/// Writes the object if it is still what was read.
async fn put(at: &At<'_>, wanted: S3Object, read: Option<String>) -> Result<S3Object, Failure> {
    let (body, kind) = (wanted.content.as_bytes(), wanted.content_type.as_deref());
    let failure = match send(at, &wanted.key, body, kind, read.as_deref()).await {
        Ok(Written { etag, version_id }) => {
            return Ok(S3Object {
                id: Some(format!("{}/{}", at.bucket, wanted.key)),
                region: at.region(),
                etag: Some(etag),
                version_id,
                ..wanted
            });
        }
        Err(failure) => failure,
    };
    if failure.class != Class::Conflict {
        return Err(failure);
    }
    // Perhaps by an earlier attempt of our own.
    let live = get(at, &wanted.key).await?;
    if live.content == wanted.content && live.content_type == wanted.content_type {
        return Ok(live);
    }
    Err(failure)
}

async fn write_one(
    ctx: &Ctx,
    scope: &Scope,
    client: &Client,
    change: Change<S3Object>,
) -> Outcome<S3Object> {
    let present = |object: S3Object| {
        let id = format!("{}/{}", object.bucket, object.key);
        Some(Present::new(id, object))
    };
    let at = |bucket| At { ctx, scope, client, bucket };
    match change.action {
        ChangeAction::Create { after } => {
            let bucket = after.bucket.clone();
            let made = put(&at(&bucket), after, None).await?;
            let present = present(made);
            let id = present.as_ref().map(|present| present.id.to_string()).unwrap_or_default();
            match ctx.identified(&change.address, &id).await {
                Ok(()) => Ok(present),
                Err(failure) => Err(lifeboat_sdk::WriteFailure { failure, half_made: present }),
            }
        }
        ChangeAction::Update { id: _, before, after } => {
            let bucket = after.bucket.clone();
            Ok(present(put(&at(&bucket), after, before.etag).await?))
        }
        ChangeAction::Delete { id: _, before } => {
            let bucket = before.bucket;
            let at = at(&bucket);
            let delete = || at.client.delete_object().key(&before.key);
            match at.call(&DELETE, request!(at, delete(), ABSENT)).await {
                Err(failure) if failure.class != Class::NotFound => Err(failure.into()),
                _ => Ok(None),
            }
        }
    }
}
