//! The last look at a fence before the new primary takes writes. Who goes on with an older promotion
//! may have taken it away after it was placed and before the claim told it that it has lost; nothing
//! of that comes after the claim, so that what is placed again now stays.

use std::time::Duration;

use lifeboat_sdk::kind::{Change, ChangeAction};
use lifeboat_sdk::{Class, Ctx, Failure, KnownDoc, Observation, Present, Target, Value};

use super::Deed;
use crate::apply::settle::differs;

/// Reads the fence, and places it again where it is not as the plan left it. A region that does not
/// answer any more keeps nobody up: it was fenced.
pub(super) async fn place(deed: &Deed, ctx: &Ctx, patience: Duration) -> Result<Value, Failure> {
    let told = match tokio::time::timeout(patience, placed(deed, ctx)).await {
        Ok(Ok(told)) => told,
        Ok(Err(failure)) if failure.class != Class::Unreachable => return Err(failure),
        Ok(Err(_)) | Err(_) => "its region answers no more; it was in place before the claim",
    };
    Ok(Value::object([("how".into(), Value::string(told))]))
}

async fn placed(deed: &Deed, ctx: &Ctx) -> Result<&'static str, Failure> {
    let (kind, on) = deed.operand()?;
    let target =
        Target { address: deed.task.about.clone(), id: on.id.clone(), hint: on.document.clone() };
    let seen = kind.read(ctx, &on.scope, &[target]).await.into_iter().next();
    let Present { id, object: before, .. } = match seen {
        Some(Observation::Present(present)) => present,
        Some(Observation::Absent(_)) => return Err(Failure::new(Class::NotFound, "it is gone")),
        Some(Observation::Unreadable(unread)) => {
            return Err(Failure::new(Class::Unreachable, unread.message));
        }
        None => return Err(Failure::new(Class::Garbled, "nothing was said of it")),
    };
    if differs(kind, Some(&on.document), &before).is_empty() {
        return Ok("in place after the claim");
    }
    let unknown = |_| Failure::new(Class::Other, "the plan does not know all of it");
    let action = ChangeAction::Update {
        id,
        before: KnownDoc::new(&before).map_err(unknown)?,
        after: KnownDoc::new(&on.document).map_err(unknown)?,
    };
    let (address, token) = (deed.task.about.clone(), deed.token.clone());
    let change = Change { address, token, owner: None, action };
    match kind.write(ctx, &on.scope, vec![change]).await.into_iter().next() {
        Some(Ok(_)) => Ok("placed again after the claim: somebody had taken it away"),
        Some(Err(failed)) => Err(failed.failure),
        None => Err(Failure::new(Class::Garbled, "nothing was said of it")),
    }
}
