//! Copies what replication does not bring by itself, and tells what came of it.

use lifeboat_sdk::{
    Backfill, Backfilled, Class, Ctx, Diagnostic, Failure, KnownDoc, Left, Location, RegionName,
    Replaces, Scope, Value,
};

use super::{Deed, lone, number};
use crate::plan::Act;

/// How many objects are kept by name that a region holds alone.
const KEPT: usize = 100;

/// How many are told by name that were not copied.
const NAMED: usize = 20;

/// Copies what is missing.
pub(super) async fn copy(deed: &Deed, ctx: &Ctx) -> Result<Value, Failure> {
    let (kind, on) = deed.operand()?;
    let object = KnownDoc::new(&on.document)
        .map_err(|_| Failure::new(Class::Other, "the plan does not know all of what copies"))?;
    let region = deed.text("region").map(RegionName::from);
    let location = region.map_or_else(|| on.scope.location.clone(), Location::Region);
    let scope = Scope { location, ..on.scope.clone() };
    let over = deed.text("replaces").unwrap_or_default();
    let over = Replaces::ALL.into_iter().find(|one| one.word() == over);
    let over = over.unwrap_or(Replaces::Nothing);
    let name = deed.text("name").unwrap_or_default();
    let copy = Backfill { scope: &scope, name, over, name_first: KEPT };
    let done = kind.backfill(ctx, &on.scope, object, copy).await?;
    if done.failed > 0 {
        let failed = done.first.iter().filter(|left| left.failed);
        let text = format!("{}. Not copied: {}", summary(&done), named(failed));
        return Err(Failure::new(Class::Other, text));
    }
    Ok(Value::object([
        ("how".into(), Value::string(summary(&done))),
        ("compared".into(), number(done.compared)),
        ("copied".into(), number(done.copied)),
        ("bytes".into(), number(done.bytes)),
        ("deleted".into(), number(done.deleted)),
        ("count".into(), number(done.left)),
        ("left".into(), Value::string(named(done.first.iter()))),
        (
            "first".into(),
            Value::tuple(done.first.into_iter().map(|left| lone(left.object)).collect()),
        ),
    ]))
}

/// What was done, in a line.
fn summary(done: &Backfilled) -> String {
    let Backfilled { compared, copied, bytes, deleted, left, failed, .. } = done;
    let mut text = format!("{copied} of {compared} objects copied ({bytes} bytes)");
    if *deleted > 0 {
        text.push_str(&format!(", {deleted} deleted as at the source"));
    }
    if *left > 0 {
        text.push_str(&format!(", {left} left as they are"));
    }
    if *failed > 0 {
        text.push_str(&format!(", {failed} could not be copied"));
    }
    text
}

/// The first of them, each with its reason.
fn named<'a>(all: impl Iterator<Item = &'a Left>) -> String {
    let each = all.take(NAMED).map(|Left { object, why, .. }| format!("{} ({why})", object.key));
    each.collect::<Vec<_>>().join(", ")
}

impl Deed {
    /// What is told of objects that were left as they are.
    pub fn left(&self, told: &Value) -> Option<Diagnostic> {
        let count =
            told.get("count").and_then(Value::as_i64).filter(|_| self.act == Act::Backfill)?;
        let count = usize::try_from(count).ok().filter(|count| *count > 0)?;
        let first = told.get("left").and_then(Value::as_str).unwrap_or_default();
        let detail = format!(
            "{}: {} left: {first}.",
            self.task.about,
            lifeboat_sdk::counted(count, "object")
        );
        let found = if self.text("replaces") == Some(Replaces::Nothing.word()) {
            // It was asked for, and is done in part.
            Diagnostic::error
        } else {
            Diagnostic::warning
        };
        let summary = "Objects that differ are left as they are";
        let help = "Nothing newer or other is replaced by itself. `lifeboat status` tells what a region \
                    holds alone; `lifeboat apply -discard-diverged=REGION` gives it up, and copies over it.";
        Some(found("apply::left", summary, detail).help(help))
    }
}
