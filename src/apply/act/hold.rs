//! The last look at a fence before the new primary takes writes. Who goes on with an older promotion
//! may have taken it away after it was placed and before the claim told it that it has lost; nothing
//! of that comes after the claim, so that what is placed again now stays.

use lifeboat_sdk::kind::{Change, ChangeAction};
use lifeboat_sdk::{Class, Ctx, Failure, KnownDoc, Observation, Outcome, Present, Value};

use super::Deed;
use crate::apply::settle::differs;

/// What is told of one that had to be placed again.
const AGAIN: &str = "placed again after the claim: somebody had taken it away";

/// Reads the fence, and places it again where it is not as the plan left it. A region in which it
/// cannot be looked at keeps nobody up: it was fenced. Where it was seen to be gone, it is placed or
/// the promotion is held. What ran and is gone writes no more, and needs no fence.
pub(super) async fn place(deed: &Deed, ctx: &Ctx) -> Result<Value, Failure> {
    let how = match tokio::time::timeout(deed.task.limit, deed.read(ctx)).await {
        Ok(seen) => match seen? {
            Observation::Present(seen) if stands(deed, &seen.object)? => {
                "in place after the claim".to_owned()
            }
            Observation::Present(seen) => {
                let (id, before) = (seen.id, known(&seen.object)?);
                let after = known(&deed.operand()?.1.document)?;
                again(deed, ctx, ChangeAction::Update { id, before, after }).await?
            }
            Observation::Absent(_) if keeps_out(deed) => {
                let after = known(&deed.operand()?.1.document)?;
                again(deed, ctx, ChangeAction::Create { after }).await?
            }
            Observation::Absent(_) => "it is gone, and writes no more".to_owned(),
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

/// Whether it keeps others out, so that nobody is kept out where it is gone.
fn keeps_out(deed: &Deed) -> bool {
    deed.task.arguments.get("keeps_out").and_then(Value::as_bool) == Some(true)
}

fn stands(deed: &Deed, live: &Value) -> Result<bool, Failure> {
    let (kind, on) = deed.operand()?;
    Ok(differs(kind, Some(&on.document), live).is_empty())
}

fn known(document: &Value) -> Result<KnownDoc, Failure> {
    let unknown = |_| Failure::new(Class::Other, "the plan does not know all of it");
    KnownDoc::new(document).map_err(unknown)
}

async fn again(deed: &Deed, ctx: &Ctx, action: ChangeAction<KnownDoc>) -> Result<String, Failure> {
    let (kind, on) = deed.operand()?;
    let makes = matches!(action, ChangeAction::Create { .. });
    let (address, token) = (deed.task.about.clone(), deed.token.clone());
    let change = Change { address, token, owner: None, action };
    let outcome: Option<Outcome<Value>> =
        kind.write(ctx, &on.scope, vec![change]).await.into_iter().next();
    match outcome {
        Some(Ok(made)) => seen_again(deed, ctx, made).await,
        // What it was made in is gone, too: nobody writes there.
        Some(Err(failed)) if makes && failed.failure.class == Class::NotFound => {
            Ok("it is gone, with all that it kept writes out of".to_owned())
        }
        // State knows it: its id need not be told, and nobody hears it here.
        Some(Err(failed)) if failed.half_made.is_some() => {
            seen_again(deed, ctx, failed.half_made).await
        }
        Some(Err(failed)) => Err(failed.failure),
        None => Err(Failure::new(Class::Garbled, "nothing was said of it")),
    }
}

/// That its call is answered as done is no proof, and nothing looks at it after this.
async fn seen_again(
    deed: &Deed,
    ctx: &Ctx,
    made: Option<Present<Value>>,
) -> Result<String, Failure> {
    match deed.read_as(ctx, made.map(|made| made.id)).await? {
        Observation::Present(seen) if stands(deed, &seen.object)? => Ok(AGAIN.to_owned()),
        Observation::Unreadable(_) => Ok(AGAIN.to_owned()),
        Observation::Present(_) | Observation::Absent(_) => {
            Err(Failure::new(Class::Other, "it was placed again, and is not seen"))
        }
    }
}
