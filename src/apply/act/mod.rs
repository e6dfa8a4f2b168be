//! Steps that change no object and take their time: hooks, proofs, gates.
//!
//! None of them is settled by reading: what an earlier process began and did not end is done again,
//! with the same token. So each must be fit to be done twice, and hooks are told so.

mod gate;
mod hook;
mod http;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lifeboat_sdk::kind::DynKind;
use lifeboat_sdk::{
    Class, CopyOf, Ctx, Diagnostic, Diagnostics, Failure, KnownDoc, Location, Name, RegionName,
    Scope, Value,
};

use super::prepare::Env;
use crate::plan::{Act, Task};

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

impl Env<'_> {
    /// What a step that changes no object needs.
    ///
    /// # Errors
    /// The kind of the object that it works on is missing.
    pub(super) fn deed(&self, act: Act, task: &Task, token: Name) -> Result<Deed, Diagnostics> {
        let kind = task.on.as_ref().map(|on| {
            let kind = self.providers.kind(&on.provider, &on.kind).map(Arc::clone);
            kind.ok_or_else(|| {
                let text =
                    format!("{}: the provider {} has no {}", task.about, on.provider, on.kind);
                Diagnostics::from(
                    Diagnostic::error("apply::kind", "The provider of an object is missing", text)
                        .help("Apply with the version of lifeboat that made the plan."),
                )
            })
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
    pub async fn perform(&self, ctx: &Ctx) -> Result<Value, Failure> {
        let done = async {
            match self.act {
                Act::Hook => hook::run(self).await,
                Act::Sync => self.sync(ctx).await,
                Act::Open => gate::turn(self, true, ctx).await,
                Act::Close => gate::turn(self, false, ctx).await,
                Act::Approve | Act::Claim | Act::Reach => Ok(Value::object([])),
            }
        };
        match tokio::time::timeout(self.task.limit + GRACE, done).await {
            Ok(done) => done,
            Err(_) => Err(self.too_long()),
        }
    }

    async fn sync(&self, ctx: &Ctx) -> Result<Value, Failure> {
        let (Some(kind), Some(on)) = (&self.kind, &self.task.on) else {
            return Err(Failure::new(Class::Other, "the plan names nothing to compare"));
        };
        let object = KnownDoc::new(&on.document)
            .map_err(|_| Failure::new(Class::Other, "the plan does not know all of what copies"))?;
        let region = self.text("region").map(RegionName::from);
        let location = region.map_or_else(|| on.scope.location.clone(), Location::Region);
        let scope = Scope { location, ..on.scope.clone() };
        let copy = CopyOf {
            scope: &scope,
            name: self.text("name").unwrap_or_default(),
            mark: &self.token,
            limit: self.task.limit,
        };
        let told = kind.sync(ctx, &on.scope, object, copy).await?;
        let compared = i64::try_from(told.compared).unwrap_or(i64::MAX);
        Ok(Value::object([
            ("how".into(), Value::string(told.how)),
            ("compared".into(), Value::int(compared)),
        ]))
    }

    /// What is told where it failed.
    pub fn failed(&self, why: &Failure) -> Diagnostic {
        let (code, summary, help) = match self.act {
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

/// What an act has beyond its limit to say itself that it is over.
const GRACE: Duration = Duration::from_secs(2);
