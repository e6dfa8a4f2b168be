//! Steps that change no object and take their time: hooks, proofs, gates.
//!
//! None of them is settled by reading: what an earlier process began and did not end is done again,
//! with the same token. So each must be fit to be done twice, and hooks are told so.

mod anyone;
mod backfill;
mod confirm;
mod dns;
mod edit;
mod gate;
mod hold;
mod hook;
mod http;
mod probe;
mod resolve;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{
    Class, CopyOf, Ctx, Diagnostic, Diagnostics, Failure, KnownDoc, Location, Lone, Name,
    Observation, RegionName, Scope, Target, Value, Wait,
};

use super::prepare::{Env, no_kind};
use crate::plan::{Act, Operand, Task};

/// A step that changes no object, with all that it needs.
pub struct Deed {
    /// What it does.
    pub act: Act,
    /// With what.
    pub task: Task,
    /// The kind of the object that it works on, able to make calls.
    pub kind: Option<Arc<dyn DynKind>>,
    /// The idempotency token.
    pub token: Name,
    /// The folder of the root module.
    pub root: PathBuf,
}

/// Where a step tells what it has learnt before it is done.
pub type Say<'s> = dyn Fn(String) + Send + Sync + 's;

/// How gates stand, for who asks before anything is turned.
pub mod gates {
    pub use super::gate::{position, token};
}

/// Stands in for the world in a run that only shows what would happen: no program is run, no gate
/// turned, no server asked.
pub trait Rehearsal: Send + Sync {
    /// Takes the time that the act would, and ends as it would.
    fn play<'a>(&'a self, act: Act, task: &'a Task) -> BoxFuture<'a, Result<(), Failure>>;
}

impl Env<'_> {
    /// What a step that changes no object needs.
    ///
    /// # Errors
    /// The kind of the object that it works on is missing.
    pub(super) fn deed(&self, act: Act, task: &Task, token: Name) -> Result<Deed, Diagnostics> {
        let kind: Option<Result<_, Diagnostics>> = task.on.as_ref().map(|on| {
            let kind = self.providers.kind(&on.provider, &on.kind).map(Arc::clone);
            kind.ok_or_else(|| no_kind(&task.about, &on.provider, &on.kind).into())
        });
        Ok(Deed {
            act,
            task: task.clone(),
            kind: kind.transpose()?,
            token,
            root: self.root.to_owned(),
        })
    }
}

impl Deed {
    /// Does it; what it told, for the journal.
    ///
    /// # Errors
    /// Why it is not done, or not known to be.
    pub async fn perform(
        &self,
        ctx: &Ctx,
        rehearsal: Option<&dyn Rehearsal>,
        say: &Say<'_>,
    ) -> Result<Value, Failure> {
        let done = async {
            if let Some(rehearsal) = rehearsal {
                rehearsal.play(self.act, &self.task).await?;
            }
            match (self.act, rehearsal) {
                // What is copied and what is read lies in the world of the rehearsal, too.
                (Act::Sync, _) => {
                    let limit = self.task.limit;
                    self.sync(ctx, Some(Wait { mark: &self.token, limit })).await
                }
                (Act::Survey, _) => self.sync(ctx, None).await,
                (Act::Backfill, _) => backfill::copy(self, ctx).await,
                (Act::Confirm, _) => confirm::look(self, ctx).await,
                (Act::Hold, _) => hold::place(self, ctx).await,
                (Act::Edit, None) => edit::write(self),
                (Act::Hook, None) => hook::run(self).await,
                (Act::Probe, None) => probe::watch(self, ctx).await,
                (Act::Resolve, None) => resolve::watch(self, ctx, say).await,
                (Act::Open, None) => gate::turn(self, true, ctx).await,
                (Act::Close, None) => gate::turn(self, false, ctx).await,
                (Act::Wait, None) => {
                    tokio::time::sleep(self.task.limit).await;
                    Ok(Value::object([]))
                }
                (
                    Act::Edit
                    | Act::Hook
                    | Act::Probe
                    | Act::Open
                    | Act::Close
                    | Act::Wait
                    | Act::Resolve,
                    Some(_),
                )
                | (Act::Approve | Act::Claim | Act::Reach, _) => Ok(Value::object([])),
            }
        };
        let grace = if self.act == Act::Hook { Duration::ZERO } else { GRACE };
        match tokio::time::timeout(self.task.limit + grace, done).await {
            Ok(done) => done,
            Err(_) => Err(self.too_long()),
        }
    }

    /// The object that it works on, and its kind.
    fn operand(&self) -> Result<(&dyn DynKind, &Operand), Failure> {
        match (&self.kind, &self.task.on) {
            (Some(kind), Some(on)) => Ok((&**kind, on)),
            _ => Err(Failure::new(Class::Other, "the plan names nothing to work on")),
        }
    }

    /// What the object that it works on is like now.
    async fn read(&self, ctx: &Ctx) -> Result<Observation<Value>, Failure> {
        self.read_as(ctx, self.operand()?.1.id.clone()).await
    }

    /// The same under another id.
    async fn read_as(&self, ctx: &Ctx, id: Option<Name>) -> Result<Observation<Value>, Failure> {
        let (kind, on) = self.operand()?;
        let hint = on.document.clone();
        let target = Target { address: self.task.about.clone(), id, hint };
        let seen = kind.read(ctx, &on.scope, &[target]).await.into_iter().next();
        seen.ok_or_else(|| Failure::new(Class::Garbled, "nothing was said of it"))
    }

    async fn sync(&self, ctx: &Ctx, wait: Option<Wait<'_>>) -> Result<Value, Failure> {
        let (kind, on) = self.operand()?;
        let object = KnownDoc::new(&on.document)
            .map_err(|_| Failure::new(Class::Other, "the plan does not know all of what copies"))?;
        let region = self.text("region").map(RegionName::from);
        let location = region.map_or_else(|| on.scope.location.clone(), Location::Region);
        let scope = Scope { location, ..on.scope.clone() };
        let copy = CopyOf {
            scope: &scope,
            name: self.text("name").unwrap_or_default(),
            name_first: if wait.is_none() { LISTED } else { 0 },
            wait,
        };
        let told = kind.sync(ctx, &on.scope, object, copy).await?;
        let mut kept = Value::object([
            ("how".into(), Value::string(told.how)),
            ("compared".into(), number(told.compared)),
        ]);
        if wait.is_none() {
            let first = Value::tuple(told.first.into_iter().map(lone).collect());
            kept = kept.with("count", number(told.missing)).with("first", first);
        }
        Ok(kept)
    }

    /// What is told where it failed.
    pub fn failed(&self, why: &Failure) -> Diagnostic {
        let (code, summary, help) = match self.act {
            Act::Edit => (
                "apply::edit",
                "The new primary cannot be written into the files",
                "Nothing is fenced yet. Write the line yourself, or put the file back, and run `lifeboat \
                 apply`, which goes on. Without it: `lifeboat apply -skip=primary -reason=TEXT`.",
            ),
            Act::Hook => (
                "apply::hook",
                "A hook failed",
                "Mend it, then run `lifeboat apply`, which runs it again and goes on.",
            ),
            Act::Sync => (
                "apply::sync",
                "It is not proven that nothing is lost",
                "Run `lifeboat apply`, which looks again and goes on where all is copied.",
            ),
            Act::Survey => (
                "apply::survey",
                "It is not known what the region holds alone",
                "Run `lifeboat apply`, which looks again. Nothing is copied there before.",
            ),
            Act::Backfill => (
                "apply::backfill",
                "Not all is copied that replication does not bring by itself",
                "Run `lifeboat apply`, which copies what is still missing. What cannot be copied so: start an \
                 S3 Batch Replication job for it, or write existing_objects = false.",
            ),
            Act::Confirm if why.class != Class::Conflict => (
                "promotion::record_unread",
                "A role record could not be looked at once more",
                "Nothing is claimed and nothing opened. Run `lifeboat apply`, which looks again and goes on.",
            ),
            Act::Confirm => (
                "promotion::overtaken",
                "A role record is not as it was planned from",
                "Nothing is claimed and nothing opened: another promotion may have begun. End your own, if \
                 one is open, with `lifeboat promote -abort`; then run `lifeboat status` and plan again.",
            ),
            Act::Hold => (
                "promotion::unfenced",
                "A fence is not in place any more",
                "The promotion is held before the new primary takes writes. Run `lifeboat apply`, which \
                 looks again and goes on.",
            ),
            Act::Probe if self.task.about.starts_with("shift.") => (
                "apply::shift",
                "What gets the traffic does not answer as healthy",
                "The traffic stays as it is now. Mend what answers there; then run `lifeboat apply`, which \
                 looks again and goes on. To go on with a promotion without it: -skip=NAME -reason=TEXT.",
            ),
            Act::Probe => (
                "apply::unhealthy",
                "The new primary does not answer as healthy",
                "The promotion is held where it is. Mend what answers there; then run `lifeboat apply`, \
                 which looks again and goes on. To go on without it: -skip=NAME -reason=TEXT.",
            ),
            Act::Resolve => (
                "apply::resolvers",
                "It is not known what resolvers still answer",
                "Nothing waits for it. Ask one yourself: dig @RESOLVER NAME.",
            ),
            _ => (
                "apply::gate",
                "A gate could not be turned",
                "Mend the endpoint, or turn the gate by hand; then run `lifeboat apply`, which goes on.",
            ),
        };
        let detail = format!("{}: {}.", self.task.about, why.to_string().trim_end_matches('.'));
        Diagnostic::error(code, summary, detail).help(help)
    }

    fn too_long(&self) -> Failure {
        let text = format!("it took longer than {} s", self.task.limit.as_secs());
        Failure::new(Class::Unreachable, text)
    }

    /// A text of the arguments.
    fn text(&self, name: &str) -> Option<&str> {
        self.task.arguments.get(name).and_then(Value::as_str)
    }
}

/// How many objects are kept by name that a region holds alone.
const LISTED: usize = 100;

fn number(number: u64) -> Value {
    Value::int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// An object that a region holds alone, for the journal.
fn lone(Lone { key, version, tag, size, written, differs, deleted }: Lone) -> Value {
    let text = |text: Option<String>| text.map_or_else(Value::null, Value::string);
    let lone = Value::object([
        ("key".into(), Value::string(key)),
        ("version".into(), text(version)),
        ("tag".into(), Value::string(tag)),
        ("size".into(), number(size)),
        ("written".into(), written.map_or_else(Value::null, Value::int)),
        ("differs".into(), Value::Bool(differs)),
    ]);
    if deleted { lone.with("deleted", Value::Bool(true)) } else { lone }
}

/// What a proof or a gate has beyond its limit to say itself how far it came.
const GRACE: Duration = Duration::from_secs(2);
