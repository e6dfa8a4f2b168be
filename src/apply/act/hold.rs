//! The last look at a fence before the new primary takes writes. Who goes on with an older promotion
//! may have taken it away after it was placed and before the claim told it that it has lost; nothing
//! of that comes after the claim, so that what is placed again now stays.

use lifeboat_sdk::kind::{Change, ChangeAction};
use lifeboat_sdk::{Class, Ctx, Failure, KnownDoc, Observation, Present, Value};

use super::Deed;
use crate::apply::settle::differs;

/// Reads the fence, and places it again where it is not as the plan left it. A region in which it
/// cannot be looked at keeps nobody up: it was fenced. Where it was seen to be gone, it is placed or
/// the promotion is held.
pub(super) async fn place(deed: &Deed, ctx: &Ctx) -> Result<Value, Failure> {
    let how = match tokio::time::timeout(deed.task.limit, deed.read(ctx)).await {
        Ok(seen) => match seen? {
            Observation::Present(present) => placed(deed, ctx, present).await?.to_owned(),
            Observation::Absent(_) => return Err(Failure::new(Class::NotFound, "it is gone")),
            Observation::Unreadable(unread) => unseen(&unread.message),
        },
        Err(_) => unseen(&format!("no answer in {} s", deed.task.limit.as_secs())),
    };
    Ok(Value::object([("how".into(), Value::string(how))]))
}

fn unseen(why: &str) -> String {
    let why = why.trim_end_matches('.');
    format!("in place before the claim, and could not be looked at after it: {why}")
}

async fn placed(deed: &Deed, ctx: &Ctx, seen: Present<Value>) -> Result<&'static str, Failure> {
    let (kind, on) = deed.operand()?;
    let Present { id, object: before, .. } = seen;
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
